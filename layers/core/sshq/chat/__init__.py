"""What is said in Slack and how it is read: builders and parsers only, no I/O."""
