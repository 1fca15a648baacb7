"""How long a borrower's page takes in a book of a million: `python -m tests.console.bench_lookup --borrowers 1000000`.

The file is filled with copies of one borrower of the scene under other ids, interleaved by event as topics would bring
them. Measured is the whole page over HTTP: lookup, fold of the borrower's journal, pictures, template.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from streams.console import queries
from streams.console.store import Store
from tests.console import scene
from tests.console.conftest import Site
from tests.console.feeding import Fed

_BATCH = 50_000


def name(number: int) -> str:
    """Ids in no order of arrival, as ids are."""
    return f"b-{number * 2_654_435_761 % 2**32:08x}-{number:07d}"


def fill(store: Store, borrowers: int) -> int:
    """Copy a borrower of the scene; returns how many records each has."""
    with tempfile.TemporaryDirectory() as directory:
        fed = Fed(Store(Path(directory) / "scene.sqlite3")).fold(scene.events())
        with fed.store.reading() as db:
            source = queries.borrower(db, scene.WORSE)
            assert source is not None
            records = db.execute(
                "SELECT topic, partition, offset, value FROM record WHERE borrower = ? AND topic = 'journal'",
                (source.no,),
            ).fetchall()
            broadcast = db.execute("SELECT * FROM broadcast").fetchall()
            alerts = db.execute("SELECT * FROM alert WHERE borrower = ?", (source.no,)).fetchall()
        fed.store.close()
    for start in range(0, borrowers, _BATCH):
        numbers = range(start, min(start + _BATCH, borrowers))
        with store.writing() as db:
            db.executemany(
                "INSERT INTO borrower VALUES (?, ?, 0, ?, 0, ?, ?, 12)",
                ((n + 1, name(n), n % 5 if n % 20 == 0 else 0, n * 7_919 % 1_000_000, source.day) for n in numbers),
            )
    with store.writing() as db:
        db.executemany("INSERT INTO broadcast VALUES (?, ?, ?)", broadcast)
        db.execute("INSERT INTO clock VALUES (0, ?)", (source.day,))
    for record in records:
        for start in range(0, borrowers, _BATCH):
            numbers = range(start, min(start + _BATCH, borrowers))
            with store.writing() as db:
                db.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?)", _copies(record, numbers))
    with store.writing() as db:
        db.executemany(
            "INSERT INTO alert (id, borrower, day, from_tier, to_tier, direction, supersedes, value) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((f"{name(n)}/1", n + 1, *alerts[0][3:]) for n in range(0, borrowers, 20)),
        )
    return len(records)


def _copies(record: tuple[str, int, int, bytes], numbers: range) -> Iterator[tuple[int, str, int, int, bytes]]:
    topic, partition, offset, value = record
    mine = f'"{scene.WORSE}"'.encode()
    for number in numbers:
        yield number + 1, topic, partition, offset, value.replace(mine, f'"{name(number)}"'.encode())


def lookups(site: Site, borrowers: int, count: int) -> list[float]:
    """Milliseconds of each of `count` pages of borrowers picked at random, none asked for before."""
    cookie, picked, taken = site.cookie(), random.Random(1), []
    for number in picked.sample(range(borrowers), count):
        began = time.perf_counter()
        answer = site.ask(f"/borrowers?id={name(number)}", Cookie=cookie)
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200
        assert name(number) in answer.text
    return taken


def measure(directory: Path, borrowers: int, count: int) -> dict[str, float]:
    """Fill, look up, and say what it came to."""
    store = Store(directory / "bench.sqlite3")
    records = fill(store, borrowers)
    alone = []
    for number in random.Random(2).sample(range(borrowers), count):
        began = time.perf_counter()
        with store.reading() as db:
            found = queries.borrower(db, name(number))
            assert found is not None
            _, own = queries.journal_of(db, found.no)
            queries.published(db, found.no)
        alone.append((time.perf_counter() - began) * 1000)
        assert len(own) == records
    with Site(store) as site:
        began_cpu = time.process_time()
        pages = lookups(site, borrowers, count)
        cpu_ms = (
            (time.process_time() - began_cpu) * 1000 / count
        )  # of the client, too; other programs' load is not in it
    size = store.path.stat().st_size
    store.close()
    return {
        "borrowers": borrowers,
        "records_a_borrower": records,
        "file_bytes_a_borrower": round(size / borrowers),
        "lookup_ms_median": round(statistics.median(alone), 2),
        "lookup_ms_max": round(max(alone), 2),
        "page_cpu_ms": round(cpu_ms, 1),
        "page_ms_median": round(statistics.median(pages), 1),
        "page_ms_p95": round(sorted(pages)[int(len(pages) * 0.95)], 1),
        "page_ms_max": round(max(pages), 1),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--borrowers", type=int, default=1_000_000)
    parser.add_argument("--lookups", type=int, default=200)
    parser.add_argument("--directory", type=Path, help="where the file goes, 6 GB for a million; default: temporary")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = measure(arguments.directory or Path(temporary), arguments.borrowers, arguments.lookups)
    print(json.dumps(found))  # noqa: T201  a program that prints


if __name__ == "__main__":
    main()
