"""The commands about evidence: `exhibit`, `erase`, and the group `evidence`. Each is one call of this package."""

from __future__ import annotations

import datetime as dt
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from streams.evidence.audit import audit_log
from streams.evidence.entry import instant
from streams.evidence.erasure import Retention, erase_borrower, erase_expired
from streams.evidence.errors import EvidenceError
from streams.evidence.exhibit import Request, make_exhibit
from streams.evidence.files import write_durably
from streams.evidence.gather import entries_of, last_business_date, scope_of, with_shown_fields
from streams.evidence.indicators import collect_indicators
from streams.evidence.keys import (
    KEY_VARIABLE,
    activate_key,
    generate_key,
    guard_of,
    key_history,
    load_key,
    write_key_file,
)
from streams.evidence.retention import longest_retention
from streams.evidence.signing import CheckpointSigner
from streams.evidence.store import EvidenceLog, create_log
from streams.evidence.timestamp import fetch_timestamp, keep_timestamp, load_certificates
from streams.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.evidence.note import SigningKey

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


def _from_settings(_context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """The option, or else the setting FOREWARN_ + its name."""
    if value is not None:
        return value
    own = getattr(load(), _SETTINGS[str(parameter.name)])
    return Path(own) if own else None


_SETTINGS = {"log_dir": "evidence_dir", "key_file": "evidence_key_file"}
_log = click.option(
    "--log", "log_dir", type=_FOLDER, callback=_from_settings,
    help="Directory of the evidence log. Default: FOREWARN_EVIDENCE_DIR, else .forewarn/evidence.",
)  # fmt: skip
_key = click.option(
    "--key", "key_file", type=_FILE, callback=_from_settings,
    help="File of the signing key. Default: FOREWARN_EVIDENCE_KEY_FILE, else the key is in FOREWARN_EVIDENCE_KEY.",
)  # fmt: skip
_by = click.option("--by", "actor", required=True, help="Opaque id of the person who asks; never a name.")


def _plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show an evidence error as one line and exit with 1."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  whatever the command takes
        try:
            return command(*args, **kwargs)
        except EvidenceError as error:
            raise click.ClickException(str(error)) from error

    return run


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _load(key_file: Path | None) -> SigningKey:
    """The key from its file or the settings."""
    return load_key(key_file, {KEY_VARIABLE: load().evidence_key})


def _signer(log: EvidenceLog, key_file: Path | None) -> CheckpointSigner:
    """The signer with its guard beside the key file; a key from the environment has none."""
    return CheckpointSigner(log, _load(key_file), guard_of(key_file) if key_file else None)


@click.command(
    epilog="Example: forewarn exhibit --loan L-1 --out exhibit --case 77/2026 --basis 'court order' --by staff-9"
)
@_log
@_key
@_by
@click.option("--loan", "loan_id", required=True, help="The loan.")
@click.option("--out", type=_FOLDER, required=True, help="A new folder for the exhibit.")
@click.option("--case", required=True, help="The court's or your own reference.")
@click.option("--basis", required=True, help="Why the data may be given out, for example a court order.")
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="Last day of the calculation. Default: the lender's newest business date in the log.",
)
@click.option("--withhold", multiple=True, help="Personal field not to be shown; may be repeated.")
@_plainly
def exhibit(log_dir: Path, key_file: Path | None, actor: str, loan_id: str, out: Path, **options: Any) -> None:  # noqa: ANN401
    """Write the evidence about one loan into a folder that verifies offline."""
    moment, given = _now(), options["as_of"]
    with EvidenceLog(log_dir) as log:
        as_of = given.date() if given else last_business_date(log) or moment.date()
        request = Request(
            loan_id=loan_id,
            case=options["case"],
            legal_basis=options["basis"],
            requested_by=actor,
            as_of=as_of,
            withhold=frozenset(options["withhold"]),
        )
        made = make_exhibit(log, _signer(log, key_file), request, moment, out)
    click.echo(
        f"{made.entries} entries about loan {loan_id} in {out}. Check them anywhere: python3 {out / 'verify.py'}"
    )


