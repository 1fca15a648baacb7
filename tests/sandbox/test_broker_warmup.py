"""Starts are quick when Java has a cache of Kafka's classes, and work when it has none."""

import os
import subprocess
from pathlib import Path

import pytest

from streams.sandbox import broker_warmup
from streams.sandbox.broker_runtime import fetch
from streams.sandbox.broker_warmup import warm_up


def test_java_accepts_the_cache_from_set_up() -> None:
    """The cache that set-up made fits Java and the jars: told to refuse any other, Java runs."""
    runtime = fetch()
    if runtime.class_cache is None or not runtime.class_cache.exists():
        pytest.skip("no cache on this machine (make setup makes one)")
    command = [*runtime.command("kafka.tools.StorageTool", "-XX:AOTMode=on"), "random-uuid"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert f"-XX:AOTCache={runtime.class_cache}" in command
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_cache_no_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a cache Java is not told of one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert not any("AOT" in word for word in fetch().command("kafka.Kafka"))


def test_warm_up_is_done_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where there is a cache, nothing is said and nothing started."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache = fetch().class_cache
    assert cache is not None
    cache.parent.mkdir()
    cache.write_bytes(b"made before")
    said: list[str] = []

    assert warm_up(said.append)
    assert said == []
    assert cache.read_bytes() == b"made before"


def test_warm_up_may_fail(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache that cannot be written is no reason to stop."""
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    assert not warm_up()


def test_only_the_newest_caches_are_kept(tmp_path: Path) -> None:
    """Caches of environments long gone do not fill the disk."""
    for age, name in enumerate("abcdef"):
        path = tmp_path / f"kafka-{name}.aot"
        path.touch()
        os.utime(path, (1_000 - age, 1_000 - age))
    broker_warmup._prune(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [f"kafka-{name}.aot" for name in "abcd"]
