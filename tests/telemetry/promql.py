"""Which metrics a PromQL expression asks for, and which there are."""

from __future__ import annotations

import re

import yaml  # type: ignore[import-untyped]
from prometheus_client.metrics import MetricWrapperBase

from streams.telemetry.metrics import SECTIONS
from tests.docs.pages import ROOT
from tests.telemetry.page import name_of

RULES = ROOT / "deploy" / "prometheus"
ALERTS = [rule for group in yaml.safe_load((RULES / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
RECORDED = yaml.safe_load((RULES / "recording.yml").read_text())["groups"][0]["rules"]

_QUOTED = re.compile(r'"[^"]*"')
_BRACES = re.compile(r"\{[^}]*\}")
_BY = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
_RANGE = re.compile(r"\[[^\]]*\]")
_NAME = re.compile(r"(?<![\w$])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])")
_WORDS = frozenset({"and", "or", "unless", "bool", "offset", "by", "without", "on", "inf", "nan"})


def metrics_in(expression: str) -> set[str]:
    """Names that are neither functions, keywords, labels nor durations."""
    text = _QUOTED.sub('""', expression)
    text = _RANGE.sub("", _BY.sub(" ", _BRACES.sub(" ", text)))
    return {name for name in _NAME.findall(text) if name.lower() not in _WORDS}


def known() -> set[str]:
    """Every name that a query may ask for."""
    found = {"up", *(rule["record"] for rule in RECORDED)}
    metrics: list[MetricWrapperBase] = [metric for section in SECTIONS for metric in section.metrics]
    for metric in metrics:
        name = name_of(metric)
        (described,) = metric.describe()
        found |= {f"{name}{end}" for end in ("_bucket", "_sum", "_count")} if described.type == "histogram" else {name}
    return found
