"""The small local client of sshq."""
