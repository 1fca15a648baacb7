"""How late an alert is: from an event's arrival on its input topic to the moment at which a committed reader has the alert.

Sequencer, assessor and learner run as they do in production. Loans of a lender are told flat out up to the second day of
a month; then events come at a steady pace, with the dates among them, until the month ends: nobody's month lasts a
minute, and when one begins every row is woken. An alert names the journal record that caused it, and that one its input
record, whose Kafka timestamp is the producer's. What a date caused is told apart: it waits until all that was published before
it is journaled, and wakes many borrowers.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import quantiles

import msgspec

from streams.engine import client, topics_admin
from streams.events.control import BusinessDateAdvanced
from streams.sandbox.bench.alert_latency import Taken, Watch
from streams.sandbox.bench.processes import Process, product
from streams.sandbox.bench.stage import Failed, Progress
from streams.sandbox.bench.workload import Workload
from streams.sandbox.broker import Cluster
from streams.sandbox.datasets import ally
from streams.settings import Settings, load

RATE_PER_S, SECONDS = 500, 60
_AGENTS = ("sequence", "assess", "learn")
#: Loans are in arrears by then, and tiers move. Later months only take longer to get to.
_MONTHS_BEFORE = 4
#: Of a borrower in the month; what is too many is not sent.
_EVENTS_A_MONTH = 1.1
_QUIET_S = 3.0
_STALL_S = 120.0
_TICKS = "business-dates"
_date = msgspec.json.Decoder(BusinessDateAdvanced)
#: (topic, key, value)
_Record = tuple[str, bytes | None, bytes]


def measure(
    workload: Workload, cluster: Cluster, place: Path, partitions: int, progress: Progress
) -> dict[str, dict[str, float]]:
    """A minute at the pace, of no more borrowers than the workload has. The workload of its own is made here."""
    del partitions  # of the default number, as in production
    figures = taken(cluster, place / "runs", SECONDS, progress, borrowers_max=workload.borrowers)
    return {f"produce to committed alert at {RATE_PER_S} events/s for {SECONDS} s, milliseconds": figures}


def taken(
    cluster: Cluster, place: Path, seconds: int, progress: Progress, borrowers_max: int = sys.maxsize
) -> dict[str, float]:
    """Quantiles in milliseconds, of alerts that events and that dates caused.

    Args:
        cluster: a running one.
        place: for logs and state.
        seconds: so long at the pace, at most; shorter if the month has fewer events.
        progress: told what is done.
        borrowers_max: of the lender, who has no more than are needed for a month of so many events.
    """
    own = place / "latency"
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    prefix = f"latency-{uuid.uuid4().hex[:8]}."
    settings = load({}, bootstrap=cluster.bootstrap, topic_prefix=prefix, state_dir=str(own / "state"))
    topics_admin.create(settings)
    count = RATE_PER_S * seconds
    before, paced = _parts(min(borrowers_max, round(count / _EVENTS_A_MONTH)), count, progress)
    workers = [product(agent, "w0", settings, own, own / "processes.log", timed=True) for agent in _AGENTS]
    watch = Watch(settings)
    try:
        for worker in workers:
            worker.start()
        sent = _send(settings, before, 0.0, progress)
        _wait(workers, sent)
        watch.start()
        sent += _send(settings, paced, RATE_PER_S, progress)
        _wait(workers, sent)
    finally:
        watch.stop()
        for worker in workers:
            worker.ask_to_stop()
        for worker in workers:
            worker.stop()
    return _figures(watch.taken())


def _parts(borrowers: int, count: int, progress: Progress) -> tuple[Iterator[_Record], Iterator[_Record]]:
    """What comes before the second of a month, and what of that month comes at the pace."""
    first = ally.events()[0].business_date
    months = first.month + _MONTHS_BEFORE
    start = dt.date(first.year + months // 12, months % 12 + 1, 2)
    end = (start + dt.timedelta(days=31)).replace(day=1)
    told = Workload(borrowers, (end - first).days, lambda done, of: progress("latency: folding the base", done, of))
    records = told.inputs()
    return _through(start, records), islice(records, count)


def _through(day: dt.date, records: Iterator[_Record]) -> Iterator[_Record]:
    """The records up to the one that begins the day, and it."""
    for record in records:
        yield record
        if record[0] == _TICKS and _date.decode(record[2]).business_date >= day:
            return


def _send(settings: Settings, records: Iterable[_Record], pace: float, progress: Progress) -> int:
    """Returns how many there were."""
    producer = client.producer(settings, **{"linger.ms": 1})
    started, number = time.monotonic(), 0
    for topic, key, value in records:
        while pace and number > (time.monotonic() - started) * pace:
            producer.poll(0.001)
        if topic == _TICKS:
            producer.flush()  # a date goes out when all before it is stored
        client.hand_over(producer, settings.topic_prefix + topic, value, key)
        producer.poll(0)
        number += 1
        if number % 1_000 == 0:
            progress(f"latency at {pace:,.0f}/s" if pace else "latency: months before", number, 0)
    producer.flush()
    return number


def _wait(workers: Sequence[Process], sequenced: int) -> None:
    """Until the sequencer (the first) has done so many records and nothing has moved for a while."""
    done, since = -1, time.monotonic()
    while workers[0].done < sequenced or time.monotonic() - since < _QUIET_S:
        time.sleep(0.1)
        for worker in workers:
            worker.check()
        if (now := sum(worker.done for worker in workers)) != done:
            done, since = now, time.monotonic()
        if time.monotonic() - since > _STALL_S:
            raise Failed(
                f"Nothing moves: the sequencer has done {workers[0].done:,} of {sequenced:,}. {workers[0].log}"
            )


def _figures(alerts: Sequence[Taken]) -> dict[str, float]:
    by_event = [alert.ms for alert in alerts if alert.topic != _TICKS]
    by_date = [alert.ms for alert in alerts if alert.topic == _TICKS]
    return _cuts("", by_event) | _cuts("of_dates_", by_date)


def _cuts(prefix: str, taken: Sequence[int]) -> dict[str, float]:
    found: dict[str, float] = {f"{prefix}alerts": len(taken)}
    if len(taken) > 1:
        cuts = quantiles(taken, n=100, method="inclusive")
        named = {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98], "max_ms": max(taken)}
        found |= {prefix + name: ms for name, ms in named.items()}
    return found