@click.command(epilog="\b\nExample: forewarn erase --borrower B-1 --by staff-9 --pack cn@2026.1 --keep-days 1825")
@_log
@_by
@click.option("--borrower", "borrower_id", required=True, help="The borrower.")
@click.option("--reason", default="request of the person", show_default=True)
@click.option("--pack", default="none", show_default=True, help="Policy pack that sets the retention, name@version.")
@click.option(
    "--keep-days", type=click.IntRange(min=0), help="Days to keep a field. Default: as the packs in the log say."
)
@_plainly
def erase(log_dir: Path, actor: str, borrower_id: str, reason: str, pack: str, keep_days: int | None) -> None:
    """Erase a borrower's personal fields; every entry and proof stays valid.

    Policy packs oblige a lender to keep records for years. The longest period of the packs in force, as the log has
    them, is respected unless --keep-days says another.
    """
    with EvidenceLog(log_dir) as log:
        if keep_days is None:
            pack, keep_days = longest_retention(log)
        done = erase_borrower(log, borrower_id, _now(), actor, reason, Retention(pack, minimum_days=keep_days))
    click.echo(f"{done.erased} fields erased and recorded.")
    if done.kept:
        click.echo(f"{done.kept} fields must be kept under {pack}; the last of them until {done.kept_until}.")


@click.group()
def evidence() -> None:
    """The tamper-evident log: check it, sign it, look after its keys."""


@evidence.command(short_help="Check every entry of the log.", epilog="Example: forewarn evidence verify")
@_log
@click.option("--rebuild", is_flag=True, help="First make tree and heads again from the segments.")
@_plainly
def verify(log_dir: Path, *, rebuild: bool) -> None:
    """Check every entry, link, checkpoint and personal field of the log."""
    with EvidenceLog(log_dir) as log:
        if rebuild:
            log.rebuild()
        audit = audit_log(log)
    for problem in audit.problems:
        click.echo(f"FAIL  {problem}")
    click.echo(f"{audit.entries} entries in {audit.chains} chains, {audit.checkpoints} checkpoints.")
    if audit.problems:
        raise click.ClickException(
            f"{len(audit.problems)} problems. Keep {log_dir} as it is and restore a copy beside it."
        )
    click.echo("All of it holds.")


@evidence.command(
    short_help="Signs that a borrower will not pay beside signs that they cannot.",
    epilog="Example: forewarn evidence indicators --loan l-42",
)
@_log
@click.option("--loan", "loan_id", required=True, help="The loan.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for a program.")
@_plainly
def indicators(log_dir: Path, loan_id: str, *, as_json: bool) -> None:
    """Set signs that a borrower will not pay beside signs that they cannot, for a person to decide.

    Nothing is scored or concluded. The decision is an event legal_step_decided on topic contacts; without one no legal
    step is permitted.
    """
    with EvidenceLog(log_dir) as log:
        scope = scope_of(log, loan_id)
        contents = with_shown_fields(log, entries_of(log, scope))
        as_of = last_business_date(log) or _now().date()
    signs = collect_indicators(contents, loan_id, as_of)
    if as_json:
        click.echo(msgspec.json.encode(signs))
        return
    for side, words in (("strategic", "Speaks for unwilling"), ("hardship", "Speaks for unable")):
        for sign in [sign for sign in signs.indicators if sign.side == side]:
            click.echo(f"{words}: {sign.text_en} (entries {', '.join(map(str, sign.entries))}; {sign.code})")
    if not signs.indicators:
        click.echo("No sign of either.")
    decided = signs.decision
    click.echo(
        f"Decided by {decided.decided_by}: {decided.decision}, {decided.finding} (entry {decided.entry})."
        if decided
        else "No person has decided yet; no legal step may rest on this."
    )


