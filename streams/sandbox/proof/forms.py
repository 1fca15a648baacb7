"""The forms of the proof: one for every test run, one for a few minutes, and the one that means it."""

from __future__ import annotations

import msgspec

from streams.sandbox.proof.run import Form
from streams.sandbox.proof.schedule import BROKERS, LONG, SHORT, SMALL, Plan

SMALL_EVENTS = 1_500
SHORT_EVENTS = 15_000
LONG_EVENTS = 1_000_000
#: Of the long form's events, the share that goes through three brokers of which one is lost at a time.
_SHARE_OF_THREE = 0.1
#: No machine that this was tried on folds faster under faults: records a second.
_FASTEST_PER_S = 2_000
#: Folding on one core, at the slowest machine this was tried on: events a second.
_SLOWEST_PER_S = 150


def forms(events: int | None, *, long: bool) -> list[Form]:
    """The runs of a form.

    Args:
        events: in all; None is the form's own number.
        long: whether it is the long form.
    """
    total = events or (LONG_EVENTS if long else SHORT_EVENTS)
    if not long:
        return [Form(name="short", events=total, brokers=1, plan=SHORT, settle_s=_patience_s(total))]
    three = round(total * _SHARE_OF_THREE)
    return [
        Form(
            name="one broker",
            events=total - three,
            brokers=1,
            plan=_long(LONG, total - three),
            settle_s=_patience_s(total),
        ),
        Form(name="three brokers", events=three, brokers=3, plan=_long(BROKERS, three), settle_s=_patience_s(total)),
    ]


def small() -> Form:
    """The run that is part of `make test`: about a minute."""
    return Form(name="small", events=SMALL_EVENTS, brokers=1, plan=SMALL, settle_s=_patience_s(SMALL_EVENTS))


def _long(plan: Plan, events: int) -> Plan:
    """The same faults over as long as these events take at least; they wait for workers that take longer."""
    return msgspec.structs.replace(plan, seconds=max(plan.seconds, events / _FASTEST_PER_S))


def _patience_s(events: int) -> float:
    return 300.0 + events / _SLOWEST_PER_S
