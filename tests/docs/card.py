"""The figures in docs/model-card.md, from a run over all the bundled loans and all the credit cards.

    forewarn evaluate --compare --json > ally.json
    python -m tests.learning.cards > cards.json
    python -m tests.docs.card ally.json cards.json

The last one keeps what the tables need in docs/model-card.json and writes the tables from it; a test compares the two.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.docs.pages import ROOT

PAGE, KEPT = ROOT / "docs" / "model-card.md", ROOT / "docs" / "model-card.json"
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_NAMES = {
    "auc": "AUC", "auc_current": "AUC at 0 days past due", "average_precision": "average precision",
    "ece": "expected calibration error",
}  # fmt: skip
_HEAD_WORDS = {"default_90d": "90-day default", "delinquent_30_90d": "first roll to 30 days past due"}


def kept(report: dict[str, Any], cards: dict[str, Any]) -> dict[str, Any]:
    """What the tables need of a report (`forewarn evaluate --json`) and of the credit cards."""
    names = ("rows", "borrowers", "first_month", "last_month", "warm_up_months", "figures", "flips", "comparisons", "lines",
             "cohorts")  # fmt: skip
    found = {name: report[name] for name in names}
    found["flips"].pop("by_month")
    found["alerts"] = [{name: value for name, value in row.items() if name != "lead_curve"} for row in report["alerts"]]
    found["early"] = [row for row in report["months"] if 3 <= row["number"] <= 8]
    return {"ally": found, "cards": cards}


def blocks(figures: dict[str, Any]) -> dict[str, str]:
    """Each table by the name that stands in its marker."""
    ally, cards = figures["ally"], figures["cards"]
    return {
        "data": f"{ally['rows']:,} month-ends of {ally['borrowers']:,} borrowers, {ally['first_month']} to "
        f"{ally['last_month']}; pooled from month {ally['warm_up_months']}.\n",
        "heads": _heads(ally["figures"]),
        "comparison": "".join(_comparison(each) for each in ally["comparisons"]),
        "alerts": _alerts(ally),
        "early": _early(ally["early"]),
        "lines": _lines(ally["lines"]),
        "cohorts": _table(
            ("slice, 90-day default", "month-ends", "mean probability", "happened"),
            [
                (r["slice"], f"{r['labels']:,}", f"{r['mean_probability']:.2%}", f"{r['rate']:.2%}")
                for r in ally["cohorts"]
            ],
        ),
        "cards": _table(
            ("credit cards, held-out clients", "AUC"),
            [
                ("model, one pass", _number(cards["model"])),
                ("LightGBM, same inputs", _number(cards["lightgbm"])),
                ("hand rule as prior, nothing learned", _number(cards["prior"])),
                ("days past due alone", _number(cards["days_past_due"])),
            ],
        )
        + f"\n{cards['learned']:,.0f} clients learned, {cards['held_out']:,.0f} held out; calibration error "
        f"{cards['ece']:.3f}.\n",
    }


def _number(value: float | None, digits: int = 4) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines: list[tuple[str, ...]] = [columns, ("---",) * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _heads(figures: list[dict[str, Any]]) -> str:
    columns = (
        "head",
        "part",
        "labels",
        "positives",
        "AUC",
        "AUC at 0 dpd",
        "AP",
        "ECE",
        "by chance",
        "log loss",
        "AUC of dpd alone",
    )
    names = ("auc", "auc_current", "average_precision", "ece", "ece_by_chance", "log_loss", "auc_days_past_due")
    rows = [
        (
            f"`{row['head']}`",
            row["part"],
            f"{row['labels']:,}",
            f"{row['positives']:,}",
            *(_number(row[n]) for n in names),
        )
        for row in figures
    ]
    return _table(columns, rows)


def _comparison(found: dict[str, Any]) -> str:
    rows = []
    for name, word in _NAMES.items():
        paired = found.get(name)
        shown = f"{paired['difference']:+.4f} [{paired['low']:+.4f}, {paired['high']:+.4f}]" if paired else ""
        rows.append((word, _number(found["model"][name]), _number(found["lightgbm"][name]), shown))
    title = f"`{found['head']}`: {found['positives']:,} of {found['labels']:,}"
    return _table((title, "model", "LightGBM", "difference [95 %]"), rows) + "\n"


def _alerts(ally: dict[str, Any]) -> str:
    rows = [
        (f"{row['event']}, by `{row['head']}`", f"{row['budget']:.0%}", f"{row['window_days']} days", f"{row['events']:,}",
         _number(row["caught"], 3), f"{row['lead_days']:.0f} days", _number(row["precision"], 3))
        for row in ally["alerts"] if row["window_days"] in (90, 180)
    ]  # fmt: skip
    columns = ("event", "alerted", "window", "events", "caught", "median lead", "precision")
    flips = ally["flips"]
    return _table(columns, rows) + (
        f"\nTiers change {flips['changes_per_borrower_year']:.2f} times a borrower-year; {flips['reverted_share']:.0%} of the "
        "changes revert within 90 days.\n"
    )


def _early(rows: list[dict[str, Any]]) -> str:
    columns = ("month", "head", "positives", "AUC", "hand rule", "AP", "hand rule")
    return _table(
        columns,
        [
            (str(row["number"]), _HEAD_WORDS[row["head"]], f"{row['positives']:,}", _number(row["auc"]),
             _number(row["auc_hand_rule"]), _number(row["average_precision"], 3),
             _number(row["average_precision_hand_rule"], 3))
            for row in rows
        ],
    )  # fmt: skip


def _lines(rows: list[dict[str, Any]]) -> str:
    columns = ("head", "line", "month-ends", "AUC", "AP", "ECE", "log loss")
    names = ("auc", "average_precision", "ece", "log_loss")
    return _table(
        columns, [(f"`{r['head']}`", r["line"], f"{r['windows']}", *(_number(r[name]) for name in names)) for r in rows]
    )


def written(page: str, figures: dict[str, Any]) -> str:
    """The page with its tables anew."""
    tables = blocks(figures)
    return _BLOCK.sub(lambda found: found[1] + tables[found[2]] + found[3], page)


def main(report: Path, cards: Path) -> None:
    """Keep the figures and write the tables."""
    figures = kept(msgspec.json.decode(report.read_bytes()), msgspec.json.decode(cards.read_bytes()))
    KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
