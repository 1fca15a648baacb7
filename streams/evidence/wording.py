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
    "action_denied": ("contact", "Measure refused by the conduct gate", "合规判定禁止的措施"),
    "action_deferred": ("contact", "Measure put off by the conduct gate", "合规判定暂缓的措施"),
    "action_allowed": ("contact", "Measure proposed; the conduct gate permits it", "拟采取措施, 合规判定允许"),
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
    "gate_consulted": ("contact", "Conduct gate asked", "合规判定查询"),
    "dead_letter": ("record", "Record refused", "记录被拒收"),
    "human_decision": ("person", "Decision by a person", "人工决定"),
    "collection_action_withdrawn": ("contact", "Proposed measure taken back", "撤回拟采取措施"),
    "measures_activated": ("policy", "Scores of measures in force", "措施评分生效"),
    "policy_activated": ("policy", "Policy pack in force", "合规规则包生效"),
    "erasure": ("privacy", "Personal fields erased", "个人信息字段已删除"),
    "exhibit_made": ("record", "Exhibit made", "制作证据包"),
    "key": ("record", "Signing key in force", "签名密钥生效"),
}

#: field -> (English, Chinese). Unknown plain fields are shown under their own names; the envelope's own are not.
FIELDS: dict[str, tuple[str, str]] = {
    "action_id": ("measure", "措施编号"),
    "actor": ("carried out by", "执行方"),
    "alert_id": ("alert", "预警编号"),
    "amount": ("amount", "金额"),
    "annual_rate_bps": ("annual rate", "年利率"),
    "arrears": ("arrears", "欠款"),
    "arrears_minor": ("arrears in minor units", "欠款 (最小货币单位)"),
    "balance": ("balance", "余额"),
    "case": ("case", "案件"),
    "cause": ("cause", "原因"),
    "channel": ("channel", "渠道"),
    "closed_on": ("closed on", "结清日"),
    "credit_score": ("credit score", "信用评分"),
    "currency": ("currency", "币种"),
    "days_past_due": ("days past due", "逾期天数"),
    "days_to_due": ("days to the due date", "距应还日天数"),
    "action": ("act", "行为"),
    "asked_about": ("asked about", "查询时点"),
    "decided_by": ("decided by", "决定人"),
    "decision_id": ("decision", "决定编号"),
    "finding": ("the person's finding", "人工认定"),
    "note": ("note", "备注"),
    "decision": ("conduct gate's decision", "合规判定"),
    "direction": ("direction", "方向"),
    "due_date": ("due date", "应还日"),
    "due_on": ("due on", "承诺日"),
    "effective_on": ("effective on", "生效日"),
    "entries_before": ("entries before this one", "此前条目数"),
    "exhibit_id": ("exhibit", "证据包编号"),
    "expires_at": ("lapses at", "失效时间"),
    "exposure": ("exposure", "敞口"),
    "failure": ("failure", "失败原因"),
    "from_bucket": ("from bucket", "原逾期档"),
    "from_tier": ("from tier", "原等级"),
    "grace_days": ("days of grace", "宽限天数"),
    "installment_count": ("number of installments", "期数"),
    "kind": ("kind", "类别"),
    "legal_basis": ("legal basis", "法律依据"),
    "method": ("method", "方式"),
    "model_version": ("model version", "模型版本"),
    "next_downgrade_possible_on": ("downgrade possible from", "最早可下调日"),
    "not_before": ("not before", "最早执行时间"),
    "number": ("installment number", "期次"),
    "opened_on": ("opened on", "发放日"),
    "outcome": ("outcome", "结果"),
    "packs": ("rule packs in force", "生效规则包"),
    "payer": ("payer", "付款人"),
    "payment_id": ("payment", "还款编号"),
    "payment_to_income_bps": ("payment to income", "月供收入比"),
    "plan": ("collection plan", "催收方案"),
    "policy_version": ("policy version", "策略版本"),
    "principal": ("principal", "本金"),
    "probability_ppm": ("probability of default", "违约概率"),
    "product": ("product", "产品"),
    "purpose": ("purpose", "目的"),
    "reason": ("reason", "事由"),
    "reasons": ("reasons", "理由"),
    "region": ("region", "地区"),
    "result": ("result", "结果"),
    "rule_ids": ("rules in the way", "所违规则编号"),
    "shortfall": ("shortfall", "欠缴"),
    "stage": ("stage", "阶段"),
    "supersedes": ("supersedes alert", "取代预警"),
    "tier": ("risk tier", "风险等级"),
    "to_bucket": ("to bucket", "新逾期档"),
    "to_tier": ("to tier", "新等级"),
    "until": ("possible from", "可执行时间"),
    "value_date": ("value date", "起息日"),
    "verdict": ("verdict", "判定"),
    "withheld": ("held out for comparison, not carried out", "对照组, 未执行"),
    "written_off_on": ("written off on", "核销日"),
}

