"""Each module implements one port with AWS or Slack behind it."""
