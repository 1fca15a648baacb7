"""Real repayment data as event files: each set's facts, and what had to be assumed to tell them as events."""
