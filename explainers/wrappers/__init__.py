"""Methods that explain by other methods: each treats the maps of one that it is given by name."""
