"""Words: none is missing, none is left over, and both languages say the same things."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import get_args

import pytest

from streams.console import event_words, words
from streams.console.pages import alerts, quality, segments
from streams.events import contacts, examples, outputs
from streams.events.catalog import INPUTS
from streams.events.envelope import BorrowerEvent
from streams.risk.tiers import TIERS

HERE = Path(words.__file__).parent
SOURCES = "".join(path.read_text() for path in sorted([*HERE.rglob("*.py"), *HERE.rglob("*.html")]))
#: Words that are put together from a beginning and one of a closed list.
FAMILIES: dict[str, tuple[str, ...]] = {
    "book.by": segments.DIMENSIONS,
    "nav": ("alerts", "borrowers", "book", "quality", "reasons"),
    "status": ("starting", "loading", "live", "away"),
    "tier": TIERS,
    "direction": get_args(outputs.Direction),
    "cause": get_args(outputs.Cause),
    "stage": get_args(outputs.Stage),
    "bucket": ("0", "1", "2", "3", "4"),
    "step": get_args(outputs.Step),
    "verdict": (*get_args(outputs.Verdict), "WITHHELD", "WITHDRAWN"),
    "withdrawn": ("NOTHING_OVERDUE", "PROMISE_OPEN"),
    "due": ("ON_TIME", "LATE", "PART", "MISSED", "DUE"),
    "notice": (*get_args(outputs.PortfolioAlertKind), "CLEARED"),
    "proposal": ("PROPOSED", "ENACTED", "DECLINED", "DONE", "WITHDRAWN"),
    "quality.traffic": quality.DRAWN,
    "quality.late": tuple(name for _, name in quality.LATE),
    "error": ("403", "404", "500"),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_member_of_a_closed_list_has_its_word(family: str) -> None:
    """A value that is new on a topic needs a word here first."""
    missing = [member for member in FAMILIES[family] if f"{family}.{member}" not in words.WORDS]

    assert missing == []


def test_every_word_that_is_used_is_there() -> None:
    """In templates and in code."""
    used = set(re.findall(r"""\bt\(["']([\w.\-]+)["'][,)]""", SOURCES))
    used |= set(re.findall(r"""\bsay\((?:language, )?["']([\w.\-]+)["'][,)]""", SOURCES))

    assert used - set(words.WORDS) == set()
    assert len(used) > 100


def test_no_word_is_left_over() -> None:
    """What no page says any more is gone."""
    members = {f"{family}.{member}" for family, names in FAMILIES.items() for member in names}
    quoted = set(re.findall(r"""["']([\w.\-]+)["']""", SOURCES))

    assert set(words.WORDS) - members - quoted == set()


@pytest.mark.parametrize("key", words.WORDS)
def test_both_languages_have_the_same_fields(key: str) -> None:
    """And Chinese is Chinese, where it is not a name or a sign."""
    english, chinese = words.WORDS[key]

    assert _fields(english) == _fields(chinese)
    assert english.strip()
    assert re.search(r"[\u4e00-\u9fff]", chinese) or not re.search("[A-Za-z]{4}", english) or key == "language.other"


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


BORROWER_EVENTS = sorted(
    {kind for channel in INPUTS for kind in channel.messages if issubclass(kind, BorrowerEvent)},
    key=lambda k: k.__name__,
)


@pytest.mark.parametrize("kind", BORROWER_EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_has_its_sentence(kind: type[BorrowerEvent]) -> None:
    """The example of each event type, in both languages, without a gap."""
    example = examples.BY_TYPE[str(kind.__struct_config__.tag)]
    assert isinstance(example, kind)
    english, chinese = (event_words.sentence(language, example) for language in words.LANGUAGES)

    assert english.endswith(".")
    assert chinese.endswith("。")
    for text in (english, chinese):
        assert "None" not in text
        assert "Money(" not in text


def test_every_closed_value_of_an_event_has_chinese_words() -> None:
    """Each literal of each field that a sentence shows."""
    missing = set()
    for kind in BORROWER_EVENTS:
        shown = _fields(event_words.SENTENCES[str(kind.__struct_config__.tag)][1])
        for name, hint in kind.__annotations__.items():
            text = str(hint)
            if name in shown:
                literal = {"Channel": contacts.Channel}.get(text)
                values = get_args(literal) if literal else re.findall(r"""["']([A-Z_]+)["']""", text)
                missing |= {value for value in values if value not in event_words.VALUES}

    assert missing == set()


def test_choices_of_alerts_have_words() -> None:
    """Each choice is a tier or a direction."""
    assert {*alerts.CHOICES} - {"all", *TIERS, *get_args(outputs.Direction)} == set()
