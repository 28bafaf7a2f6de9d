"""The shared package of sshq's functions."""
