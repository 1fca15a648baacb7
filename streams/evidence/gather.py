"""Which entries belong in the exhibit of one loan, what of their fields is shown, which checkpoints frame them.

Whole: the loan's chain, the chains of its borrowers (alerts, payments that named no loan), the keys. In part: the
policy packs that a decision names. A borrower's other loans come in only when a payment named no loan, for then the
days past due of this loan depend on them.
"""

from __future__ import annotations

import bisect
import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from streams.evidence.entry import KEYS_CHAIN, LOG_CHAIN, POLICY_CHAIN, borrower_chain, loan_chain
from streams.evidence.errors import ExhibitError
from streams.evidence.signing import CheckpointFile, Signed, read_signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streams.evidence.keys import KeyRecord
    from streams.evidence.store import EvidenceLog

Content = dict[str, Any]
#: Acts toward a person: for each, the checkpoints just before and just after it are shown.
_ACTS = frozenset({"alert", "action", "decision", "human_decision", "erasure"})
_WITHHELD = "withheld by the maker of this exhibit"
_ERASED = "erased"
_MISSING = "missing without a recorded erasure"


class Scope(msgspec.Struct, frozen=True):
    """The chains shown whole, and the borrowers and loans they speak of."""

    chains: list[str]
    borrowers: list[str]
    loans: list[str]


class Item(msgspec.Struct, frozen=True):
    """One entry: its exact bytes and what they say."""

    leaf: bytes
    content: Content

    @property
    def index(self) -> int:
        """Leaf index."""
        return int(self.content["index"])


def scope_of(log: EvidenceLog, loan_id: str) -> Scope:
    """The chains that the exhibit of a loan needs whole.

    Raises:
        ExhibitError: the log knows nothing of the loan.
    """
    own = _items(log.chain(loan_chain(loan_id)))
    if not own:
        raise ExhibitError(f"The log holds no entry about loan {loan_id}. Check the id; ids are case-sensitive.")
    borrowers = sorted({item.content["borrower_id"] for item in own if item.content["borrower_id"]})
    loans = [loan_id]
    for borrower in borrowers:
        if any(_names_no_loan(item.content) for item in _items(log.chain(borrower_chain(borrower)))):
            loans += [other for other in log.heads.loans(borrower) if other not in loans]
    chains = [loan_chain(loan) for loan in loans] + [borrower_chain(borrower) for borrower in borrowers]
    return Scope([*chains, KEYS_CHAIN], borrowers, loans)


def last_business_date(log: EvidenceLog) -> dt.date | None:
    """The lender's newest logical day that the log knows, or None when no day was ever announced."""
    for leaf in log.backwards(LOG_CHAIN):
        body = orjson.loads(leaf)["body"]
        if body.get("type") == "business_date_advanced":
            return dt.date.fromisoformat(body["business_date"])
    return None


def entries_of(log: EvidenceLog, scope: Scope) -> list[Item]:
    """All entries in scope and the policy packs they name, in order of the log."""
    items = [item for chain in scope.chains for item in _items(log.chain(chain))]
    items += _named_policies(_items(log.chain(POLICY_CHAIN)), items)
    return sorted(items, key=lambda item: item.index)


def with_shown_fields(log: EvidenceLog, items: Sequence[Item]) -> list[Content]:
    """The entries' contents with the personal fields that are still kept put back, for reading."""
    shown, _ = disclose(log, items, frozenset())
    return [with_fields(item, shown) for item in items]


def with_fields(item: Item, shown: dict[str, Any]) -> Content:
    """One entry's content with the personal fields that are shown put back."""
    fields = {path: orjson.loads(field["value"]) for path, field in shown.get(str(item.index), {}).items()}
    return item.content | {"body": item.content["body"] | fields}


def disclose(
    log: EvidenceLog, items: Sequence[Item], withhold: frozenset[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Personal fields that are shown (with their salts), and those that are not, each with the reason."""
    erased = {
        (int(field["index"]), str(field["path"])): item.content
        for item in items
        if item.content["kind"] == "erasure"
        for field in item.content["body"]["fields"]
    }
    shown: dict[str, Any] = {}
    redactions: list[dict[str, Any]] = []
    for item in items:
        kept = {field.path: field for field in log.private_fields(item.index)}
        for path, digest in sorted(item.content["commitments"].items()):
            if path in kept and path not in withhold:
                field = kept[path]
                shown.setdefault(str(item.index), {})[path] = {"salt": field.salt.hex(), "value": field.value.decode()}
                continue
            cause = erased.get((item.index, path))
            status = _WITHHELD if path in kept else _ERASED if cause else _MISSING
            redactions.append(
                {
                    "index": item.index,
                    "path": path,
                    "commitment": digest,
                    "status": status,
                    "erased_at": cause["recorded_at"] if cause and status == _ERASED else None,
                    "erased_by_entry": cause["index"] if cause and status == _ERASED else None,
                }
            )
    return shown, redactions


def framing_checkpoints(
    file: CheckpointFile, history: list[KeyRecord], items: Iterable[Item], last: Signed
) -> list[Signed]:
    """The first checkpoint, the last, and those just before and just after each act, in order of size."""
    sizes = file.sizes()
    wanted = {0, len(sizes) - 1}
    for item in items:
        if item.content["kind"] in _ACTS:
            after = bisect.bisect_right(sizes, item.index)
            wanted |= {max(0, after - 1), min(after, len(sizes) - 1)}
    chosen = [read_signed(note, history) for place, note in enumerate(file.notes()) if place in wanted]
    assert chosen[-1].note == last.note
    return chosen


def _items(leaves: Iterable[bytes]) -> list[Item]:
    return [Item(leaf, orjson.loads(leaf)) for leaf in leaves]


def _names_no_loan(content: Content) -> bool:
    """Whether this is a payment without a loan."""
    return content["body"].get("type") == "payment_received" and not content["loan_id"]


def _named_policies(policies: Sequence[Item], items: Sequence[Item]) -> list[Item]:
    """The first activation of every policy that an entry names, as `name@version`, name, or version."""
    named: set[str] = set()
    for item in items:
        body = item.content["body"]
        for field in ("pack_version", "policy_version", "pack", "policy", "plan"):
            if isinstance(body.get(field), str):
                named.add(body[field])
        decision = body.get("decision")
        for holder in (body, decision if isinstance(decision, dict) else {}):
            if isinstance(packs := holder.get("packs"), list):
                named.update(pack for pack in packs if isinstance(pack, str))
    found: dict[tuple[str, str], Item] = {}
    for item in policies:
        name, version = str(item.content["body"].get("name", "")), str(item.content["body"].get("version", ""))
        if {f"{name}@{version}", version} & named:
            found.setdefault((name, version), item)
    return list(found.values())