@evidence.command(
    short_help="Sign the log as it stands.", epilog="Example: forewarn evidence checkpoint --key evidence.key"
)
@_log
@_key
@click.option("--tsa", default=None, help="Address of an RFC 3161 timestamp authority.")
@click.option("--tsa-roots", type=_FILE, default=None, help="Root certificates of the authority (PEM).")
@_plainly
def checkpoint(log_dir: Path, key_file: Path | None, tsa: str | None, tsa_roots: Path | None) -> None:
    """Sign the log as it stands, and have the signature timestamped if an authority is given."""
    if tsa and not tsa_roots:
        raise click.UsageError("--tsa needs --tsa-roots: a token is only worth what its root is.")
    with EvidenceLog(log_dir) as log:
        signed = _signer(log, key_file).sign(_now())
        click.echo(signed.note.decode(), nl=False)
        if tsa and tsa_roots:
            token = fetch_timestamp(tsa, signed.note, load_certificates(tsa_roots))
            click.echo(f"timestamp kept in {keep_timestamp(log_dir, signed.checkpoint.size, token)}", err=True)


@evidence.command(
    short_help="Erase personal fields older than the policy pack allows.",
    epilog="Example: forewarn evidence expire --by staff-9 --pack cn@2026.1 --days 1825",
)
@_log
@_by
@click.option("--pack", required=True, help="Policy pack that sets the retention, name@version.")
@click.option("--days", required=True, type=click.IntRange(min=1), help="Days after which personal fields must go.")
@_plainly
def expire(log_dir: Path, actor: str, pack: str, days: int) -> None:
    """Erase all personal fields that are older than the policy pack allows."""
    with EvidenceLog(log_dir) as log:
        done = erase_expired(log, _now(), actor, Retention(pack, maximum_days=days))
    click.echo(f"{done.erased} fields erased and recorded.")


@evidence.group()
def keys() -> None:
    """Signing keys: make the first, rotate, list."""


@keys.command(
    epilog="Example: forewarn evidence keys init --by staff-9 --origin lender.example/evidence --key evidence.key"
)
@_log
@_by
@click.option(
    "--origin", required=True, help="The log's name in every checkpoint, for example lender.example/evidence."
)
@click.option("--key", "key_file", type=_FILE, required=True, help="New file for the private key.")
@_plainly
def init(log_dir: Path, actor: str, origin: str, key_file: Path) -> None:
    """Make an empty log and its first key."""
    create_log(log_dir, origin)
    key = generate_key(origin)
    write_key_file(key_file, key)
    with EvidenceLog(log_dir) as log:
        activate_key(log, key, None, _now(), actor)
    click.echo(f"Publish this key where others can find it; whoever checks an exhibit needs it:\n{key.verifier}")


@keys.command(
    short_help="Bring a new key into force.",
    epilog="\b\nExample: forewarn evidence keys rotate --by staff-9 --key evidence.key --new-key next.key",
)
@_log
@_key
@_by
@click.option("--new-key", type=_FILE, required=True, help="New file for the next private key.")
@_plainly
def rotate(log_dir: Path, key_file: Path | None, actor: str, new_key: Path) -> None:
    """Bring a new key into force, signed by itself and by the key it follows."""
    with EvidenceLog(log_dir) as log:
        old, key = _load(key_file), generate_key(log.origin)
        write_key_file(new_key, key)
        try:
            record = activate_key(log, key, old, _now(), actor)
        except EvidenceError:
            new_key.unlink()
            raise
    if key_file and guard_of(key_file).exists():
        write_durably(guard_of(new_key), guard_of(key_file).read_bytes())
    click.echo(f"{key.verifier} is in force from {instant(record.valid_from)}. Point the worker at {new_key}.")


@keys.command("list", epilog="Example: forewarn evidence keys list")
@_log
@_plainly
def list_keys(log_dir: Path) -> None:
    """Show every key and when it was or is in force."""
    with EvidenceLog(log_dir) as log:
        for record in key_history(log):
            click.echo(f"{record.key}  from {instant(record.valid_from)} until {instant(record.valid_until)}")
