# ruff: noqa: RUF001 -- Chinese sentences have Chinese punctuation.
"""What an event says on a timeline, as a sentence in English or Chinese; amounts have their currency's decimals.

Rule 1: ids, products and sources are quoted as they came and never translated; the templates of the page escape them.
Rule 2: every closed value (a method, a failure, a kind of hold) has its words in `VALUES`; a test looks for gaps.
"""

from __future__ import annotations

from typing import Any

import msgspec

from streams.console.words import LANGUAGES, Language
from streams.events.envelope import Event
from streams.events.fields import Installment, Money, NonNegativeMoney
from streams.events.outputs import DelinquencyChanged
from streams.evidence.money import money_text

#: What stands for nothing.
DASH = "\u2013"
#: By event type. A field that is missing reads as a dash.
SENTENCES: dict[str, tuple[str, str]] = {
    "loan_opened": (
        "Loan {loan_id} opened: {principal} in {installment_count} installments ({product}).",
        "贷款 {loan_id} 放款：{principal}，共 {installment_count} 期（{product}）。",
    ),
    "schedule_set": (
        "Schedule {schedule_version} of loan {loan_id}: {installments}.",
        "贷款 {loan_id} 还款计划 {schedule_version}：{installments}。",
    ),
    "loan_restructured": (
        "Loan {loan_id} restructured from {effective_on} ({kind}): {installments}.",
        "贷款 {loan_id} 自 {effective_on} 起调整条款（{kind}）：{installments}。",
    ),
    "loan_written_off": (
        "Loan {loan_id} written off: {amount}.", "贷款 {loan_id} 核销：{amount}。",
    ),
    "loan_closed": ("Loan {loan_id} closed: {reason}.", "贷款 {loan_id} 结清：{reason}。"),
    "payment_received": ("{amount} paid ({method}; {payment_id}).", "还款 {amount}（{method}；{payment_id}）。"),
    "payment_failed": (
        "Debit of {amount} failed: {failure} ({payment_id}).", "扣款 {amount} 失败：{failure}（{payment_id}）。",
    ),
    "payment_reversed": ("Payment {payment_id} went back: {kind}.", "还款 {payment_id} 被退回：{kind}。"),
    "installment_missed": (
        "The platform says installment {number} of loan {loan_id}, due {due_date}, was missed by {shortfall}.",
        "平台报告：贷款 {loan_id} 第 {number} 期（{due_date} 应还）漏还 {shortfall}。",
    ),
    "contact_attempted": ("Contact tried: {channel} by {actor}.", "尝试联络：{channel}（{actor}）。"),
    "contact_outcome": ("Contact ended: {outcome}.", "联络结果：{outcome}。"),
    "promise_made": ("Promised to pay {amount} by {due_on}.", "承诺于 {due_on} 前还款 {amount}。"),
    "promise_resolved": ("The platform says the promise was {result}.", "平台报告：承诺{result}。"),
    "dispute_raised": ("Dispute {dispute_id} raised: {scope}.", "提出异议 {dispute_id}：{scope}。"),
    "dispute_resolved": ("Dispute {dispute_id} ended: {result}.", "异议 {dispute_id} 结束：{result}。"),
    "complaint_received": ("Complaint {complaint_id} received: {category}.", "收到投诉 {complaint_id}：{category}。"),
    "complaint_closed": ("Complaint {complaint_id} answered.", "投诉 {complaint_id} 已答复。"),
    "hold_set": (
        "Hold {hold_id} set ({kind}): contact pauses from {from_date} until {until_date}.",
        "设置暂停 {hold_id}（{kind}）：自 {from_date} 至{until_date}暂停联络。",
    ),
    "hold_cleared": ("Hold {hold_id} cleared.", "解除暂停 {hold_id}。"),
    "consent_given": ("Consent given: {channel}.", "同意使用：{channel}。"),
    "consent_withdrawn": ("Consent withdrawn: {channel}.", "撤回同意：{channel}。"),
    "contact_preference_set": ("Contact preference set: {time_zones}.", "设置联络偏好：{time_zones}。"),
    "gate_consulted": (
        "The conduct gate was asked about {action}: {verdict}.", "询问合规闸门：{action}，{verdict}。",
    ),
    "legal_step_decided": ("Legal step decided: {decision}.", "法律步骤决定：{decision}。"),
    "notice_sent": ("{kind} notice delivered on {delivered_on}.", "{kind}通知于 {delivered_on} 送达。"),
}  # fmt: skip
DELINQUENCY = (
    "Loan {loan_id} moved from {from_bucket} to {to_bucket}: {late} past due, {arrears} in arrears.",
    "贷款 {loan_id} 由 {from_bucket} 转为 {to_bucket}：逾期 {late}，欠款 {arrears}。",
)
OPEN_END = ("further notice", "另行通知")
SCHEDULE = ("{n} installments from {first} to {last}, {total} in all", "{n} 期，{first} 至 {last}，合计 {total}")
VALUE_DATED = (" Counts from {day}.", "自 {day} 起计。")
#: Chinese for the closed values of event fields; English is the value itself, in small letters.
VALUES: dict[str, str] = {
    "AUTODEBIT": "自动扣款", "CARD": "银行卡", "WALLET": "电子钱包", "TRANSFER": "转账", "CASH": "现金", "OTHER": "其他",
    "INSUFFICIENT_FUNDS": "余额不足", "MANDATE_REVOKED": "授权已撤销", "ACCOUNT_CLOSED": "账户已注销",
    "INVALID_ACCOUNT": "账户无效", "LIMIT": "超出限额", "TECHNICAL": "技术原因", "FRAUD_BLOCK": "欺诈拦截",
    "REVERSAL": "冲正", "CHARGEBACK": "拒付", "RETURN": "退票", "CORRECTION": "更正",
    "EXTENSION": "展期", "RATE_CUT": "降息", "DEFERRAL": "延期", "CAPITALIZATION": "利息转本金", "REFINANCE": "再融资",
    "PAID": "已还清", "EARLY_REPAID": "提前还清", "SETTLED": "协商结清", "SOLD": "已转让", "CANCELED": "已取消",
    "CALL": "电话", "SMS": "短信", "EMAIL": "电子邮件", "IM": "即时消息", "LETTER": "信函", "VISIT": "上门",
    "HUMAN": "人工", "BOT": "机器",
    "NO_ANSWER": "无人接听", "BUSY": "占线", "INVALID": "号码无效", "CONVERSATION": "已通话", "THIRD_PARTY": "第三方接听",
    "VOICEMAIL": "语音信箱", "REFUSED": "拒绝", "DELIVERED": "已送达", "BOUNCED": "退回",
    "KEPT": "已履行", "PARTIAL": "部分履行", "BROKEN": "未履行",
    "AMOUNT": "金额", "IDENTITY": "身份", "FRAUD": "欺诈", "SERVICE": "服务",
    "UPHELD": "成立", "REJECTED": "不成立", "WITHDRAWN": "已撤回",
    "VULNERABILITY": "弱势情形", "FORBEARANCE": "宽限", "BREATHING_SPACE": "喘息期", "BANKRUPTCY": "破产",
    "DECEASED": "身故", "ATTORNEY": "律师代理", "CEASE_REQUEST": "要求停止联络", "DISASTER": "灾害",
    "FRAUD_VICTIM": "欺诈受害",
    "VALIDATION": "债务确认", "DEFAULT": "违约", "LEGAL": "法律",
    "MODEL": "模型", "LEGAL_REVIEW": "法律审查", "AGENCY": "委外机构", "CHANNEL": "渠道",
    "OUT_OF_HOURS": "非工作时段",
    "SIGNED_OFF": "已批准", "DECLINED": "已否决", "ALLOW": "允许", "DEFER": "推迟", "DENY": "拒绝", "SELF": "本人",
}  # fmt: skip
#: Ids and the lender's own words: shown as they came, even where they look like a closed value.
_QUOTED = frozenset(("product", "category", "reason_text"))


