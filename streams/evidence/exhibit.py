"""The folder that goes to a court: what happened with one loan, in order, complete, provable without trust in us.

Decides the files of an exhibit and the order of making them. The making is itself an entry at the end of each chain
shown, so "these are all entries" is a signed statement at a known place in the log.
"""

from __future__ import annotations

import base64
import dataclasses
import itertools
import shutil
from hashlib import sha256
from importlib import metadata, resources
from typing import TYPE_CHECKING, Any

import msgspec
import orjson

from streams.evidence.calculation import calculate
from streams.evidence.canonical import canonical_bytes
from streams.evidence.certificates import render_certificates
from streams.evidence.entry import Entry, Kind, borrower_chain, instant, loan_chain
from streams.evidence.errors import ExhibitError
from streams.evidence.gather import Item, Scope, disclose, entries_of, framing_checkpoints, scope_of, with_fields
from streams.evidence.indicators import WilfulnessEvidence, collect_indicators
from streams.evidence.keys import KeyRecord, key_history
from streams.evidence.merkle import leaf_hash
from streams.evidence.note import Note
from streams.evidence.pdf import render_pdf
from streams.evidence.proof import ConsistencyProof, InclusionProof
from streams.evidence.timeline import Page, build_rows, render_html

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from streams.evidence.signing import CheckpointSigner, Signed
    from streams.evidence.store import EvidenceLog

