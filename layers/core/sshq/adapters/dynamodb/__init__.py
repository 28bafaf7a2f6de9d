"""The one table: conditional writes, and no scans."""
