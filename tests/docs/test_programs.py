"""The producer and the consumer in the README, as they stand there, against a real Kafka and running agents."""

from __future__ import annotations

import pytest

from tests.docs.pages import PAGES, README, Block, blocks, code, name_of

#: Blocks that show the shape of a call and are no program, by page and first line; what runs the real thing.
EXCERPTS: dict[tuple[str, str], str] = {}

PYTHON = [block for page in PAGES for block in blocks(page) if block.language == "python"]


def first_line(block: Block) -> str:
    """How a block is recognized."""
    return block.text.splitlines()[0]


@pytest.mark.timeout(180)
def test_an_alert_follows_from_what_is_produced(told: str) -> None:
    """The producer has run twice; the consumer prints what the page says, once, and nothing else."""
    assert told == code(README, "text")[0]


def test_the_consumer_reads_committed_records_only() -> None:
    """It says so: not every client's default is that."""
    _, consumer = code(README, "python")

    assert '"isolation.level": "read_committed"' in consumer


def test_every_python_block_runs_or_is_known_as_an_excerpt() -> None:
    """The README's two run in the fixture `told`; an excerpt is at least Python."""
    others = [block for block in PYTHON if block.page != name_of(README)]

    assert [block for block in others if (block.page, first_line(block)) not in EXCERPTS] == []
    assert {(block.page, first_line(block)) for block in others} == set(EXCERPTS)
    for block in others:
        compile(block.text, block.page, "exec")
