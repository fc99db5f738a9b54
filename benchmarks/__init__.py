"""How fast and how well it all works, measured: a command a module; what commands share is in rooms beside them."""
