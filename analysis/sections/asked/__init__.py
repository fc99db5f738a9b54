"""What was asked beside the trials: single questions, checks, and questionnaires with their items and scales."""
