"""Independent groups in a factorial design: ANOVA with its assumptions and comparisons, and rank tests."""
