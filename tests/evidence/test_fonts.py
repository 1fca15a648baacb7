"""The PDF holds every glyph it shows: it must look alike on a court's machine that has no Chinese fonts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from streams.evidence.fonts import HAN, marked, register
from streams.evidence.wording import FIELDS, TYPES, VALUES

if TYPE_CHECKING:
    from streams.evidence.exhibit import Exhibit


def test_fonts_are_in_the_file(exhibit: Exhibit) -> None:
    """Latin and Chinese, as TrueType programs; no font that the reader must supply."""
    data = (exhibit.path / "timeline.pdf").read_bytes()
    names = set(re.findall(rb"/FontName /([A-Za-z+-]+)", data))

    assert {b"BitstreamVeraSans-Roman", b"DroidSansFallback"} == {name.partition(b"+")[2] for name in names}
    assert data.count(b"/FontFile2") == data.count(b"/FontName")
    assert b"STSong" not in data


def test_every_word_of_ours_can_be_set() -> None:
    """No title, field or value needs a glyph that neither font has."""
    register()
    words = [word for _, *pair in TYPES.values() for word in pair]
    words += [word for pair in FIELDS.values() for word in pair] + [*VALUES.values()]

    assert [word for word in words if "[U+" in marked(word)] == []


def test_a_character_without_a_glyph_is_named() -> None:
    """Never left out, never a box; and markup in a text stays text."""
    register()

    assert f'&lt;b&gt;A<font name="{HAN}">证</font>[U+1F600]' == marked("<b>A证\U0001f600")
