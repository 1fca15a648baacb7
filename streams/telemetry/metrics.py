"""Every metric, once. `docs/metrics.md` is generated from this file.

Rule 1: names and units follow Prometheus' conventions: base units, `_total` for what only grows, a date as the Unix time
of its midnight (UTC).
Rule 2: a label's values are a small closed set (topics, partitions, tiers, heads) or capped (`Bounded`). Never a borrower,
loan, event or alert id.
Rule 3: counters count committed batches only, so a batch that was fenced and read again counts once.
Rule 4: what an alert rule looks at exists from the start, at zero: a counter's first step must be seen as a step.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.metrics import MetricWrapperBase

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter, of no use here

REGISTRY: Final = CollectorRegistry()


class Section(NamedTuple):
    """Metrics that belong together, and which agents have them (none named: all)."""

    title: str
    agents: tuple[str, ...]
    metrics: tuple[MetricWrapperBase, ...]


SECTIONS: Final[list[Section]] = []

#: Distinct values that an open label may take; what comes later is counted under OTHER.
LABEL_VALUES_MAX = 100
OTHER = "other"


def _section(title: str, agents: tuple[str, ...], *metrics: MetricWrapperBase) -> None:
    SECTIONS.append(Section(title, agents, metrics))


def _counter(name: str, text: str, labels: Iterable[str] = ()) -> Counter:
    return Counter(name, text, list(labels), registry=REGISTRY)


def _gauge(name: str, text: str, labels: Iterable[str] = ()) -> Gauge:
    return Gauge(name, text, list(labels), registry=REGISTRY)


def _histogram(name: str, text: str, buckets: Iterable[float]) -> Histogram:
    return Histogram(name, text, buckets=tuple(buckets), registry=REGISTRY)


class Bounded:
    """Lets an open label take `LABEL_VALUES_MAX` values; all others share one."""

    def __init__(self, values_max: int = LABEL_VALUES_MAX) -> None:
        self._seen: set[str] = set()
        self._values_max = values_max

    def __call__(self, value: str) -> str:
        """The value to use as label."""
        if value in self._seen:
            return value
        if len(self._seen) >= self._values_max:
            return OTHER
        self._seen.add(value)
        return value


class Series:
    """A gauge whose label values come and go, as partitions do: what is not filled any more is removed, nothing else."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._filled: set[tuple[str, ...]] = set()

    def fill(self, values: Mapping[tuple[str, ...], float]) -> None:
        """Set these samples, by label values, and remove the others."""
        for labels, value in values.items():
            self._gauge.labels(*labels).set(value)
        for labels in self._filled - values.keys():
            self._gauge.remove(*labels)
        self._filled = set(values)


