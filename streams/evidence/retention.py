"""How long the policy packs in force oblige the lender to keep records, as the log itself knows the packs.

Rule: the longest period of all packs that were activated and not withdrawn. A pack of which the fold made a dead letter
obliges nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from streams.collections.packs import Pack, PolicyError, load_pack
from streams.evidence.entry import POLICY_CHAIN

if TYPE_CHECKING:
    from streams.evidence.store import EvidenceLog

#: A year for this purpose: never shorter than one of the calendar.
_YEAR_DAYS = 366
NO_PACK = "none"


def longest_retention(log: EvidenceLog) -> tuple[str, int]:
    """The pack with the longest retention in force, as `name@version`, and its days; `none` and 0 without any."""
    packs = _in_force(log)
    longest = max(packs, key=lambda pack: (pack.retention_years, pack.label), default=None)
    if longest is None or not longest.retention_years:
        return NO_PACK, 0
    return longest.label, longest.retention_years * _YEAR_DAYS


def _in_force(log: EvidenceLog) -> list[Pack]:
    texts: dict[str, str] = {}
    for leaf in log.chain(POLICY_CHAIN):
        body = orjson.loads(leaf)["body"]
        if body.get("kind") == "pack":
            texts[str(body.get("name"))] = str(body.get("text", ""))
    return [pack for name, text in texts.items() for pack in _loaded(text, name)]


def _loaded(text: str, name: str) -> list[Pack]:
    try:
        return [load_pack(text.encode(), name)] if text else []
    except PolicyError:
        return []
