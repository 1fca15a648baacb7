"""Every agent works with exactly the rights that the docs list, each as a user of its own, and no password is logged."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from streams.agents import privileges
from streams.engine import reading
from streams.engine.rights import Right
from streams.sandbox.proof.sending import Sender
from streams.sandbox.proof.workload import story
from streams.topics import TOPICS
from tests.secure.conftest import ADMIN, AGENT_USERS, Secured


@pytest.fixture
def workers(secured: Secured) -> Iterator[Callable[[], str]]:
    """The agents as processes; returns what they have said so far."""
    log = secured.directory / "workers.log"
    processes = []
    for agent in AGENT_USERS:
        secured.allow(agent, privileges.needed(agent, "w1"))
        program = [sys.executable, "-m", "streams", "worker", agent]
        environment = secured.environment(secured.settings(agent))
        with log.open("ab") as file:
            processes.append(subprocess.Popen(program, env=environment, stdout=file, stderr=file))

    def said() -> str:
        assert [process.poll() for process in processes] == [None] * len(processes), log.read_text()
        return log.read_text()

    yield said
    for process in processes:
        process.send_signal(signal.SIGTERM)
    for process in processes:
        process.wait(60)


def _wait(done: Callable[[], bool], said: Callable[[], str]) -> None:
    deadline = time.monotonic() + 240
    while not done():
        assert time.monotonic() < deadline, said()
        time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(600)  # four programs start on what may be a busy machine
def test_from_input_to_alert(secured: Secured, workers: Callable[[], str]) -> None:
    """The lender may write inputs, the desk read alerts; sequence, assess and learn do all of their work."""
    inputs = [topic.name for topic in TOPICS if topic.direction == "in"]
    secured.allow("lender", [Right("WRITE", "topic", name) for name in inputs])
    secured.allow("desk", [Right("READ", "topic", "risk-tier-changes"), privileges.READING])
    sender = Sender(secured.settings("lender"), story(1_200, 1, days=200))
    sender.run()
    assert sender.error is None

    desk, admin = secured.settings("desk"), secured.settings(ADMIN)
    _wait(lambda: bool(list(reading.read_all(desk, ["risk-tier-changes"]))), workers)
    _wait(lambda: bool(list(reading.read_all(admin, ["models"]))), workers)
    _wait(lambda: any(r.key for r in reading.read_all(admin, ["dead-letters"])), workers)
    log = workers()

    assert not any(password in log for password in secured.passwords.values())
    assert "Traceback" not in log
