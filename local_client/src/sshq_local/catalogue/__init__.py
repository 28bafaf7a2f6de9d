"""What sshq-local says, by language and area. Each key stands in every language (a test holds it)."""
