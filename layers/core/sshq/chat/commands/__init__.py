"""The commands by area, each with its arguments as a slash command or a button gives them."""
