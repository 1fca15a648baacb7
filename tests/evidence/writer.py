"""A process that appends until it is killed: `python writer.py DIRECTORY`. Prints each offset once it is acknowledged.

It does what the agent will: start behind the position that the log holds, append, and only then call the record done.
"""

from __future__ import annotations

import sys
from pathlib import Path

from streams.evidence.entry import Entry, Kind, Source
from streams.evidence.store import EvidenceLog

BATCH = 7


def main() -> None:
    """Append batches of seven records without end."""
    with EvidenceLog(Path(sys.argv[1]), segment_bytes=20_000) as log:
        offset = log.position("journal", 0) + 1
        while True:
            log.append([_entry(offset + n) for n in range(BATCH)])
            offset += BATCH
            sys.stdout.write(f"{offset - 1}\n")
            sys.stdout.flush()


def _entry(offset: int) -> Entry:
    body = {"type": "test", "offset": offset, "contact_point_id": f"tel-{offset}"}
    source = Source(topic="journal", partition=0, offset=offset)
    return Entry(
        kind=Kind.EVENT,
        body=body,
        recorded_at="2026-01-01T00:00:00Z",
        actor="test",
        borrower_id=f"B{offset % 5}",
        loan_id=f"L{offset % 5}",
        source=source,
    )


if __name__ == "__main__":
    main()
