"""The sandbox's SSM agent: what amazon-ssm-agent is to a job's container, as far as sshq's path
goes."""

AGENT_VERSION = "3.3.1142.0"
"""The version of AWS's agent whose behaviour is kept here."""