EXHIBIT_FORMAT = "forewarn-exhibit/1"
MANIFEST_HEADER = "forewarn exhibit/1"
_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants an exhibit of which loan, and why.

    Attributes:
        loan_id: the loan.
        case: the court's or the lender's reference.
        legal_basis: why the data may be given out.
        requested_by: opaque id of the person who asks.
        as_of: last business day of the calculation.
        withhold: personal fields not to be shown though they are kept.
    """

    loan_id: str
    case: str
    legal_basis: str
    requested_by: str
    as_of: dt.date
    withhold: frozenset[str] = frozenset()


class Exhibit(msgspec.Struct, frozen=True):
    """What was made: the folder, its id, how many entries, and the checkpoint they were proved against."""

    path: Path
    exhibit_id: str
    entries: int
    signed: Signed


def make_exhibit(
    log: EvidenceLog, signer: CheckpointSigner, request: Request, moment: dt.datetime, out: Path
) -> Exhibit:
    """Write the exhibit of one loan into a new folder.

    Args:
        log: the open log; an entry of kind `exhibit` is appended to each chain shown.
        signer: signs the checkpoint that all proofs lead to, and the manifest.
        request: what is asked for.
        moment: aware time of making.
        out: a folder that does not exist yet or is empty.

    Raises:
        ExhibitError: the folder is not empty, or the log knows nothing of the loan.
        SigningError: the log may not be signed; no exhibit is made of a log that contradicts itself.
    """
    if out.exists() and any(out.iterdir()):
        raise ExhibitError(f"{out} is not empty. Name a new folder: an exhibit never mixes with other files.")
    log.refresh()
    scope = scope_of(log, request.loan_id)
    exhibit_id = sha256(canonical_bytes([log.origin, log.size, request.loan_id, instant(moment)])).hexdigest()[:16]
    _record_making(log, scope, request, moment, exhibit_id)
    signed = signer.sign(moment)
    items = entries_of(log, scope)
    files = _Files(log, signer, request, moment, exhibit_id, scope, items, signed).all()
    _write_folder(out, files)
    return Exhibit(out, exhibit_id, len(items), signed)


def _write_folder(out: Path, files: dict[str, bytes]) -> None:
    """Write all files beside `out` and rename: the folder is there whole or not at all."""
    partial = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        for name, data in files.items():
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if out.exists():
            out.rmdir()
        partial.rename(out)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise ExhibitError(f"Could not write the exhibit to {out}: {error.strerror}. Nothing is left there.") from error


def _record_making(log: EvidenceLog, scope: Scope, request: Request, moment: dt.datetime, exhibit_id: str) -> None:
    """Close each chain shown with an entry that says how many came before it."""
    body = {
        "type": "exhibit_made",
        "exhibit_id": exhibit_id,
        "loan_id": request.loan_id,
        "case": request.case,
        "legal_basis": request.legal_basis,
    }
    places = [(scope.borrowers[0] if scope.borrowers else None, loan) for loan in scope.loans]
    entries = [
        Entry(
            kind=Kind.EXHIBIT,
            body=body | {"entries_before": _count(log, loan, borrower)},
            recorded_at=instant(moment),
            actor=request.requested_by,
            borrower_id=borrower,
            loan_id=loan,
        )
        for borrower, loan in [*places, *((borrower, None) for borrower in scope.borrowers)]
    ]
    log.append(entries)


def _count(log: EvidenceLog, loan: str | None, borrower: str | None) -> int:
    """Entries in a loan's or borrower's chain."""
    head = log.heads.get(loan_chain(loan) if loan else borrower_chain(str(borrower)))
    return head.sequence if head else 0


@dataclasses.dataclass(frozen=True)
class _Files:
    """Makes the bytes of every file of one exhibit."""

    log: EvidenceLog
    signer: CheckpointSigner
    request: Request
    moment: dt.datetime
    exhibit_id: str
    scope: Scope
    items: Sequence[Item]
    signed: Signed

    @property
    def history(self) -> list[KeyRecord]:
        """The log's keys, oldest first."""
        return key_history(self.log)

    def all(self) -> dict[str, bytes]:
        """File name -> bytes; the manifest names all others, and its note signs the manifest."""
        files = self._proofs() | self._checkpoints() | self._readable()
        files["entries.jsonl"] = b"".join(item.leaf + b"\n" for item in self.items)
        files["keys.json"] = orjson.dumps(
            {"origin": self.log.origin, "keys": [_key(record) for record in self.history]}, option=_PRETTY
        )
        files["verify.py"] = resources.files("streams.evidence").joinpath("verify.py").read_bytes()
        files["manifest.json"] = orjson.dumps(self._manifest(files), option=_PRETTY)
        files["manifest.note"] = self._manifest_note(files["manifest.json"])
        return files

    def _proofs(self) -> dict[str, bytes]:
        """An inclusion proof for every entry, all to the last checkpoint."""
        size, note = self.signed.checkpoint.size, self.signed.note
        return {
            f"proofs/{item.index}.tlog-proof": InclusionProof(
                item.index, self.log.inclusion(item.index, size), note
            ).encode()
            for item in self.items
        }

    def _checkpoints(self) -> dict[str, bytes]:
        """The framing checkpoints, the steps between them, and their timestamps where there are any."""
        chosen = framing_checkpoints(self.signer.file, self.history, self.items, self.signed)
        files = {f"checkpoints/{item.checkpoint.size}.note": item.note for item in chosen}
        for before, after in itertools.pairwise(chosen):
            old, new = before.checkpoint.size, after.checkpoint.size
            step = ConsistencyProof(old, new, self.log.consistency(old, new))
            files[f"checkpoints/{old}-{new}.consistency"] = step.encode()
        for item in chosen:
            token = self.log.directory / "timestamps" / f"{item.checkpoint.size:016d}.tsr"
            if token.exists():
                files[f"timestamps/{item.checkpoint.size}.tsr"] = token.read_bytes()
        return files

    def _readable(self) -> dict[str, bytes]:
        """What a person reads: timeline, calculation, certificates, and what is not shown."""
        shown, redactions = disclose(self.log, self.items, self.request.withhold)
        contents = [with_fields(item, shown) for item in self.items]
        calculation = calculate(contents, self.request.loan_id, self.request.as_of)
        signs = collect_indicators(contents, self.request.loan_id, self.request.as_of)
        page = self._page(build_rows(contents, calculation, redactions), calculation, signs)
        return {
            "calculation.json": orjson.dumps(calculation, option=_PRETTY),
            "disclosures.json": orjson.dumps(shown, option=_PRETTY),
            "indicators.json": orjson.dumps(msgspec.to_builtins(signs), option=_PRETTY),
            "redactions.json": orjson.dumps(redactions, option=_PRETTY),
            "timeline.html": render_html(page).encode(),
            "timeline.pdf": render_pdf(page),
        } | render_certificates(self._facts())

    def _page(self, rows: list[Any], calculation: dict[str, Any], signs: WilfulnessEvidence) -> Page:
        return Page(
            self.request.loan_id,
            self.request.case,
            self.request.legal_basis,
            instant(self.moment),
            self.log.origin,
            self.signed.checkpoint.size,
            base64.b64encode(self.signed.checkpoint.root).decode(),
            str(self.history[-1].key),
            sorted({item.content["clock"] for item in self.items}),
            rows,
            calculation,
            signs,
        )

    def _facts(self) -> dict[str, object]:
        """What the certificates name."""
        times = sorted(item.content["recorded_at"] for item in self.items)
        key = self.history[-1].key
        return {
            "case": self.request.case,
            "exhibit_id": self.exhibit_id,
            "loan_id": self.request.loan_id,
            "made_at": instant(self.moment),
            "version": metadata.version("forewarn"),
            "first": times[0],
            "last": times[-1],
            "origin": self.log.origin,
            "size": self.signed.checkpoint.size,
            "root": base64.b64encode(self.signed.checkpoint.root).decode(),
            "count": len(self.items),
            "key": str(key),
            "fingerprint": sha256(key.public).hexdigest(),
        }

    def _manifest(self, files: dict[str, bytes]) -> dict[str, Any]:
        """What the exhibit holds and whence."""
        counts: dict[str, int] = {}
        for item in self.items:
            chain = item.content["chain"]["id"]
            counts[chain] = counts.get(chain, 0) + 1
        return {
            "format": EXHIBIT_FORMAT,
            "exhibit_id": self.exhibit_id,
            "case": self.request.case,
            "legal_basis": self.request.legal_basis,
            "requested_by": self.request.requested_by,
            "made_at": instant(self.moment),
            "tool": {"name": "forewarn", "version": metadata.version("forewarn")},
            "origin": self.log.origin,
            "loan_id": self.request.loan_id,
            "loans": self.scope.loans,
            "borrowers": self.scope.borrowers,
            "as_of": self.request.as_of.isoformat(),
            "tree_size": self.signed.checkpoint.size,
            "chains": {
                chain: {"entries": counts[chain], "complete": chain in self.scope.chains} for chain in sorted(counts)
            },
            "entries": [{"index": item.index, "leaf_hash": leaf_hash(item.leaf).hex()} for item in self.items],
            "files": {name: sha256(data).hexdigest() for name, data in sorted(files.items())},
        }

    def _manifest_note(self, manifest: bytes) -> bytes:
        """A signed note over the manifest, with the time of signing."""
        text = f"{MANIFEST_HEADER}\n{self.log.origin}\n{self.exhibit_id}\nsha256 {sha256(manifest).hexdigest()}\n"
        return Note(text, self.signer.signatures(text, self.moment)).encode()


def _key(record: KeyRecord) -> dict[str, str]:
    """A key as `keys.json` shows it."""
    return {
        "key": str(record.key),
        "fingerprint_sha256": sha256(record.key.public).hexdigest(),
        "valid_from": instant(record.valid_from),
        "valid_until": instant(record.valid_until),
        "statement": record.statement,
    }
