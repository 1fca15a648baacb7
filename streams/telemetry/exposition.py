"""The text that Prometheus reads: one agent's, or several put together with a label that says whose a sample is.

Source: Prometheus text format 0.0.4. A family's samples must stand together, so pages are merged by family.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def render(registry: CollectorRegistry, agent: str = "") -> bytes:
    """A registry's page; with a name, each sample is labeled with it."""
    return merge([generate_latest(registry)], agent)


def merge(pages: Iterable[bytes], agent: str = "") -> bytes:
    """Put pages together, family by family; families without a sample are left out."""
    families: dict[str, tuple[list[str], list[str]]] = {}
    for page in pages:
        heading: list[str] = []
        samples: list[str] = []
        for line in page.decode().splitlines():
            if line.startswith("# HELP "):
                heading, samples = families.setdefault(line.split(" ", 3)[2], ([], []))
            if not line.startswith("#"):
                samples.append(_labeled(line, agent) if agent else line)
            elif line.split(" ", 3)[1] not in {said.split(" ", 3)[1] for said in heading}:
                heading.append(line)  # two releases may word a HELP differently: the first one counts
    lines = [line for heading, samples in families.values() if samples for line in (*heading, *samples)]
    return "".join(f"{line}\n" for line in lines).encode()


def _labeled(sample: str, agent: str) -> str:
    name, brace, rest = sample.partition("{")
    if brace and " " not in name:
        return f'{name}{{agent="{agent}",{rest}'
    name, _, value = sample.partition(" ")
    return f'{name}{{agent="{agent}"}} {value}'
