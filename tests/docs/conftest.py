"""A running Forewarn under the topics' own names, as the pages' programs and commands expect it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from streams.agents.groups import AGENTS
from streams.agents.supervise import Supervisor
from streams.engine import topics_admin
from streams.settings import PREFIX, load
from tests.docs.pages import README, code

#: What a reader's shell has set.
Environment = dict[str, str]


@pytest.fixture(scope="session")
def running(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """Topics without a prefix and the agents that alerts need; every process is gone at the end."""
    directory = tmp_path_factory.mktemp("docs")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment = clean | {
        f"{PREFIX}BOOTSTRAP": broker,
        f"{PREFIX}STATE_DIR": str(directory),
        f"{PREFIX}EVIDENCE_DIR": str(directory / "evidence"),
    }
    topics_admin.create(load(environment))
    log = directory / "workers.log"
    supervisor = Supervisor(list(AGENTS), environment | {f"{PREFIX}INSTANCE": "docs"}, log=log)
    try:
        supervisor.start()
        yield environment
        assert supervisor.check() is None, log.read_text()
    finally:
        supervisor.stop()


@contextmanager
def started(program: str, environment: Environment) -> Iterator[subprocess.Popen[str]]:
    """Run a program; it has ended when the context is left."""
    words = [sys.executable, "-c", program]
    with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="session")
def told(running: Environment) -> str:
    """What the README's consumer prints after its producer has run, twice.

    As many lines are waited for as the page shows, and then a while for one more.
    """
    producer, consumer = code(README, "python")
    (shown,) = code(README, "text")
    for _ in range(2):
        subprocess.run([sys.executable, "-c", producer], env=running, check=True, timeout=60)
    with started(consumer, running) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in shown.splitlines()]
        with pytest.raises(subprocess.TimeoutExpired):  # it waits for the next alert
            process.wait(3)
        process.kill()
        return "".join([*printed, process.stdout.read()])


@pytest.fixture(scope="session")
def event_file() -> bytes:
    """A small event file of a reader's own: a loan that is paid, after the days of the README's story."""
    head = {"borrower_id": "b-1", "loan_id": "l-1", "schema_version": 1, "source": "core-banking"}
    due = [{"number": n, "due_date": f"2024-0{n + 3}-15", "amount_minor": 5_000} for n in (1, 2)]
    money = {"amount_minor": 5_000, "currency": "CNY"}
    facts: list[dict[str, object]] = [
        {"type": "loan_opened", "opened_on": "2024-04-01", "principal": money, "installment_count": 2, "product": "x"},
        {"type": "schedule_set", "schedule_version": 1, "currency": "CNY", "installments": due},
        {"type": "payment_received", "payment_id": "p-1", "amount": money},
    ]
    dates = ("2024-04-01", "2024-04-01", "2024-04-20")
    lines = [
        head
        | {"event_id": f"e-{n}", "idempotency_key": f"k-{n}", "occurred_at": f"{date}T08:00:00Z", "business_date": date}
        | fact
        for n, (date, fact) in enumerate(zip(dates, facts, strict=True))
    ]
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
