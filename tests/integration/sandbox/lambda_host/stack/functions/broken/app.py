"""Can't even be imported."""

raise RuntimeError("broken at import")
