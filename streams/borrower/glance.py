"""A row seen from afar: tier and waiting observations, without decoding the ledger. A quarter of a decode, for metrics only.

Fields are those of `state.Borrower`, in its order, up to the last that is wanted; a test holds the two together.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct


class Glance(Struct, array_like=True, gc=False):
    """The beginning of a row."""

    business_day: int
    wake_day: int = 0
    sequence: int = 0
    account: Raw = Raw()
    base: Raw = Raw()
    base_through: int = 0
    recent: Raw = Raw()
    recent_through: int = 0
    tier: int = 0
    tier_since: int = 0
    ppm: int = 0
    alerts_sent: int = 0
    alerts: Raw = Raw()
    observations: tuple[Raw, ...] = ()


_decoder = msgspec.msgpack.Decoder(Glance)


def glance(body: bytes) -> Glance:
    """Look at a row's body."""
    return _decoder.decode(body)
