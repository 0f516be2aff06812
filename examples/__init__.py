"""Programs that use the SDKs as their users would."""
