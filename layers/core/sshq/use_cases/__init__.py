"""One verb, one module. A use case takes the services it needs and what was asked for."""
