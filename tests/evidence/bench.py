"""How fast the evidence log appends, proves and opens; no test, for it takes minutes and a quiet machine.

Run: python -m tests.evidence.bench NEW_DIRECTORY ENTRIES      (10,000,000 entries take about 8 GB of disk)
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from streams.evidence.entry import Entry, Kind, Source
from streams.evidence.store import EvidenceLog, create_log

#: `settings.batch_records_max`: what `preserve` takes at once when it is behind.
BATCH = 4_000
PARTITIONS = 8
PROOFS = 500


def entry(number: int) -> Entry:
    """A payment of one of 200,000 borrowers, in an order that is none."""
    scattered = number * 2_654_435_761 % 1_000_003
    borrower, loan = f"B{scattered % 200_000}", f"L{scattered % 250_000}"
    body = {
        "type": "payment_received",
        "schema_version": 1,
        "event_id": f"e{number}",
        "source": "core",
        "borrower_id": borrower,
        "loan_id": loan,
        "occurred_at": "2026-01-01T00:00:00Z",
        "business_date": "2026-01-01",
        "idempotency_key": f"k{number}",
        "payment_id": f"P{number}",
        "amount": {"amount_minor": 100_000 + number, "currency": "CNY"},
        "method": "AUTODEBIT",
    }
    return Entry(
        kind=Kind.EVENT,
        body=body,
        recorded_at="2026-01-01T00:00:00.000000Z",
        actor="core",
        borrower_id=borrower,
        loan_id=loan,
        source=Source(topic="journal", partition=number % PARTITIONS, offset=number // PARTITIONS),
    )


def append(log: EvidenceLog, count: int) -> None:
    """Append, and say the rate without the making of the entries."""
    wall_s = cpu_s = 0.0
    for start in range(0, count, BATCH):
        batch = [entry(number) for number in range(start, min(start + BATCH, count))]
        began, cpu = time.perf_counter(), time.process_time()
        log.append(batch)
        wall_s, cpu_s = wall_s + time.perf_counter() - began, cpu_s + time.process_time() - cpu
    say(f"append     {count / wall_s:,.0f} entries/s by the clock, {count / cpu_s:,.0f} per second of CPU")


def prove(log: EvidenceLog) -> None:
    """Make proofs over the whole log, and say what one costs."""
    size = log.size
    began = time.perf_counter()
    for number in range(PROOFS):
        log.inclusion(number * 7_919 * 31 % size, size)
    middle = time.perf_counter()
    for number in range(1, PROOFS):
        log.consistency(size * number // PROOFS, size)
    ended = time.perf_counter()
    say(f"inclusion  {(middle - began) / PROOFS * 1e3:.2f} ms    consistency {(ended - middle) / PROOFS * 1e3:.2f} ms")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(directory: Path, count: int) -> None:
    """Make the log, use it, open it again."""
    create_log(directory, "lender.example/bench")
    with EvidenceLog(directory) as log:
        append(log, count)
        prove(log)
        root = log.root()
    began = time.perf_counter()
    with EvidenceLog(directory) as log:
        assert root == log.root()
        say(f"open       {time.perf_counter() - began:.2f} s for {log.size:,} entries")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
