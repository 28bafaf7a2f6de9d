"""AWS Systems Manager's data channel without AWS's plugin: codec, state machine, shell."""
