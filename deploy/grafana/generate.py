"""Writes the three dashboards beside it: operations, risk, portfolio. `python deploy/grafana/generate.py`.

A dashboard reads from the top: what is wrong now, then how it came about, then details. Every panel says in a sentence what
is good. Colors: green well, yellow look at it, red act; tiers have theirs everywhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent / "dashboards"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
TIERS = {"NORMAL": "green", "WATCH": "blue", "ELEVATED": "yellow", "HIGH": "orange", "CRITICAL": "red"}
_WIDTH, _COLUMNS = 24, 4


class Panel(NamedTuple):
    """One panel: its queries are (PromQL, legend)."""

    title: str
    text: str
    queries: tuple[tuple[str, str], ...]
    kind: str = "timeseries"
    unit: str = "short"
    steps: tuple[tuple[str, float | None], ...] = (("green", None),)
    width: int = 12
    mappings: tuple[tuple[str, str, str], ...] = ()
    stacked: bool = False


def stat(
    title: str,
    text: str,
    query: str,
    unit: str,
    *steps: tuple[str, float | None],
    width: int = 4,
    mappings: tuple[tuple[str, str, str], ...] = (),
) -> Panel:
    """A single figure with thresholds."""
    return Panel(title, text, ((query, ""),), "stat", unit, steps, width, mappings)


GOOD_LOW, GOOD_1 = ("green", None), ("red", None)

BATCH = (
    "sum by (agent) (rate(forewarn_batch_records_sum[$__rate_interval]))"
    " / sum by (agent) (rate(forewarn_batch_records_count[$__rate_interval]))"
)

OPERATIONS = [
    stat("Workers", "All should answer.", 'sum(up{job="forewarn"})', "short", GOOD_1, ("green", 1)),
    stat("Agents not ready", "None.", "count(forewarn_ready == 0) or vector(0)", "short", GOOD_LOW, ("red", 1)),
    stat(
        "Behind", "The longest wait of an unread record.", "max(forewarn_lag_seconds)", "s",
        GOOD_LOW, ("yellow", 10), ("red", 60),
    ),
    stat(
        "Business date", "How old the last closed date is.",
        "time() - min(forewarn_business_date_timestamp_seconds)", "s",
        GOOD_LOW, ("yellow", 1.5 * 86400), ("red", 2.5 * 86400),
    ),
    stat(
        "Refused, last hour", "Records that became dead letters.",
        'sum(increase(forewarn_output_records_total{topic="dead-letters"}[1h]))', "short", GOOD_LOW, ("yellow", 1),
    ),
    stat(
        "Restarts, last hour", "Agents' processes that ended by themselves.",
        "sum(increase(forewarn_agent_restarts_total[1h]))", "short", GOOD_LOW, ("yellow", 1), ("red", 4),
    ),
    Panel(
        "Records a second", "What each agent folds and commits.",
        (("sum by (agent) (rate(forewarn_records_total[$__rate_interval]))", "{{agent}}"),), unit="reqps",
    ),
    Panel(
        "Input", "What comes in, by topic; what is refused stands out.",
        (("sum by (topic, outcome) (rate(forewarn_input_records_total[$__rate_interval]))", "{{topic}} {{outcome}}"),),
        unit="reqps", stacked=True,
    ),
    Panel(
        "How long the oldest unread record has waited", "Near zero. A ramp is a reader that stands still.",
        (("max by (agent) (forewarn_lag_seconds)", "{{agent}}"),), unit="s",
    ),
    Panel(
        "Lag in records", "By topic. Falling is catching up.",
        (("sum by (agent, topic) (forewarn_lag_records)", "{{agent}} {{topic}}"),),
    ),
    Panel(
        "Time to commit", "Half and 99 in 100 of the transactions. Slow brokers show here first.",
        (
            ("histogram_quantile(0.5, sum by (agent, le) (rate(forewarn_transaction_seconds_bucket[$__rate_interval])))",
             "{{agent}} median"),
            ("histogram_quantile(0.99, sum by (agent, le) (rate(forewarn_transaction_seconds_bucket[$__rate_interval])))",
             "{{agent}} p99"),
        ), unit="s",
    ),
    Panel(
        "Records in a batch", "Grows under load, and makes work cheaper.",
        (
            (
                BATCH,
                "{{agent}}",
            ),
        ),
    ),
    Panel(
        "Share of time spent folding", "At 100 % of one processor an agent is at its limit: add workers.",
        (("sum by (instance, agent) (rate(forewarn_fold_seconds_total[$__rate_interval]))", "{{instance}} {{agent}}"),),
        unit="percentunit",
    ),
    Panel(
        "Group", "Assignments and fences. Both are rare in quiet times.",
        (
            ("sum by (agent) (increase(forewarn_rebalances_total[5m]))", "{{agent}} assignments"),
            ("sum by (agent) (increase(forewarn_fenced_total[5m]))", "{{agent}} fenced"),
        ),
    ),
    Panel(
        "Restore", "Rows read back by a restore that is under way, or by the last one.",
        (("forewarn_restore_rows", "{{instance}} {{agent}}"),),
    ),
    Panel(
        "Dead letters by reason", "Each reason is a producer's mistake with a name.",
        (("sum by (reason) (increase(forewarn_dead_letters_total[5m]))", "{{reason}}"),), stacked=True,
    ),
    Panel(
        "Memory", "Resident memory of each agent's process.",
        (('process_resident_memory_bytes{job="forewarn"}', "{{instance}} {{agent}}"),), unit="bytes",
    ),
    Panel(
        "Rows in memory", "Borrowers and their bytes.",
        (("sum(forewarn_state_rows)", "borrowers"), ("sum(forewarn_state_bytes)", "bytes")),
    ),
    Panel(
        "Evidence not signed yet", "Back to zero each minute.",
        (("sum(forewarn_evidence_unsigned_entries)", "entries"),),
    ),
    Panel(
        "Late and repeated facts", "Corrections of the past, repeats that were dropped, labels that came too late.",
        (("sum by (outcome) (increase(forewarn_fold_outcomes_total[5m]))", "{{outcome}}"),),
    ),
]  # fmt: skip

RISK = [
    Panel(
        "Borrowers by tier", "How many stand in each tier now.",
        (("sum by (tier) (forewarn_borrowers)", "{{tier}}"),), "bargauge", width=8,
    ),
    Panel(
        "Tiers over time", "Without the normal ones.",
        (('sum by (tier) (forewarn_borrowers{tier!="NORMAL"})', "{{tier}}"),), stacked=True, width=16,
    ),
    Panel(
        "Alerts", "Upward, downward and taken back.",
        (("sum by (direction) (increase(forewarn_tier_changes_total[1h]))", "{{direction}}"),), stacked=True,
    ),
    Panel(
        "Upward alerts by tier", "Which tier they lead to.",
        (('sum by (to_tier) (increase(forewarn_tier_changes_total{direction="UP"}[1h]))', "{{to_tier}}"),), stacked=True,
    ),
    Panel(
        "Precision and recall of alerts", "Of scores under a standing alert, how many defaulted; of defaults, how many had one.",
        (
            ("head:forewarn_alert:precision", "{{head}} precision"),
            ("head:forewarn_alert:recall", "{{head}} recall"),
        ), unit="percentunit",
    ),
    Panel(
        "Days of warning", "From an alert to the default that it warned of.",
        (
            ("histogram_quantile(0.5, sum by (le) (forewarn_alert_lead_days_bucket))", "median"),
            ("histogram_quantile(0.25, sum by (le) (forewarn_alert_lead_days_bucket))", "a quarter had less than"),
        ), unit="d",
    ),
    Panel(
        "Log loss", "Lower is better. The newest cohort against the last twelve.",
        (("forewarn_model_log_loss", "{{head}} {{window}}"),),
    ),
    Panel("Area under the ROC curve", "Higher is better; 0.5 is a coin.", (("forewarn_model_auc", "{{head}} {{window}}"),)),
    Panel(
        "Calibration error against what chance explains", "Above its limit, probabilities are not what happens.",
        (
            ('forewarn_model_calibration_error{window="newest"}', "{{head}}"),
            ('0.02 + 2 / sqrt(forewarn_model_window_labels{window="newest"})', "{{head}} limit"),
        ), unit="percentunit",
    ),
    Panel(
        "Shift of the scores", "Population stability index over what it exceeds by chance once in twenty months.",
        (("forewarn_model_psi / forewarn_model_psi_limit", "{{head}}"),),
    ),
    Panel(
        "Drift and quarantine", "1 in the newest cohort.",
        (("forewarn_model_drift", "{{head}} drift"), ("forewarn_model_quarantined", "{{head}} not learned")),
    ),
    Panel(
        "Labels", "Matured by outcome; scores that still wait for theirs.",
        (
            ("sum by (head) (increase(forewarn_labels_matured_total[1h]))", "{{head}}"),
            ("sum(forewarn_observations_pending)", "pending"),
        ),
    ),
    Panel(
        "Measures by verdict", "What the conduct gate let through, put off and refused.",
        (("sum by (verdict) (increase(forewarn_collection_actions_total[1h]))", "{{verdict}}"),), stacked=True,
    ),
    Panel(
        "Rules that stood in the way", "By conduct rule.",
        (("sum by (rule, verdict) (forewarn_gate_objections_total)", "{{rule}} {{verdict}}"),),
    ),
]  # fmt: skip

PORTFOLIO = [
    stat(
        "Stage", "Worst stage of any currency's book.", "max by (currency) (forewarn_portfolio_stage)", "short",
        GOOD_LOW, ("yellow", 1), ("orange", 2), ("red", 3), width=12,
        mappings=(("0", "NORMAL", "green"), ("1", "WATCH", "yellow"), ("2", "CONTAIN or RECOVERY", "orange"),
                  ("3", "CRISIS", "red")),
    ),
    stat(
        "Reserve over expected loss", "At least 1. Empty until a reserve is stated.",
        "min by (currency) (forewarn_portfolio_coverage_ratio)", "percentunit",
        GOOD_1, ("yellow", 1), ("green", 1.2), width=12,
    ),
    Panel(
        "Indicators", "Shares of the book, by indicator.",
        (("forewarn_portfolio_indicator_ratio", "{{currency}} {{indicator}}"),), unit="percentunit", width=24,
    ),
    Panel(
        "Indicators now", "The newest values.",
        (("sort_desc(forewarn_portfolio_indicator_ratio)", "{{currency}} {{indicator}}"),), "bargauge", "percentunit",
    ),
    Panel("Stage over time", "By currency.", (("forewarn_portfolio_stage", "{{currency}}"),)),
    Panel(
        "Loans entering a bucket", "M1 to M4: later buckets are worse.",
        (("sum by (to_bucket) (increase(forewarn_delinquency_changes_total[1h]))", "{{to_bucket}}"),), stacked=True,
    ),
    Panel(
        "Share of borrowers above NORMAL", "The book's slow pulse.",
        (('sum(forewarn_borrowers{tier!="NORMAL"}) / sum(forewarn_borrowers)', "above NORMAL"),), unit="percentunit",
    ),
]  # fmt: skip


def panel(number: int, spec: Panel, x: int, y: int, height: int) -> dict[str, Any]:
    """As Grafana stores it."""
    custom: dict[str, Any] = {}
    if spec.kind == "timeseries":
        custom = {"fillOpacity": 30 if spec.stacked else 8, "lineWidth": 2, "showPoints": "never", "spanNulls": True}
        custom |= {"stacking": {"mode": "normal"}} if spec.stacked else {}
    steps = [{"color": color, "value": value} for color, value in spec.steps]
    defaults: dict[str, Any] = {"unit": spec.unit, "thresholds": {"mode": "absolute", "steps": steps}, "custom": custom}
    if spec.mappings:
        options = {value: {"text": text, "color": color} for value, text, color in spec.mappings}
        defaults["mappings"] = [{"type": "value", "options": options}]
    colored = [
        {"matcher": {"id": "byName", "options": tier},
         "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": color}}]}
        for tier, color in TIERS.items()
        if any("tier" in legend for _, legend in spec.queries)
    ]  # fmt: skip
    return {
        "id": number,
        "type": spec.kind,
        "title": spec.title,
        "description": spec.text,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": spec.width, "h": height},
        "fieldConfig": {"defaults": defaults, "overrides": colored},
        "options": _options(spec.kind),
        "targets": [
            {"refId": "ABCDEF"[place], "datasource": SOURCE, "expr": expression, "legendFormat": legend or "__auto"}
            for place, (expression, legend) in enumerate(spec.queries)
        ],
    }


def _options(kind: str) -> dict[str, Any]:
    if kind == "timeseries":
        return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    if kind == "bargauge":
        return {"orientation": "horizontal", "displayMode": "basic", "reduceOptions": {"calcs": ["lastNotNull"]}}
    return {"colorMode": "background", "graphMode": "area", "reduceOptions": {"calcs": ["lastNotNull"]}}


def dashboard(uid: str, title: str, text: str, specs: list[Panel]) -> dict[str, Any]:
    """A dashboard whose panels stand from left to right and top to bottom."""
    panels, x, y, row_height = [], 0, 0, 0
    for number, spec in enumerate(specs, 1):
        height = 4 if spec.kind == "stat" else 8
        if x + spec.width > _WIDTH:
            x, y, row_height = 0, y + row_height, 0
        panels.append(panel(number, spec, x, y, height))
        x, row_height = x + spec.width, max(row_height, height)
    links = [
        {"type": "dashboards", "tags": ["forewarn"], "title": "Forewarn", "asDropdown": False, "includeVars": False}
    ]
    return {
        "uid": uid,
        "title": title,
        "description": text,
        "tags": ["forewarn"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": links,
        "annotations": {"list": []},
        "templating": {"list": []},
        "panels": panels,
    }


DASHBOARDS = {
    "operations": dashboard(
        "forewarn-operations", "Forewarn: operations", "Does it run, and does it keep up?", OPERATIONS
    ),
    "risk": dashboard("forewarn-risk", "Forewarn: risk", "Who is in which tier, and what were the alerts worth?", RISK),
    "portfolio": dashboard("forewarn-portfolio", "Forewarn: portfolio", "How is the whole book?", PORTFOLIO),
}


def text_of(name: str) -> str:
    """A dashboard's file."""
    return json.dumps(DASHBOARDS[name], indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name in DASHBOARDS:
        (HERE / f"{name}.json").write_text(text_of(name))
