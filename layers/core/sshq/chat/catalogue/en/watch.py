"""English: watching jobs."""

TEXTS: dict[str, str] = {
    "command.list": "your open jobs; with --all also those that ended in the last 30 days",
    "parameter.all": "ended ones too",
}
