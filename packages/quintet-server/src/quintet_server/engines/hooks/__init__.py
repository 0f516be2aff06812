"""Outgoing webhooks: subscriptions, deliveries, signing, retries and the guard on targets."""
