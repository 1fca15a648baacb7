"""The timeline as a PDF for paper, in English and Chinese. It holds every glyph it shows, so it looks alike anywhere."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from streams.evidence.fonts import LATIN, marked, register
from streams.evidence.money import money_text
from streams.evidence.timeline import label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.evidence.indicators import WilfulnessEvidence
    from streams.evidence.timeline import Page, Row

_MARGIN = 15 * mm
_GRID = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.HexColor("#bbbbbb")),
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eeeeee")),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
)


def render_pdf(page: Page) -> bytes:
    """The whole timeline as PDF bytes. The same page gives the same bytes."""
    register()
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"Loan {page.loan_id}: timeline",
        author=page.origin,
        invariant=True,
        initialFontName=LATIN,
    )
    footer = _footer(page)
    document.build(_story(page), onFirstPage=footer, onLaterPages=footer)
    return target.getvalue()


def _story(page: Page) -> list[Any]:
    """Everything on the paper, in order."""
    body, small = _style(8), _style(6.5, colors.HexColor("#444444"))
    story: list[Any] = [
        _cell(f"Loan {page.loan_id}: timeline / 借款 {page.loan_id} 时间线", _style(15)),
        Spacer(1, 3 * mm),
    ]
    story += [_cell(line, body) for line in _head_lines(page)]
    story += [
        Spacer(1, 4 * mm),
        _cell("Unwilling or unable / 恶意拖欠或无力偿还", _style(12)),
        *[_cell(line, body) for line in _sign_lines(page.signs)],
        Spacer(1, 4 * mm),
        _cell("History / 经过", _style(12)),
        Spacer(1, 2 * mm),
        _history(page.rows, body, small),
    ]
    story += [
        Spacer(1, 6 * mm),
        _cell("Days past due, step by step / 逾期天数逐步计算", _style(12)),
        Spacer(1, 2 * mm),
    ]
    story += [_cell(page.calculation["method"][language], body) for language in ("en", "zh")]
    story += [_cell(note, body) for note in page.calculation["notes"]]
    story += [Spacer(1, 2 * mm), _steps(page.calculation, body)]
    if page.calculation["comparisons"]:
        story += [Spacer(1, 6 * mm), _cell("What the system stated, recomputed / 系统所示与复算", _style(12))]
        story += [_cell(page.calculation["comparison_method"][language], body) for language in ("en", "zh")]
        story += [Spacer(1, 2 * mm), _comparisons(page.calculation["comparisons"], body)]
    return story


def _head_lines(page: Page) -> list[str]:
    """The lines above the history."""
    result, currency = page.calculation["result"], page.calculation["currency"]
    return [
        f"Case / 案件: {page.case}",
        f"Legal basis / 法律依据: {page.legal_basis}",
        f"Made at / 制作时间: {page.made_at}",
        f"Log / 日志: {page.origin}, {page.size} entries, root {page.root}",
        f"Signing key / 签名密钥: {page.key}",
        f"Clocks / 时钟: {' | '.join(page.clocks)}",
        (
            f"Standing on {page.calculation['as_of']}: {result['days_past_due']} days past due, arrears "
            f"{money_text(result['arrears_minor'], currency)}, oldest unmet due date "
            f"{result['oldest_unmet_due_date'] or 'none'} / 截至 {page.calculation['as_of']} 的状态: "
            f"逾期 {result['days_past_due']} 天, 欠款 {money_text(result['arrears_minor'], currency)}, "
            f"最早未还应还日 {result['oldest_unmet_due_date'] or '无'}"
        ),
        (
            "This paper is for reading. Proof is in entries.jsonl, proofs/ and checkpoints/, checked by verify.py. / "
            "本文件仅供阅读; 证明以 entries.jsonl、proofs/ 与 checkpoints/ 为准, 由 verify.py 校验。"
        ),
    ]


def _sign_lines(signs: WilfulnessEvidence) -> list[str]:
    """Signs of both kinds, and what a person decided."""
    caution = (
        "No score and no conclusion; a sign of hardship never weighs against the borrower. / "
        "系统不评分、不作结论; 困难迹象不得作为对借款人不利的依据。"
    )
    lines = [caution]
    for sign in signs.indicators:
        side = "unwilling / 恶意" if sign.side == "strategic" else "unable / 困难"
        lines.append(f"{side}: {sign.text_en} / {sign.text_zh} ({', '.join(map(str, sign.entries))})")
    if not signs.indicators:
        lines.append("none / 无")
    decided = signs.decision
    if decided is None:
        lines.append(
            "No person has decided yet; no legal step may rest on this. / 尚无人工决定, 不得据此采取法律措施。"
        )
    else:
        reason = f": {decided.reason}" if decided.reason else ""
        lines.append(
            f"Decided by a person / 人工决定: {decided.decided_by}, {decided.decision}, {decided.finding}, "
            f"entry {decided.entry}{reason}"
        )
    return lines


def _history(rows: Sequence[Row], body: ParagraphStyle, small: ParagraphStyle) -> LongTable:
    """The table of entries and due dates."""
    table = [[_cell(text, body) for text in ("Day / 日期", "What / 事项", "Details / 内容", "Entry / 条目")]]
    for row in rows:
        shown = [f"{label(english, chinese)}: {value}" for english, chinese, value in row.details] + row.notes
        where = (
            [f"{row.entry} ({row.chain})", f"recorded / 记录于 {row.recorded_at}", f"source / 来源 {row.actor}"]
            if row.entry is not None
            else ["from the schedule / 依还款计划"]
        )
        table.append(
            [
                _cell(row.day, body),
                _cell(f"{row.title_en}\n{row.title_zh}", body),
                _cell("\n".join(shown), body),
                _cell("\n".join(where), small),
            ]
        )
    return LongTable(table, colWidths=[20 * mm, 40 * mm, 78 * mm, 42 * mm], repeatRows=1, style=_GRID)


def _steps(calculation: dict[str, Any], body: ParagraphStyle) -> LongTable:
    """The table of the calculation."""
    currency = calculation["currency"]
    heads = (
        "Day / 日期",
        "Due before / 此前应还",
        "Paid until / 累计已还",
        "Arrears / 欠款",
        "Oldest unmet / 最早未还",
        "Days / 天数",
    )
    table = [[_cell(text, body) for text in heads]]
    for step in calculation["steps"]:
        amounts = [
            money_text(step[name], currency) for name in ("due_before_minor", "paid_until_minor", "arrears_minor")
        ]
        cells = [step["day"], *amounts, step["oldest_unmet_due_date"] or "-", str(step["days_past_due"])]
        table.append([_cell(text, body) for text in cells])
    return LongTable(table, colWidths=[24 * mm, 36 * mm, 36 * mm, 34 * mm, 30 * mm, 20 * mm], repeatRows=1, style=_GRID)


def _comparisons(rows: Sequence[dict[str, Any]], body: ParagraphStyle) -> LongTable:
    """The table of stated and recomputed figures."""
    heads = (
        "Day / 日期",
        "Entry / 条目",
        "Stated / 系统所示",
        "Known then / 依当时已知",
        "All entries / 依全部条目",
        "",
    )
    table = [[_cell(text, body) for text in heads]]
    for row in rows:
        known = " or ".join(map(str, row["from_entries_known_then"]))
        verdict = "agrees / 一致" if row["agrees"] else "differs / 不一致"
        cells = [
            row["day"],
            str(row["entry"]),
            str(row["stated_days_past_due"]),
            known,
            str(row["from_all_entries"]),
            verdict,
        ]
        table.append([_cell(text, body) for text in cells])
    return LongTable(table, colWidths=[24 * mm, 20 * mm, 34 * mm, 36 * mm, 36 * mm, 30 * mm], repeatRows=1, style=_GRID)


def _cell(text: str, style: ParagraphStyle) -> Paragraph:
    """Text as a cell that wraps; nothing in it is markup."""
    return Paragraph(marked(text).replace("\n", "<br/>"), style)


def _style(size: float, color: colors.Color = colors.black) -> ParagraphStyle:
    """A paragraph style that breaks lines as Chinese does, anywhere."""
    return ParagraphStyle(
        f"s{size}", fontName=LATIN, fontSize=size, leading=size * 1.4, textColor=color, wordWrap="CJK"
    )


def _footer(page: Page) -> Any:  # noqa: ANN401  a callback of reportlab, which is untyped
    """Page number, loan and root on every page."""

    def draw(canvas: Any, document: Any) -> None:  # noqa: ANN401
        canvas.saveState()
        canvas.setFont(LATIN, 7)
        canvas.drawString(_MARGIN, 8 * mm, f"{page.loan_id} | {page.size} entries, root {page.root}")
        canvas.drawRightString(A4[0] - _MARGIN, 8 * mm, str(document.page))
        canvas.restoreState()

    return draw
