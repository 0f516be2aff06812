"""What ``scripts/demo`` runs: real work on a real server of this machine, killed on the way."""
