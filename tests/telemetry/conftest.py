"""A real worker with all its agents, and a real Prometheus that scrapes it by the shipped rules, made quick."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
import yaml  # type: ignore[import-untyped]

from streams.engine import topics_admin
from streams.evidence.keys import generate_key, write_key_file
from streams.settings import PREFIX, Settings, load
from tests.telemetry.promql import RULES
from tests.whole import conduct
from tests.whole.conftest import Running, some_loans

#: Long, for a machine that has much else to do; nothing here depends on how quick it is.
_PATIENCE_S = 180.0
Answer = TypeVar("Answer")


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def needs(program: str) -> str:
    """The program's path; without it the test is skipped by name."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed (Debian: apt install prometheus prometheus-alertmanager)")
    return path


def get(url: str) -> tuple[int, str]:
    """Status and body; status 0 if nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  our own, on loopback
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def until(true: Callable[[], Answer], what: str, patience_s: float = _PATIENCE_S) -> Answer:
    """Ask until the answer is true; returns it."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if answer := true():
            return answer
        time.sleep(0.2)
    raise AssertionError(f"{what}: not within {patience_s:.0f} s")


class Worker:
    """`forewarn worker` as a person starts it, with evidence and metrics."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self.settings, self.home, self.port = settings, home, free_port()
        write_key_file(home / "evidence.key", generate_key("lender.example/evidence"))
        names: dict[str, object] = {
            "BOOTSTRAP": settings.bootstrap,
            "TOPIC_PREFIX": settings.topic_prefix,
            "INSTANCE": "w0",
            "STATE_DIR": home,
            "METRICS_PORT": self.port,
            "EVIDENCE_DIR": home / "evidence",
            "EVIDENCE_KEY_FILE": home / "evidence.key",
            "LOG_FORMAT": "json",
        }
        self.environment = dict(os.environ) | {PREFIX + name: str(value) for name, value in names.items()}
        self.start()

    def start(self) -> None:
        """Start it."""
        with (self.home / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streams", "worker"], env=self.environment, stdout=log, stderr=log
            )

    def ask(self, page: str) -> tuple[int, str]:
        """One of its pages."""
        return get(f"http://127.0.0.1:{self.port}{page}")

    def ready(self) -> bool:
        """Whether /ready says so."""
        return self.ask("/ready")[0] == 200

    def agent(self, name: str) -> psutil.Process:
        """An agent's process."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(child for child in children if f" worker {name} " in f"{' '.join(child.cmdline())} ")

    def stop(self) -> float:
        """Ask it to end; how long that took, in seconds."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0
        return time.monotonic() - began

    def end(self) -> None:
        """At the end of the tests, however it stands."""
        if self.process.poll() is None:
            self.stop()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its log."""
        return [json.loads(line) for line in (self.home / "worker.log").read_text().splitlines()]


def quick(rules: str) -> str:
    """The shipped rules with every duration made short, and nothing else changed."""
    rules = re.sub(r"\[\d+[mh]\]", "[20s]", rules)
    rules = re.sub(r"for: \d+m", "for: 2s", rules)
    return rules.replace("forewarn_lag_seconds:max > 60 ", "forewarn_lag_seconds:max > 6 ")


class Prometheus:
    """A server of its own on a free port; ended by its process id."""

    def __init__(self, home: Path, target: str) -> None:
        program, self.port = needs("prometheus"), free_port()
        for name in ("recording.yml", "alerts.yml"):
            (home / name).write_text(quick((RULES / name).read_text()))
        config = yaml.safe_load((RULES / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "3s", "scrape_timeout": "3s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(home / name) for name in ("recording.yml", "alerts.yml")]
        config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
        del config["alerting"]
        (home / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._log = (home / "prometheus.log").open("ab")
        self._process = subprocess.Popen(
            [
                program,
                f"--config.file={home / 'prometheus.yml'}",
                f"--storage.tsdb.path={home / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=self._log,
            stderr=self._log,
        )
        until(lambda: get(f"http://127.0.0.1:{self.port}/-/ready")[0] == 200, "Prometheus is ready")

    def ask(self, what: str, **parameters: str) -> Any:  # noqa: ANN401  JSON
        """Part of its HTTP API."""
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        status, body = get(f"http://127.0.0.1:{self.port}/api/v1/{what}{query}")
        answer = json.loads(body) if body else {}
        assert status == 200, answer.get("error", body)
        return answer["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """An instant query."""
        return list(self.ask("query", query=expression)["result"])

    def firing(self) -> set[str]:
        """Names of the alerts that fire."""
        return {alert["labels"]["alertname"] for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"}

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


@pytest.fixture(scope="module")
def worker(broker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A worker that has assessed thirty real loans over a year and a half."""
    home = tmp_path_factory.mktemp("worker")
    settings = load({}, bootstrap=broker, topic_prefix=f"m{uuid.uuid4().hex[:8]}.", partitions=2)
    topics_admin.create(settings)
    made = Worker(settings, home)
    try:
        until(made.ready, "the worker is ready")
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def world(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Worker, Prometheus]]:
    """That worker under the eyes of Prometheus, while it folds, so that rates are there to be seen."""
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), f"127.0.0.1:{worker.port}")
    try:
        Running(worker.settings).replay(some_loans(30, "2019-01-01", conduct.story))
        until(worker.ready, "the worker is ready again")
        until(lambda: prometheus.query("forewarn_borrowers"), "the first walk is scraped")
        yield worker, prometheus
    finally:
        prometheus.stop()
