"""What stands on the topics against the reference: lost, twice, reordered, different; and where the first one is."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable

import msgspec
from msgspec import Struct

from streams.engine import reading, rows
from streams.engine.writes import Write
from streams.sandbox.proof.refold import Outcome, Refolder, Thread, digest, letter, state_key, thread_of
from streams.settings import Settings

#: What is said of the whole book: by segment, not by borrower.
BOOK = "portfolio-alerts"
#: Outputs with an order of their own.
OUTPUTS = ("risk-tier-changes", "delinquency-changes", "collection-actions", "labels", BOOK)


class Check(Struct, kw_only=True):
    """One thing that was compared. All but the first two must be 0."""

    name: str
    expected: int
    lost: int = 0
    twice: int = 0
    reordered: int = 0
    differing: int = 0

    @property
    def green(self) -> bool:
        """Whether it is as it must be."""
        return not (self.lost or self.twice or self.reordered or self.differing)


class Found:
    """What the workers wrote, read committed."""

    def __init__(self, settings: Settings) -> None:
        self.outcome = Outcome()
        self.rows_backward = 0
        self.scattered = 0
        self._homes: dict[Thread, int] = {}
        for record in reading.read_all(settings, OUTPUTS):
            thread = (record.topic, thread_of(record.topic, record.key, record.value))
            self.scattered += self._homes.setdefault(thread, record.partition) != record.partition
            self.outcome.threads.setdefault(thread, array("Q")).append(digest(record.value))
        self._read_states(settings)
        self.outcome.letters = [letter(record.headers) for record in reading.read_all(settings, ["dead-letters"])]

    def _read_states(self, settings: Settings) -> None:
        """The last row of each key; a row may never go back to an earlier offset.

        It may be written twice at one: the parts of a date that wakes many rows all stand at the offset before it.
        """
        offsets: dict[bytes, int] = {}
        for record in reading.read_all(settings, ["state"]):
            key = state_key(record.key or b"", record.partition)
            _, offset, _, body = rows.unpack(record.value or b"")
            self.rows_backward += offset < offsets.get(key, 0)
            offsets[key] = offset
            self.outcome.states[key] = digest(body)


def outputs(topic: str, wanted: Outcome, found: Outcome) -> Check:
    """Compare one output topic thread by thread."""
    threads = {t for t in wanted.threads.keys() | found.threads.keys() if t[0] == topic}
    check = Check(name=topic, expected=sum(len(wanted.threads.get(t, ())) for t in threads))
    for thread in threads:
        expected, actual = wanted.threads.get(thread, array("Q")), found.threads.get(thread, array("Q"))
        if expected == actual:
            continue
        missing, extra = Counter(expected) - Counter(actual), Counter(actual) - Counter(expected)
        check.lost += missing.total()
        check.twice += extra.total()
        check.reordered += not missing and not extra
    return check


def states(wanted: Outcome, found: Outcome) -> Check:
    """Compare the last row of every borrower and of every partition."""
    keys = wanted.states.keys() | found.states.keys()
    differing = sum(wanted.states.get(key) != found.states.get(key) for key in keys)
    return Check(name="state rows", expected=len(wanted.states), differing=differing)


def first_difference(settings: Settings, wanted: Outcome, found: Outcome) -> str:
    """The first borrower that differs, in order of name: its event and field. Empty if none does."""
    threads = {
        thread
        for thread in wanted.threads.keys() | found.threads.keys()
        if wanted.threads.get(thread) != found.threads.get(thread)
    }
    different = {key for topic, key in threads if topic != BOOK}
    different |= {k for k in wanted.states.keys() | found.states.keys() if wanted.states.get(k) != found.states.get(k)}
    borrowers = sorted(key for key in different if not key.startswith(b"\0"))
    if not borrowers and (parts := sorted(key.decode() for topic, key in threads if topic == BOOK)):
        return f"What is said of the book differs, first of {parts[0]}: see {BOOK}."
    if not borrowers:
        return f"Only rows of partitions differ: {sorted(different)!r}." if different else ""
    return _explain(settings, borrowers[0])


def _explain(settings: Settings, borrower: bytes) -> str:
    """Fold the borrower's partition again, keep its own bytes, and find the first that is not on the topics."""
    wanted: dict[str, list[bytes]] = {}

    def look(write: Write) -> None:
        if write.key == borrower and write.topic != "dead-letters":
            body = rows.unpack(write.value or b"")[3] if write.topic == "state" else write.value or b""
            wanted.setdefault(write.topic, []).append(body)

    of = reading.places(settings, ["journal"])
    ends = reading.ends(settings, of)
    for place in of:
        refolder = Refolder(len(of))
        refolder.watch(look)
        refolder.partition(place[1], reading.read(settings, [place], until=ends))
    name = borrower.decode()
    for topic in OUTPUTS:
        actual = [r.value or b"" for r in reading.read_all(settings, [topic]) if r.key == borrower]
        if told := _first(name, topic, wanted.get(topic, []), actual):
            return told
    return f"{name}: the outputs agree, the final row does not.{_row_difference(settings, borrower, wanted)}"


def _first(name: str, topic: str, wanted: list[bytes], actual: list[bytes]) -> str:
    for number, (one, other) in enumerate(zip(wanted, actual, strict=False), 1):
        if one != other:
            return f"{name}: number {number} on {topic} differs in {_field(one, other)}."
    if len(wanted) == len(actual):
        return ""
    longer, what = (wanted, "is missing") if len(wanted) > len(actual) else (actual, "is not in the reference")
    number = min(len(wanted), len(actual))
    return f"{name}: number {number + 1} on {topic} {what}: {longer[number][:200]!r}."


def _field(one: bytes, other: bytes) -> str:
    try:
        a, b = msgspec.json.decode(one), msgspec.json.decode(other)
    except msgspec.DecodeError:
        a, b = msgspec.msgpack.decode(one), msgspec.msgpack.decode(other)
    return next(
        (f"{k}: {a.get(k)!r} in the reference, {b.get(k)!r} on the topic" for k in a if a.get(k) != b.get(k)), "?"
    )


def _row_difference(settings: Settings, borrower: bytes, wanted: dict[str, list[bytes]]) -> str:
    from streams.borrower import state  # noqa: PLC0415

    actual = [r.value or b"" for r in reading.read_all(settings, ["state"]) if r.key == borrower]
    if not actual or not wanted.get("state"):
        return " It is missing on one side."
    one, other = state.decode(wanted["state"][-1]), state.decode(rows.unpack(actual[-1])[3])
    fields: Iterable[str] = one.__struct_fields__
    return next(
        (
            f" Field {f}: {getattr(one, f)!r} in the reference, {getattr(other, f)!r} on the topic."
            for f in fields
            if msgspec.msgpack.encode(getattr(one, f)) != msgspec.msgpack.encode(getattr(other, f))
        ),
        "",
    )
