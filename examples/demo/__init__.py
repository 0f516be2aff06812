"""What ``scripts/demo`` runs: real jobs on real files, against a real server on this machine."""
