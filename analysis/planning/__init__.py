"""Before the data: how many participants a study needs, and its plan in words."""
