"""The judge: every check, one after the other, and what it comes to."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from streams.sandbox.proof import compare, journal, learned
from streams.sandbox.proof.compare import BOOK, OUTPUTS, Check, Found
from streams.sandbox.proof.refold import Progress
from streams.sandbox.proof.refolding import Refolding
from streams.sandbox.proof.sending import Position
from streams.settings import Settings

#: What a worker says when an audit of its own fires. A lost fetch is no audit of what was committed: it is mended by a
#: restart, and counted apart.
_AUDITS = re.compile(r"arrived where \d+ was due|came again after|was written at offset|shorter than its frame")
_LOST_FETCH = re.compile(r"a fetch was lost")
_BUG = re.compile(r"^Traceback|unexpected \w+:", re.MULTILINE)


class Verdict(Struct, kw_only=True):
    """What was found. Green if all but `checks` and `lost_fetches` is 0 and empty."""

    checks: list[Check]
    audits: int
    bugs: int
    lost_fetches: int
    rows_backward: int
    scattered: int
    broken: list[str]
    first_difference: str

    @property
    def green(self) -> bool:
        """Whether nothing was lost, nothing came twice, and nobody said that something is wrong."""
        quiet = not (self.audits or self.bugs or self.rows_backward or self.scattered or self.broken)
        return quiet and all(check.green for check in self.checks)


def judge(
    settings: Settings, poison: set[Position], log: Path, *, learn: bool = True, progress: Progress = lambda done: None
) -> Verdict:
    """Read everything and compare; what was learned, and said of the whole book, only if `learn` and `portfolio` ran."""
    with Refolding(settings) as refolding:  # they fold while all that is on the topics is read
        found = Found(settings)
        journaled = journal.Journal(settings, poison).judge()
        learning = learned.judge(settings) if learn else []
        wanted = refolding.outcome(progress)
    checks = [
        journaled,
        journal.letters(poison, wanted.letters, found.outcome.letters),
        *(compare.outputs(topic, wanted, found.outcome) for topic in OUTPUTS if learn or topic != BOOK),
        compare.states(wanted, found.outcome),
        *learning,
    ]
    said = log.read_text(errors="replace") if log.exists() else ""
    red = not all(check.green for check in checks)
    return Verdict(
        checks=checks,
        audits=len(_AUDITS.findall(said)),
        bugs=len(_BUG.findall(said)),
        lost_fetches=len(_LOST_FETCH.findall(said)),
        rows_backward=found.rows_backward,
        scattered=found.scattered,
        broken=wanted.broken,
        first_difference=compare.first_difference(settings, wanted, found.outcome) if red else "",
    )
