"""Stress of the whole book, from what was decided about each borrower: pure folds."""
