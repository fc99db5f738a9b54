"""How fast the app serves people, measured from outside on this machine's own loopback address."""
