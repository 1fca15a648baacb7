"""The readable history of one loan: every entry and every due date, by day, in English and Chinese."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import jinja2
import msgspec

from streams.evidence.indicators import WilfulnessEvidence
from streams.evidence.money import money_text
from streams.evidence.wording import details, title, type_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Content = dict[str, Any]


class Row(msgspec.Struct, frozen=True):
    """One line of the timeline. `entry` is None for a due date, which follows from the schedule's entry."""

    day: str
    section: str
    title_en: str
    title_zh: str
    details: list[tuple[str, str, str]]
    entry: int | None
    chain: str
    recorded_at: str
    actor: str
    notes: list[str]


def label(english: str, chinese: str) -> str:
    """Both names of a field, or the one when there is no Chinese word for it."""
    return english if english == chinese else f"{english} / {chinese}"


class Page(msgspec.Struct, frozen=True):
    """All that the HTML and the PDF show."""

    loan_id: str
    case: str
    legal_basis: str
    made_at: str
    origin: str
    size: int
    root: str
    key: str
    clocks: list[str]
    rows: list[Row]
    calculation: dict[str, Any]
    signs: WilfulnessEvidence


def build_rows(
    contents: Sequence[Content], calculation: Mapping[str, Any], redactions: Sequence[Mapping[str, Any]]
) -> list[Row]:
    """Rows in order of the business day, then of the log."""
    notes = _notes(contents, redactions)
    rows = [_entry_row(content, notes.get(content["index"], [])) for content in contents]
    rows += [_due_row(calculation, row) for terms in calculation["terms"] for row in terms["installments"]]
    return sorted(rows, key=lambda row: (row.day, row.entry is not None, row.entry or 0))


def _entry_row(content: Content, notes: list[str]) -> Row:
    section, english, chinese = title(type_of(content))
    body = content["body"]
    day = str(body.get("business_date") or content["recorded_at"])[:10]
    chain = content["chain"]
    return Row(
        day,
        section,
        english,
        chinese,
        details(body),
        content["index"],
        f"{chain['id']} #{chain['sequence']}",
        _second(content["recorded_at"]),
        content["actor"],
        notes,
    )


def _second(instant: str) -> str:
    """An instant as a person reads it; the entry has the fraction."""
    return f"{instant[:10]} {instant[11:19]} UTC"


def _due_row(calculation: Mapping[str, Any], row: Mapping[str, Any]) -> Row:
    """A due date with what was owed and how it stood the day after."""
    section, english, chinese = title("installment_due")
    after = (dt.date.fromisoformat(row["due_date"]) + dt.timedelta(days=1)).isoformat()
    step = next((step for step in calculation["steps"] if step["day"] == after), None)
    shown = [
        ("installment number", "期次", str(row["number"])),
        ("amount", "金额", money_text(row["amount_minor"], calculation["currency"])),
    ]
    if step:
        shown.append(("arrears next day", "次日欠款", money_text(step["arrears_minor"], calculation["currency"])))
    else:
        shown.append(("standing", "状态", "after the last day of this calculation / 计算截止日之后"))
    return Row(row["due_date"], section, english, chinese, shown, None, "", "", "", [])


def _notes(contents: Sequence[Content], redactions: Sequence[Mapping[str, Any]]) -> dict[int, list[str]]:
    """What must be said beside an entry: a later retraction of an alert, fields that are gone."""
    notes: dict[int, list[str]] = {}
    alerts = {content["body"].get("alert_id"): content["index"] for content in contents if content["kind"] == "alert"}
    for content in contents:
        wrong = content["body"].get("supersedes")
        if wrong in alerts and content["body"].get("direction") == "RETRACT":
            notes.setdefault(alerts[wrong], []).append(
                f"RETRACTED by entry {content['index']} / 已被第 {content['index']} 条撤回"
            )
    for item in redactions:
        text = f"{item['path']}: {item['status']}"
        if item["erased_by_entry"] is not None:
            text += f" at {item['erased_at']} (entry {item['erased_by_entry']}) / 已删除"
        notes.setdefault(item["index"], []).append(text)
    return notes


def render_html(page: Page) -> str:
    """The timeline as one HTML file that loads nothing."""
    loader = jinja2.PackageLoader("streams.evidence")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    environment.globals["label"] = label
    environment.filters["money"] = lambda amount: money_text(amount, page.calculation["currency"])
    return environment.get_template("timeline.html").render(page=page)
