"""What can keep somebody from a machine, looked at one by one, in the order in which it matters."""