def sentence(language: Language, event: Event) -> str:
    """One sentence about a borrower's event."""
    kind = str(event.__struct_config__.tag)
    fields = {name: _said(language, name, value) for name, value in msgspec.structs.asdict(event).items()}
    if isinstance(installments := getattr(event, "installments", None), list):
        fields["installments"] = _schedule(language, installments, str(getattr(event, "currency", "")))
    text = _pick(language, SENTENCES[kind]).format(**fields)
    value_date = getattr(event, "value_date", None)
    if value_date is not None and value_date != event.business_date:
        text += _pick(language, VALUE_DATED).format(day=value_date)
    return text[:1].upper() + text[1:]


def delinquency(language: Language, change: DelinquencyChanged) -> str:
    """One sentence about a loan's change of bucket."""
    return _pick(language, DELINQUENCY).format(
        loan_id=change.loan_id,
        from_bucket=change.from_bucket,
        to_bucket=change.to_bucket,
        late=days(language, change.days_past_due),
        arrears=money(change.arrears),
    )


def days(language: Language, count: int) -> str:
    """`1 day`, `2 days`."""
    return f"{count} 天" if language == "zh" else f"{count:,} day{'' if count == 1 else 's'}"


def value_words(language: Language, name: str) -> str:
    """A closed value in words; in English, its name in small letters."""
    return VALUES.get(name, name) if language == "zh" else name.lower().replace("_", " ")


def money(amount: Money | NonNegativeMoney) -> str:
    """For example `1,234.50 CNY`."""
    return money_text(amount.amount_minor, amount.currency)


def _pick(language: Language, texts: tuple[str, str]) -> str:
    return texts[LANGUAGES.index(language)]


def _said(language: Language, name: str, value: Any) -> str:  # noqa: ANN401  any field of any event
    match value:
        case None:
            return _pick(language, OPEN_END) if name == "until_date" else DASH
        case Money() | NonNegativeMoney():
            return money(value)
        case list():
            return ", ".join(map(str, value))
        case str() if name not in _QUOTED and value in VALUES and not name.endswith("_id"):
            return value_words(language, value)
        case _:
            return str(value)


def _schedule(language: Language, installments: list[Installment], currency: str) -> str:
    total = money_text(sum(each.amount_minor for each in installments), currency)
    first, last = installments[0].due_date, installments[-1].due_date
    return _pick(language, SCHEDULE).format(n=len(installments), first=first, last=last, total=total)
