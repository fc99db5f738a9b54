"""Whether two quantities go together: counts of answers, orders of stimuli."""
