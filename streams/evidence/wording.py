"""What each kind of entry is called on a timeline, in English and Chinese, and which of its fields are shown.

An entry of a type that is not listed is shown under its own name with all its plain fields: nothing is left out for
lack of a word.
"""

from __future__ import annotations

from typing import Any

from streams.evidence.money import money_text

#: type -> (section, English, Chinese). Sections give the timeline its colors and filters.
TYPES: dict[str, tuple[str, str, str]] = {
    "loan_opened": ("contract", "Loan opened", "借款发放"),
    "schedule_set": ("contract", "Repayment schedule", "还款计划"),
    "loan_restructured": ("contract", "Loan restructured", "借款重组"),
    "loan_written_off": ("contract", "Written off", "核销"),
    "loan_closed": ("contract", "Loan closed", "借款结清"),
    "installment_due": ("due", "Installment due", "应还日"),
    "installment_missed": ("due", "Installment missed (platform's view)", "逾期未还 (平台记录)"),
    "delinquency_changed": ("due", "Delinquency bucket changed", "逾期档变更"),
    "payment_received": ("payment", "Payment received", "收到还款"),
    "payment_failed": ("payment", "Debit failed", "扣款失败"),
    "payment_reversed": ("payment", "Payment reversed", "还款冲正"),
    "contact_attempted": ("contact", "Contact attempted", "联系尝试"),
    "contact_outcome": ("contact", "Contact outcome", "联系结果"),
    "collection_action": ("contact", "Measure proposed, with the gate's decision", "拟采取措施及合规判定"),
    "notice_sent": ("contact", "Notice delivered", "通知送达"),
    "promise_made": ("promise", "Promise to pay", "承诺还款"),
    "promise_resolved": ("promise", "Promise resolved", "承诺结果"),
    "dispute_raised": ("dispute", "Dispute raised", "提出异议"),
    "dispute_resolved": ("dispute", "Dispute resolved", "异议处理结果"),
    "complaint_received": ("dispute", "Complaint received", "收到投诉"),
    "complaint_closed": ("dispute", "Complaint closed", "投诉办结"),
    "hold_set": ("hold", "Hold set", "设置暂停"),
    "hold_cleared": ("hold", "Hold cleared", "解除暂停"),
    "consent_given": ("hold", "Consent given", "给予同意"),
    "consent_withdrawn": ("hold", "Consent withdrawn", "撤回同意"),
    "contact_preference_set": ("hold", "Contact preference", "联系偏好"),
    "risk_tier_changed": ("alert", "Risk tier changed", "风险等级变更"),
    "alert_retracted": (
        "retraction",
        "Alert retracted: it was wrong on corrected facts",
        "预警撤回: 更正后的事实表明该预警有误",
    ),
    "human_decision": ("person", "Decision by a person", "人工决定"),
    "policy_activated": ("policy", "Policy pack in force", "合规规则包生效"),
    "erasure": ("privacy", "Personal fields erased", "个人信息字段已删除"),
    "exhibit_made": ("record", "Exhibit made", "制作证据包"),
    "key": ("record", "Signing key in force", "签名密钥生效"),
}

#: field -> (English, Chinese). Only these and unknown plain fields are shown; the envelope's own fields are not.
FIELDS: dict[str, tuple[str, str]] = {
    "amount": ("amount", "金额"),
    "arrears": ("arrears", "欠款"),
    "cause": ("cause", "原因"),
    "channel": ("channel", "渠道"),
    "days_past_due": ("days past due", "逾期天数"),
    "decision": ("decision", "判定"),
    "due_date": ("due date", "应还日"),
    "due_on": ("due on", "承诺日"),
    "from_tier": ("from tier", "原等级"),
    "to_tier": ("to tier", "新等级"),
    "kind": ("kind", "类别"),
    "method": ("method", "方式"),
    "number": ("number", "期次"),
    "outcome": ("outcome", "结果"),
    "packs": ("rule packs", "规则包"),
    "payer": ("payer", "付款人"),
    "principal": ("principal", "本金"),
    "reason": ("reason", "事由"),
    "reasons": ("reasons", "理由"),
    "result": ("result", "结果"),
    "rule_ids": ("rule ids", "规则编号"),
    "shortfall": ("shortfall", "欠缴"),
    "stage": ("stage", "阶段"),
    "supersedes": ("supersedes alert", "取代预警"),
    "value_date": ("value date", "起息日"),
    "verdict": ("verdict", "判定"),
}

_ENVELOPE = frozenset(
    [
        "type",
        "schema_version",
        "event_id",
        "source",
        "borrower_id",
        "loan_id",
        "occurred_at",
        "business_date",
        "idempotency_key",
        "statement",
        "text",
        "installments",
        "fields",
        "probability_before_ppm",
        "journal_sequence",
        "alert_sequence",
        "trail",
        "heads",
        "provenance",
    ]
)


def type_of(content: dict[str, Any]) -> str:
    """The type under which an entry is shown."""
    body = content["body"]
    name = str(body.get("type") or content["kind"])
    if body.get("direction") == "RETRACT":
        return "alert_retracted"
    if content["kind"] in ("key", "erasure", "human_decision"):
        return str(content["kind"])
    if content["kind"] in ("action", "decision") and name not in TYPES:
        return "collection_action"
    return name


def title(name: str) -> tuple[str, str, str]:
    """Section and the two titles of a type."""
    words = name.replace("_", " ").capitalize()
    return TYPES.get(name, ("other", words, words))


def details(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(English label, Chinese label, value) of a body's fields, in the body's order."""
    rows: list[tuple[str, str, str]] = []
    for name, value in body.items():
        if name in _ENVELOPE or value in (None, [], "", {}):
            continue
        english, chinese = FIELDS.get(name, (name.replace("_", " "), name.replace("_", " ")))
        rows.append((english, chinese, _value(value)))
    if "installments" in body:
        rows.append(("installments", "期数", str(len(body["installments"]))))
    return rows


def _value(value: Any) -> str:  # noqa: ANN401  any JSON value
    """A JSON value as text: money as money, reasons by their words, lists with semicolons."""
    if isinstance(value, dict):
        if "amount_minor" in value:
            return money_text(int(str(value["amount_minor"])), str(value.get("currency", "")))
        if "text_en" in value:
            return f"{value.get('code', '')}: {value['text_en']} / {value.get('text_zh', '')}"
        return "; ".join(f"{key}={_value(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(_value(item) for item in value)
    return str(value)
