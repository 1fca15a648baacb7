"""What the book's watch remembers between closed dates, and what closing a date gives. Decides nothing."""

from __future__ import annotations

from msgspec import Struct, field

from streams.events.outputs import PortfolioAlert, PortfolioProposal
from streams.events.portfolio import PortfolioControl
from streams.portfolio.book import Segment
from streams.portfolio.history import History
from streams.portfolio.incident import Guard
from streams.portfolio.indicators import Figure
from streams.portfolio.stages import StageState


class Part(Struct):
    """What is remembered of one part of the book.

    Attributes:
        history: its days.
        stage: where it stands.
        proposals: of the stages it went through lately; those of the present one may still be decided.
        drift_alert: id of the standing drift alert; empty for none.
        drift_seen: the last day on which the drift was seen.
        figures: as of the last closed day; empty for a part that is too small to be judged.
    """

    history: History = field(default_factory=History)
    stage: StageState = field(default_factory=StageState)
    proposals: list[PortfolioProposal] = field(default_factory=list)
    drift_alert: str = ""
    drift_seen: int = 0
    figures: dict[str, Figure] = field(default_factory=dict)


class Book(Struct):
    """Everything but the sums.

    Attributes:
        parts: by label.
        guard: the outage guard.
        incident_alert: id of the alert of the open incident.
        reserves: stated reserve by currency, minor units.
        said: what people said, each with the day (ordinal) it counts on, until that is closed.
        through: the last closed date (ordinal): figures are as of its opening.
    """

    parts: dict[str, Part] = field(default_factory=dict)
    guard: Guard = field(default_factory=Guard)
    incident_alert: str = ""
    reserves: dict[str, int] = field(default_factory=dict)
    said: list[tuple[int, PortfolioControl]] = field(default_factory=list)
    through: int = 0


class Freeze(Struct, frozen=True):
    """What must wait for what a rail or data incident affects.

    Attributes:
        incident_id: id of the alert that raised it.
        since: the incident's first day (ordinal).
        affected: processors and feeds.
        over: nothing has to wait any more.
    """

    incident_id: str
    since: int
    affected: tuple[str, ...]
    over: bool


class Closed(Struct):
    """What closing a date gave: what to tell, and which rows to write.

    Attributes:
        alerts: in order.
        days: whose changes wait no more (ordinal).
        segments: whose stock moved.
        lines: days whose lines changed.
        freeze: the incident whose freeze is set, changed or (if it is over) lifted; None: nothing to tell.
    """

    alerts: list[PortfolioAlert]
    days: list[int]
    segments: set[Segment]
    lines: set[int]
    freeze: Freeze | None = None
