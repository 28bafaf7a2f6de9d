"""Copying over several SSM sessions at once: SFTP requests, pieces, stripes, hashes."""
