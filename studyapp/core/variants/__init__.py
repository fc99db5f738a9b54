"""Other wording by condition: what a study may declare, and a frozen study as those of a condition read it."""
