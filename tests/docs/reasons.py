"""docs/reasons.md, made of the code. `python -m tests.docs.reasons` writes it anew."""

from __future__ import annotations

from streams.risk.features import FEATURES
from streams.risk.reason_notes import NOTES
from streams.risk.reasons import GROUPS, TEXTS, ReasonCode
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "reasons.md"
_UNITS = {feature.name: feature.unit for feature in FEATURES}
_HEAD = """# Reasons: what an alert says, and what to do with it

For risk officers. Generated from the code by `python -m tests.docs.reasons`; a test compares.

Each alert carries at most four reasons. A reason is a group of inputs of the model, and its contribution is what these
inputs really add to the log-odds of default (`default_90d`): +0.69 doubles the odds, -0.69 halves them.

- **Up**: contributions are against a borrower who paid a year of installments exactly on time. That borrower's score and
  all contributions sum to this borrower's score: there is no "other".
- **Down**: what speaks for the lower tier, against a borrower who paid ten installments and missed the last two.
- **Retract**: the alert named in `supersedes` was wrong on corrected facts; the reasons are of today's score.
- `feature` and `value` name the input that weighs most within the reason.
- The list is closed. None of it is about the person: see [the model card](model-card.md) for what may never be an input.

A reason explains the score. It is not the cause of anything, and no proof. An alert that was raised by days past due alone
(`cause` DAYS_PAST_DUE or WRITE_OFF) would have come whatever the score.
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(code) for code in ReasonCode)


def _section(code: ReasonCode) -> str:
    text, note = TEXTS[code], NOTES[code]
    inputs = ", ".join(f"`{name}` ({_UNITS[name]})" for name in GROUPS[code])
    same = (text.raises_en, text.raises_zh) == (text.lowers_en, text.lowers_zh)
    rows = [("either way" if same else "raises the risk", text.raises_en, text.raises_zh)]
    rows += [] if same else [("lowers it", text.lowers_en, text.lowers_zh)]
    table = "".join(f"| {said} | {english} | {chinese} |\n" for said, english, chinese in rows)
    return (
        f"\n## {code.value}\n\n| | English | 中文 |\n| --- | --- | --- |\n{table}\n"
        f"**Stands on.** {note.stands_on}\n\n**Before acting, or to contest it.** {note.check}\n\n**Inputs.** {inputs}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
