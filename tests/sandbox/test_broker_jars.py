"""Kafka's jars are fetched once, checked always, and repaired."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from streams.sandbox import broker_jars
from streams.sandbox.broker_errors import FetchError
from streams.sandbox.broker_jars import Jar, kafka_class_path, locked_jars


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Says nothing about each request."""


@pytest.fixture
def jars(monkeypatch: pytest.MonkeyPatch) -> tuple[Jar, ...]:
    """The three smallest jars of the list, as if they were all."""
    smallest = tuple(sorted(locked_jars(), key=lambda jar: jar.size_bytes)[:3])
    monkeypatch.setattr(broker_jars, "locked_jars", lambda: smallest)
    return smallest


@pytest.fixture
def mirror(jars: tuple[Jar, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on a loopback port that has those jars, named in jgo's settings as its users name theirs."""
    real = Path(kafka_class_path(print).split(":")[0]).parents[len(jars[0].path.parts) - 1]
    root = tmp_path / "mirror"
    for jar in jars:
        (root / jar.path).parent.mkdir(parents=True)
        (root / jar.path).write_bytes((real / jar.path).read_bytes())
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings = tmp_path / "jgo.conf"
        settings.write_text(f"[repositories]\nmirror = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
        monkeypatch.setenv("M2_REPO", str(tmp_path / "cache"))
        yield root
        server.shutdown()
        thread.join()


def test_list_is_complete() -> None:
    """The list holds Kafka in the version that the module names, its clients and a log binding, each once."""
    artifacts = [jar.artifact for jar in locked_jars()]
    kafka = {jar.version for jar in locked_jars() if jar.group == "org.apache.kafka"}

    assert len(artifacts) == len(set(artifacts))
    assert {"kafka_2.13", "kafka-clients", "log4j-slf4j-impl"} <= set(artifacts)
    assert kafka == {broker_jars.KAFKA_VERSION}


def test_empty_cache_is_filled_once(mirror: Path, jars: tuple[Jar, ...], tmp_path: Path) -> None:
    """The first call says that it fetches and fetches; the second finds all and says nothing."""
    said: list[str] = []
    first = kafka_class_path(said.append)
    second = kafka_class_path(said.append)

    assert first == second == ":".join(str(tmp_path / "cache" / jar.path) for jar in jars)
    assert [Path(path).read_bytes() for path in first.split(":")] == [(mirror / jar.path).read_bytes() for jar in jars]
    assert len(said) == 1
    assert said[0].startswith("fetching Apache Kafka")


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_damaged_cache_is_repaired(mirror: Path, jars: tuple[Jar, ...], tmp_path: Path, damage: str) -> None:
    """A jar that was cut short, changed or removed is fetched again."""
    kafka_class_path(print)
    victim = tmp_path / "cache" / jars[1].path
    content = victim.read_bytes()
    victim.unlink()
    if damage != "gone":
        victim.write_bytes(content[:-1] if damage == "cut" else content[:-1] + bytes([content[-1] ^ 1]))
    kafka_class_path(print)

    assert victim.read_bytes() == (mirror / jars[1].path).read_bytes()


def test_wrong_bytes_are_refused(mirror: Path, jars: tuple[Jar, ...], tmp_path: Path) -> None:
    """A repository that delivers something else is not believed, and what it delivered is not kept."""
    (mirror / jars[1].path).write_bytes(b"something else")
    with pytest.raises(FetchError, match=f"{jars[1].path.name}.*differs from what Forewarn was tested with"):
        kafka_class_path(print)

    assert not (tmp_path / "cache" / jars[1].path).exists()


def test_unreachable_repository(mirror: Path, jars: tuple[Jar, ...], tmp_path: Path) -> None:
    """A repository that does not answer is named, with what to check."""
    assert mirror.exists()
    (tmp_path / "jgo.conf").write_text("[repositories]\nmirror = http://127.0.0.1:9\n")
    with pytest.raises(FetchError, match=r"Cannot fetch .*127\.0\.0\.1:9 .*refused.*Check the network"):
        kafka_class_path(print)

    assert not any((tmp_path / "cache" / jar.path).exists() for jar in jars)


def test_unwritable_cache(mirror: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache that cannot be written is named, with the setting that moves it."""
    assert mirror.exists()
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("M2_REPO", str(tmp_path / "file" / "cache"))
    with pytest.raises(FetchError, match="M2_REPO"):
        kafka_class_path(print)
