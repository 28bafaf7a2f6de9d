"""Chinese (simplified)."""
