"""What the ledger tells the risk model: one `Period` per due date passed, one `Standing` per scoring.

Defined one layer below, in `streams.ledger.facts`, because the ledger produces them and may not import risk.
"""

from streams.ledger.facts import Period, Standing

__all__ = ["Period", "Standing"]
