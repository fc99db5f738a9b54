"""People: participants and their runs, personal links, researchers and their roles."""
