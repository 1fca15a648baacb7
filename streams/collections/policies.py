"""Which packs, plans and learned scores hold at one position of the journal.

An activation is an event in the journal, so every decision after it, and every replay, uses the same texts. The texts
are what is kept; packs and plans are made from them again when a partition is taken over.

Rule: an activation is checked as a whole before it changes anything; a refused one leaves what held before.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from streams.collections.choice import FIXED_ORDER, MeasureScores
from streams.collections.packs import Pack, PolicyError, load_pack
from streams.collections.plans import LoadedPlan, load_plan

#: What can be activated.
Kind = Literal["pack", "plan", "scores"]
KINDS: tuple[str, ...] = ("pack", "plan", "scores")
#: Name of the table that `learn` publishes. A table of any other name is a person's, and is used before it.
LEARNED_SCORES = "learned"


class Source(Struct, frozen=True, array_like=True, gc=False):
    """One text in force."""

    kind: str
    name: str
    text: str


class Policies:
    """Everything in force, ready to use. Make one with `NO_POLICIES.activated(...)` or `Policies.decode`.

    Attributes:
        packs: policy packs; all of them hold at once.
        plans: collection plans.
        scores: learned scores of measures.
    """

    __slots__ = ("_sources", "packs", "plans", "scores")

    def __init__(self, sources: tuple[Source, ...] = ()) -> None:
        self._sources = sources
        self.packs: tuple[Pack, ...] = tuple(
            [load_pack(source.text.encode(), source.name) for source in sources if source.kind == "pack"]
        )
        self.plans: tuple[LoadedPlan, ...] = tuple(
            [load_plan(source.text.encode(), source.name) for source in sources if source.kind == "plan"]
        )
        tables = {source.name: load_scores(source.text, source.name) for source in sources if source.kind == "scores"}
        learned = tables.pop(LEARNED_SCORES, FIXED_ORDER)
        self.scores: MeasureScores = next(reversed(tables.values()), learned)

    def activated(self, kind: str, name: str, text: str) -> Policies:
        """What holds after an activation; an empty text withdraws.

        Args:
            kind: `pack`, `plan` or `scores`.
            name: of the pack, plan or table; the same name again replaces.
            text: the whole TOML (packs, plans) or JSON (scores).

        Raises:
            PolicyError: the kind is not known or the text was refused; what held before still holds.
        """
        if kind not in KINDS:
            raise PolicyError(name, [f"{kind} cannot be activated. Allowed: {', '.join(KINDS)}"])
        others = [source for source in self._sources if (source.kind, source.name) != (kind, name)]
        added = [Source(kind, name, text)] if text else []
        return Policies(tuple(sorted([*others, *added], key=lambda source: (source.kind, source.name))))

    def encode(self) -> bytes:
        """The texts in force, to keep beside the partition's rows."""
        return msgspec.msgpack.encode(self._sources)

    @classmethod
    def decode(cls, stored: bytes) -> Policies:
        """What `encode` kept."""
        return cls(msgspec.msgpack.decode(stored, type=tuple[Source, ...]))


def load_scores(text: str, name: str) -> MeasureScores:
    """Read and check a table of scores (JSON).

    Raises:
        PolicyError: it is none; the text says where.
    """
    try:
        return msgspec.json.decode(text, type=MeasureScores)
    except msgspec.DecodeError as error:
        raise PolicyError(name, [f"not a table of scores: {error}"]) from error


NO_POLICIES = Policies()
