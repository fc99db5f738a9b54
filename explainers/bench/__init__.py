"""Time every method against the other implementations that its record names."""
