"""The table in docs/metrics.md, from the definitions. `python -m tests.telemetry.page` writes it anew."""

from __future__ import annotations

from prometheus_client.metrics import MetricWrapperBase

from streams.telemetry.metrics import SECTIONS
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "metrics.md"
_START, _END = "<!-- generated: metrics -->\n", "<!-- end -->"


def name_of(metric: MetricWrapperBase) -> str:
    """As it is asked for."""
    (described,) = metric.describe()
    return described.name + ("_total" if described.type == "counter" else "")


def table() -> str:
    """Every metric, by section."""
    rows = ["| metric | | labels beside `agent` | |\n| --- | --- | --- | --- |\n"]
    for section in SECTIONS:
        who = ", ".join(section.agents) or "every agent"
        rows.append(f"| **{section.title}** | | | *{who}* |\n")
        for metric in section.metrics:
            (described,) = metric.describe()
            labels = ", ".join(f"`{label}`" for label in metric._labelnames if label != "agent")
            rows.append(f"| `{name_of(metric)}` | {described.type} | {labels} | {described.documentation} |\n")
    return "".join(rows).replace("|  |", "| |").replace("|  |", "| |")


def written() -> str:
    """The page with its table made anew."""
    before, _, rest = PAGE.read_text().partition(_START)
    _, _, after = rest.partition(_END)
    return f"{before}{_START}{table()}{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written())
