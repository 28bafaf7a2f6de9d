"""sshq on one machine."""
