"""A stand-in for Slack: its Web API, its people, and the signed requests that it sends."""
