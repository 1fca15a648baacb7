"""Where a replay must wait: after a tick on which labels matured, until the version learned from them is active."""

from __future__ import annotations

from collections.abc import Iterator

from streams.borrower.labels import months_begin_between
from streams.files.events import FileEvent


def spans(events: list[FileEvent]) -> Iterator[tuple[list[FileEvent], int]]:
    """Cut the stream into (events, hold day): after the events, wait until labels of that day are learned (0: no wait)."""
    span: list[FileEvent] = []
    reached = 0
    for event in events:
        span.append(event)
        if not event.is_tick or event.day <= reached:
            continue
        hold = reached and months_begin_between(reached, event.day)
        reached = event.day
        if hold:
            yield span, event.day
            span = []
    if span:
        yield span, 0
