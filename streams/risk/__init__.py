"""Risk: how a borrower's repayment behavior becomes a probability, its reasons and a tier. Pure."""
