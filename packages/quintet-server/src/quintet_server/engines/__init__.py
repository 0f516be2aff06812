"""What the services stand on, without HTTP: the work queue and outgoing webhooks."""
