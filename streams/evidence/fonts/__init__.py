"""The two fonts of the PDF and which characters each sets: Vera for Latin, Droid Sans Fallback for Chinese.

Rule: a character that neither has is written as its code point, never left out or shown as an empty box.
"""

from __future__ import annotations

import gzip
import io
from html import escape
from importlib import resources
from itertools import groupby

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

LATIN, HAN = "Forewarn-Latin", "Forewarn-Han"


def register() -> None:
    """Make both fonts known to reportlab, once a process (a quarter of a second).

    Raises:
        RuntimeError: a font is not where the packages put it; reinstall.
    """
    if HAN in pdfmetrics.getRegisteredFontNames():
        return
    han = gzip.decompress(resources.files("streams.evidence.fonts").joinpath("han.ttf.gz").read_bytes())
    try:
        pdfmetrics.registerFont(TTFont(LATIN, "Vera.ttf"))
        pdfmetrics.registerFont(TTFont(HAN, io.BytesIO(han)))
    except TTFError as error:
        raise RuntimeError(
            f"A font for the PDF cannot be read: {error}. Install reportlab and forewarn anew."
        ) from error


def marked(text: str) -> str:
    """Text as reportlab's markup, each run in the font that has it. Nothing in the text is taken for markup."""
    return "".join(_run(font, "".join(characters)) for font, characters in groupby(text, _font_of))


def _run(font: str | None, text: str) -> str:
    if font is None:
        return "".join(f"[U+{ord(character):04X}]" for character in text)
    return escape(text) if font == LATIN else f'<font name="{HAN}">{escape(text)}</font>'


def _font_of(character: str) -> str | None:
    if character == "\n":
        return LATIN
    return next((font for font in (LATIN, HAN) if ord(character) in pdfmetrics.getFont(font).face.charToGlyph), None)
