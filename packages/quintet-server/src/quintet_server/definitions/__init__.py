"""Definition files: what a project keeps in YAML or JSON because no public API creates it."""
