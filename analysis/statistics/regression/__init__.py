"""Models of single answers, several per participant."""
