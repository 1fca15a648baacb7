"""Collections: which measure comes next for a borrower, and whether conduct rules let it happen now.

Pure: no clock, no I/O, no logging. Instants, ids and randomness are arguments; policy packs and plans arrive as bytes.
"""
