"""Keep a folder of a machine like one of this computer: what changed here is sent there."""
