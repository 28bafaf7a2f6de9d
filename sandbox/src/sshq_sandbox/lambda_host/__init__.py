"""AWS Lambda on one machine: the template's functions, and what calls them."""
