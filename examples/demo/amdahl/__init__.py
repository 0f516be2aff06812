"""This repository's history as a workspace's interactions: asked, shown, researched, written of."""
