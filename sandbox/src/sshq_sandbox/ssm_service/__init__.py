"""AWS Systems Manager's part in the path: hybrid nodes, sessions, commands and the message service.

`install(...)` teaches moto the API operations; `SsmMessageService` is the data and control
channels'
server that those operations steer.
"""
