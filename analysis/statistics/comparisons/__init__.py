"""Two conditions or more against each other, or one against a stated level."""
