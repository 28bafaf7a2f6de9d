"""Pure decisions and records: no AWS, no Slack, no clock of its own."""
