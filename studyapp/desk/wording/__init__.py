"""What a study says and asks in a researcher's own words: questionnaires, wording by condition, languages."""
