from __future__ import annotations

from streams.risk.reason_notes import NOTES
from streams.risk.reasons import TEXTS
from tests.docs import reasons


def test_the_page_is_what_the_code_says() -> None:
    """A changed text or group changes the page: `python -m tests.docs.reasons`."""
    assert reasons.PAGE.read_text(encoding="utf-8") == reasons.page()


def test_each_reason_is_explained_once() -> None:
    """The list is closed here too."""
    assert list(NOTES) == list(TEXTS)
    assert len({note.stands_on for note in NOTES.values()}) == len(NOTES)