#: Words of the system's own vocabulary, beside which the Chinese is put.
VALUES: dict[str, str] = {
    "AGENCY": "委外机构",
    "ALLOW": "允许",
    "BOT": "自动",
    "CALL": "电话",
    "CLOSED": "已结清",
    "COLLECT": "催收",
    "CORRECTION": "更正",
    "CRITICAL": "危急",
    "CURE": "已补足",
    "DAYS_PAST_DUE": "逾期天数",
    "DEFER": "暂缓",
    "DENY": "禁止",
    "DOWN": "下调",
    "DUE_DATE_PASSED": "应还日已过",
    "ELEVATED": "关注升高",
    "EMAIL": "电子邮件",
    "FORBEARANCE": "宽限",
    "FORBEARANCE_OFFER": "宽限方案",
    "HIGH": "高",
    "HUMAN": "人工",
    "IM": "即时消息",
    "INSUFFICIENT_FUNDS": "余额不足",
    "LEGAL_REVIEW": "法务审查",
    "LETTER": "信函",
    "MODEL": "模型",
    "NORMAL": "正常",
    "PAYMENT": "还款",
    "RECOVERY": "恢复",
    "REMIND": "提醒",
    "REMINDER": "提醒",
    "RESTRUCTURE": "重组",
    "RETRACT": "撤回",
    "REVERSAL": "冲正",
    "SELF": "本人",
    "SMS": "短信",
    "THIRD_PARTY": "第三方",
    "DECLINED": "不同意",
    "NOTHING_OVERDUE": "已无逾期",
    "PROMISE_OPEN": "承诺还款期内",
    "FROZEN": "机构自身事件期间暂停",
    "REFUSED": "拒绝",
    "SIGNED_OFF": "同意",
    "UNABLE": "无力还款",
    "UNDECIDED": "未认定",
    "WILFUL": "恶意拖欠",
    "UP": "上调",
    "VISIT": "上门",
    "WATCH": "留意",
    "WRITE_OFF": "核销",
    "M0": "未逾期",
    "M1": "逾期 1-30 天",
    "M2": "逾期 31-60 天",
    "M3": "逾期 61-90 天",
    "M4": "逾期超过 90 天",
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
        "alternatives",
        "scores_ppm",
        "heads",
        "provenance",
        # How the system works, not what happened; all of it is in entries.jsonl.
        "allocation_rule",
        "change_id",
        "choice",
        "priority",
        "schedule_version",
        "template",
    ]
)


#: Records of what was asked or taken back: their verdict is not what they are called by.
_OWN_TITLES = frozenset({"collection_action_withdrawn", "gate_consulted"})
_VERDICTS = {"ALLOW": "action_allowed", "DEFER": "action_deferred", "DENY": "action_denied"}


def type_of(content: dict[str, Any]) -> str:
    """The type under which an entry is shown."""
    body = content["body"]
    name = str(body.get("type") or content["kind"])
    if body.get("direction") == "RETRACT":
        return "alert_retracted"
    if content["kind"] in ("key", "erasure", "human_decision"):
        return str(content["kind"])
    if content["kind"] in ("action", "decision") and name not in _OWN_TITLES:
        decision = body.get("decision")
        verdict = decision.get("verdict") if isinstance(decision, dict) else body.get("verdict")
        return _VERDICTS.get(str(verdict), "collection_action")
    return name


def title(name: str) -> tuple[str, str, str]:
    """Section and the two titles of a type."""
    words = name.replace("_", " ").capitalize()
    return TYPES.get(name, ("other", words, words))


#: What a reader looks for first; other fields follow in the body's order.
_FIRST = {
    name: place
    for place, name in enumerate(
        [
            *("amount", "principal", "from_tier", "to_tier", "from_bucket", "to_bucket", "days_past_due"),
            *("stage", "kind", "actor", "purpose", "decision", "decided_by", "finding", "not_before", "expires_at"),
        ]
    )
}


def details(body: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(English label, Chinese label, value) of a body's fields: what matters first, then in the body's order."""
    rows: list[tuple[str, str, str]] = []
    for name, value in sorted(body.items(), key=lambda field: _FIRST.get(field[0], len(_FIRST))):
        if name in _ENVELOPE or value is False or value in (None, [], "", {}):
            continue
        if name == "decision" and isinstance(value, dict):
            rows += _decision(value)
            continue
        rows.append((*_label(name), _value(name, value)))
    if "installments" in body:
        rows.append(("installments", "期数", str(len(body["installments"]))))
    return rows


def _decision(decision: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The conduct gate's answer: the verdict always, the rules and packs even when there are none."""
    rows = [(*_label("decision"), _value("verdict", decision.get("verdict")))]
    if decision.get("until"):
        rows.append((*_label("until"), str(decision["until"])))
    rows += [(*_label(name), _value(name, decision.get(name) or []) or "none / 无") for name in ("rule_ids", "packs")]
    return rows


def _label(name: str) -> tuple[str, str]:
    words = name.replace("_", " ")
    return FIELDS.get(name, (words, words))


def _value(name: str, value: Any) -> str:  # noqa: ANN401  any JSON value
    """A JSON value as text, lists with semicolons."""
    if isinstance(value, dict):
        return _object(value)
    if isinstance(value, list):
        return "; ".join(_value(name, item) for item in value)
    if isinstance(value, bool):
        return "yes / 是" if value else "no / 否"
    if isinstance(value, int):
        return _number(name, value)
    if name == "reasons" and "=" in str(value):
        return _figure(str(value))
    return f"{value} / {VALUES[value]}" if value in VALUES else str(value)


def _figure(text: str) -> str:
    """A reason that is written `name=value`, in words."""
    name, _, value = text.partition("=")
    english, chinese = _label(name)
    return f"{english if english == chinese else f'{english} / {chinese}'} {_value(name, value)}"


def _object(value: dict[str, Any]) -> str:
    """Money as money, a reason by its words, anything else as name=value."""
    if "amount_minor" in value:
        return money_text(int(str(value["amount_minor"])), str(value.get("currency", "")))
    if "text_en" in value:
        return f"{value['text_en']} / {value.get('text_zh', '')}"
    return "; ".join(f"{key}={_value(key, item)}" for key, item in value.items())


def _number(name: str, value: int) -> str:
    """Basis points and parts per million in percent."""
    if name.endswith("_bps"):
        return f"{value // 100}.{value % 100:02d} %"
    if name.endswith("_ppm"):
        return f"{value // 10_000}.{value % 10_000 // 100:02d} %"
    return str(value)
