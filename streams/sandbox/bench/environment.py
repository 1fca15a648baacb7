"""The packages of the peers: those that live beside the product's, and an environment of its own for those that cannot.

Quix Streams pins confluent-kafka to an older version than the product's lock, so it gets its own environment, made by uv
and kept for the next time. A peer whose packages cannot be had is left out by name, never silently.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from streams.sandbox.bench.contenders import Contender

#: What the fold needs beside the standard library; the same versions as here.
_FOLD = ("msgspec", "tzdata")
_PEERS = {"quix": "quixstreams==3.28.1"}
_NEEDS = {"bytewax": "bytewax"}


class Missing(Exception):
    """The packages of a peer cannot be had here; the text says why."""


def ready(contender: Contender, directory: Path, say: Callable[[str], None]) -> str | None:
    """Make sure that a contender can run; returns the interpreter of its own environment, if it has one.

    Raises:
        Missing: it cannot.
    """
    if contender.own_environment:
        return _own(contender, directory / "environments" / contender.name, say)
    needed = _NEEDS.get(contender.name)
    if needed and _version(needed) is None:
        raise Missing(f"{needed} is not installed: pip install 'forewarn[bench]' (it has no wheel for every Python)")
    return None


def _own(contender: Contender, place: Path, say: Callable[[str], None]) -> str:
    python = place / "bin" / "python"
    wanted = [_PEERS[contender.name], *(f"{name}=={version(name)}" for name in _FOLD)]
    stamp = place / "made-of"
    if stamp.exists() and stamp.read_text() == "\n".join(wanted):
        return str(python)
    uv = Path(sys.executable).with_name("uv")
    found = str(uv) if uv.exists() else shutil.which("uv")
    if found is None:
        raise Missing("it needs an environment of its own, and uv, which makes it, is not installed")
    say(f"making an environment of its own for {wanted[0]}, which cannot live beside the product's confluent-kafka")
    shutil.rmtree(place, ignore_errors=True)
    for words in (
        [found, "venv", "--quiet", "--python", sys.executable, str(place)],
        [found, "pip", "install", "--quiet", "--python", str(python), *wanted],
    ):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"its environment cannot be made: {done.stderr.strip().splitlines()[-1]}")
    stamp.write_text("\n".join(wanted))
    return str(python)


def versions(contender: Contender, python: str | None) -> dict[str, str]:
    """The versions of its packages, as they are installed where it runs."""
    if python is None:
        return {name: found for name in contender.packages if (found := _version(name)) is not None}
    program = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    said = subprocess.run(
        [python, "-c", program, *contender.packages], capture_output=True, text=True, check=True
    ).stdout.split()
    return dict(zip(contender.packages, said, strict=True))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
