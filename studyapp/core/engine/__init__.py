"""The study engine: kinds of study and what they declare, how participants are assigned and move."""