# Work.
RECORDS = _counter("forewarn_records", "Records folded and committed.")
TRANSACTIONS = _counter("forewarn_transactions", "Committed transactions, one a batch.")
BATCH_RECORDS = _histogram(
    "forewarn_batch_records", "Records in a batch.", (1, 10, 100, 500, 1_000, 2_000, 4_000, 9_000)
)
TRANSACTION_SECONDS = _histogram(
    "forewarn_transaction_seconds",
    "From the beginning of a transaction to its acknowledged commit.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
FOLD_SECONDS = _counter("forewarn_fold_seconds", "Time spent folding batches that were committed.")
OUTPUTS = _counter("forewarn_output_records", "Records written to a topic, the internal ones too.", ["topic"])
_section("Work", (), RECORDS, TRANSACTIONS, BATCH_RECORDS, TRANSACTION_SECONDS, FOLD_SECONDS, OUTPUTS)

# Group and restore.
PARTITIONS = _gauge("forewarn_partitions_owned", "Input partitions that this agent holds.")
REBALANCES = _counter("forewarn_rebalances", "Assignments taken over, the first one too.")
FENCED = _counter("forewarn_fenced", "Batches that the broker refused because the group had moved on.")
RESTORED_ROWS = _gauge("forewarn_restore_rows", "Rows read by the present restore so far, or by the last one.")
RESTORE_SECONDS = _gauge("forewarn_restore_seconds", "What the last restore took.")
RESTORING = _gauge("forewarn_restoring", "1 while rows are read back.")
READY = _gauge("forewarn_ready", "1 when /ready would say so: restored, and caught up to the bound.")
_section("Group and restore", (), PARTITIONS, REBALANCES, FENCED, RESTORED_ROWS, RESTORE_SECONDS, RESTORING, READY)

# Lag and time.
LAG_RECORDS = _gauge(
    "forewarn_lag_records", "Offsets between what is folded and the topic's end.", ["topic", "partition"]
)
LAG_SECONDS = _gauge(
    "forewarn_lag_seconds",
    "For how long the oldest unread record has waited; counted from this process's start at most.",
    ["topic", "partition"],
)
LAG_UNKNOWN = _counter("forewarn_lag_unknown", "Times the topics' ends could not be asked for.")
BUSINESS_DATE = _gauge(
    "forewarn_business_date_timestamp_seconds",
    "Event-time watermark: the business date that a journal partition has closed.",
    ["partition"],
)
FOLD_OUTCOMES = _counter(
    "forewarn_fold_outcomes",
    "What became of journaled events beside the usual: repeat_dropped, late_fact, label_too_late, tick_repeated, …",
    ["outcome"],
)
_section("Lag", (), LAG_RECORDS, LAG_SECONDS, LAG_UNKNOWN)
_section("Time", ("assess",), BUSINESS_DATE, FOLD_OUTCOMES)

# Inputs.
INPUTS = _counter("forewarn_input_records", "Input records that were accepted or refused.", ["topic", "outcome"])
DEAD_LETTERS = _counter("forewarn_dead_letters", "Dead letters by reason (`dlq.code`).", ["reason"])
_section("Inputs", ("sequence", "assess"), INPUTS, DEAD_LETTERS)

# Borrowers and alerts.
STATE_ROWS = _gauge("forewarn_state_rows", "Borrowers in memory.", ["partition"])
STATE_BYTES = _gauge("forewarn_state_bytes", "Bytes of their rows.", ["partition"])
BORROWERS = _gauge("forewarn_borrowers", "Borrowers by present tier.", ["tier"])
TIER_CHANGES = _counter("forewarn_tier_changes", "Alerts.", ["direction", "to_tier"])
BUCKET_CHANGES = _counter("forewarn_delinquency_changes", "Loans that entered a bucket.", ["to_bucket"])
ACTIONS = _counter("forewarn_collection_actions", "Proposed measures by the gate's verdict.", ["stage", "verdict"])
DENIALS = _counter("forewarn_gate_objections", "Measures that a conduct rule stood in the way of.", ["rule", "verdict"])
_section(
    "Borrowers and alerts",
    ("assess",),
    STATE_ROWS,
    STATE_BYTES,
    BORROWERS,
    TIER_CHANGES,
    BUCKET_CHANGES,
    ACTIONS,
    DENIALS,
)

# What scores and alerts were worth.
OBSERVATIONS = _gauge("forewarn_observations_pending", "Month-end scores whose outcome is not known yet.")
LABELS = _counter(
    "forewarn_labels_matured",
    "Labels by outcome, and whether an alert stood when the score was given: precision and recall of alerts.",
    ["head", "alerted", "outcome"],
)
LEAD_DAYS = _histogram(
    "forewarn_alert_lead_days",
    "Days from an alert to the default that it warned of (90 days past due), once the label matured.",
    (0, 7, 14, 30, 45, 60, 75, 90, 120, 180),
)
LABELS_WAITING = _gauge("forewarn_labels_waiting", "Labels that wait for a date to close in every partition.")
LOG_LOSS = _gauge("forewarn_model_log_loss", "Prequential log loss, in nats.", ["head", "window"])
AUC = _gauge("forewarn_model_auc", "Prequential area under the ROC curve.", ["head", "window"])
CALIBRATION = _gauge("forewarn_model_calibration_error", "Expected calibration error, 0 to 1.", ["head", "window"])
COHORT_LABELS = _gauge("forewarn_model_window_labels", "Labels in the window.", ["head", "window"])
PSI = _gauge("forewarn_model_psi", "Population stability index of the newest cohort's scores.", ["head"])
PSI_LIMIT = _gauge("forewarn_model_psi_limit", "What PSI stays below in 95 of 100 months by chance.", ["head"])
DRIFT = _gauge("forewarn_model_drift", "1 if ADWIN saw the log loss change in the newest cohort.", ["head"])
QUARANTINED = _gauge("forewarn_model_quarantined", "1 if the newest cohort was not learned.", ["head"])
TIER_RATE = _gauge(
    "forewarn_tier_changes_per_borrower_year",
    "Tier changes a borrower-year before the newest cohort's month-end.",
    ["head"],
)
TIER_REVERTED = _gauge(
    "forewarn_tier_changes_reverted_ratio", "Share of them that took back another of the last 90 days.", ["head"]
)
MODEL_DATE = _gauge("forewarn_model_version_timestamp_seconds", "Date of the newest model version.")
MODELS = _counter("forewarn_model_versions", "Model versions published.")
_section("What alerts were worth", ("assess",), OBSERVATIONS, LABELS, LEAD_DAYS)
_section(
    "What scores were worth",
    ("learn",),
    LABELS_WAITING,
    LOG_LOSS,
    AUC,
    CALIBRATION,
    COHORT_LABELS,
    PSI,
    PSI_LIMIT,
    DRIFT,
    QUARANTINED,
    TIER_RATE,
    TIER_REVERTED,
    MODEL_DATE,
    MODELS,
)

# The whole book.
STAGE = _gauge(
    "forewarn_portfolio_stage",
    "Stage of stress of a currency's book: 0 NORMAL, 1 WATCH, 2 CONTAIN or RECOVERY, 3 CRISIS.",
    ["currency"],
)
COVERAGE = _gauge("forewarn_portfolio_coverage_ratio", "Stated reserve over expected loss.", ["currency"])
INDICATORS = _gauge("forewarn_portfolio_indicator_ratio", "Indicators of a currency's book.", ["currency", "indicator"])
PORTFOLIO_ALERTS = _counter("forewarn_portfolio_alerts", "Alerts about the book.", ["kind", "state"])
_section("The whole book", ("portfolio",), STAGE, COVERAGE, INDICATORS, PORTFOLIO_ALERTS)

# Evidence.
EVIDENCE_ENTRIES = _gauge("forewarn_evidence_entries", "Entries in the evidence log.")
EVIDENCE_UNSIGNED = _gauge("forewarn_evidence_unsigned_entries", "Entries after the last checkpoint.")
CHECKPOINT_AT = _gauge(
    "forewarn_evidence_checkpoint_timestamp_seconds", "When this process last signed a checkpoint (its start if never)."
)
_section("Evidence", ("preserve",), EVIDENCE_ENTRIES, EVIDENCE_UNSIGNED, CHECKPOINT_AT)

# The process.
BUILD = _gauge("forewarn_build_info", "1; version and Python are in the labels.", ["version", "python"])
UNREAD = _counter("forewarn_unmeasured_records", "Records written that metrics did not understand: a bug.", ["topic"])
SAMPLE_SECONDS = _counter("forewarn_sampling_seconds", "Processor time spent on measuring state and lag.")
_section("The process", (), BUILD, SAMPLE_SECONDS, UNREAD)

#: Only on the supervisor's page, which puts the agents' together; see `front`.
SUPERVISOR: Final = CollectorRegistry()
AGENT_UP = Gauge("forewarn_agent_up", "1 if the agent's process answers.", ["agent"], registry=SUPERVISOR)
AGENT_RESTARTS = Counter(
    "forewarn_agent_restarts", "Times the agent's process ended by itself.", ["agent"], registry=SUPERVISOR
)
_section("The supervisor", ("the supervisor",), AGENT_UP, AGENT_RESTARTS)


def installed() -> str:
    """The version of the installed distribution."""
    try:
        return version("forewarn")
    except PackageNotFoundError:
        return "unknown"


def begin(agent: str) -> None:
    """Keep what this agent has, set what never changes, add the process's own figures (CPU, memory). Once a process."""
    for section in SECTIONS:
        if section.agents and agent not in section.agents and section.agents != ("the supervisor",):
            for metric in section.metrics:
                REGISTRY.unregister(metric)
    BUILD.labels(installed(), platform.python_version()).set(1)
    ProcessCollector(registry=REGISTRY)
