"""Agreement beyond chance: of coders with each other, of people's groups with a model's classes."""
