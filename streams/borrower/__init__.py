"""One borrower, one fold: ledger, behavior, probability, tier, permitted action, decided together at each event.

`Shard` is what one journal partition holds; the `assess` agent and the broker-less `forewarn assess` both run it.
"""
