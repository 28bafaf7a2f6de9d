"""AWS on one machine: moto's server with what sshq's path needs and moto lacks."""
