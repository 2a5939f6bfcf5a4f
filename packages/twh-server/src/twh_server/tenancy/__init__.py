"""What a tenant decides about itself: its API keys, its settings, its state; and the log of who changed what."""
