"""What every service shares between the socket and its own rules."""
