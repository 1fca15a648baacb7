from __future__ import annotations

import msgspec

from tests.docs import card


def test_the_tables_are_those_of_the_kept_run() -> None:
    """No figure is typed by hand: `python -m tests.docs.card` writes them from docs/model-card.json."""
    figures = msgspec.json.decode(card.KEPT.read_bytes())
    page = card.PAGE.read_text(encoding="utf-8")

    assert page == card.written(page, figures)
    assert all(f"<!-- generated: {name} -->" in page for name in card.blocks(figures))


def test_the_kept_run_is_the_whole_set() -> None:
    """All loans and all clients, not a sample."""
    figures = msgspec.json.decode(card.KEPT.read_bytes())

    assert figures["ally"]["borrowers"] == 2_130
    assert figures["cards"]["learned"] + figures["cards"]["held_out"] == 30_000
