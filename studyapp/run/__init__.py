"""A participant's way through a study: who is at the door, what a step shows, how it is answered, how it ends."""
