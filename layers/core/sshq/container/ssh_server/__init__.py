"""An SSH server in Python, for images (and machines) without OpenSSH's: AsyncSSH and a little more.

Runs on any Python from 3.10 on. In a job's container it comes with the start-up scripts, and its
packages with the SSM agent (unpack.py); there it isn't part of `sshq`, so imports are relative.
"""
