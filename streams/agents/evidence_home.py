"""The evidence log of a worker: made at the first start, tied to one set of topics, opened with its key.

Rule 1: a log and the topics it was read from belong together. Records are known in the log by their offset, so against
other topics (made anew, or of another cluster) it would take new records for old ones and leave them out, silently.
Rule 2: everything wrong here ends the worker with one line; restarting changes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import msgspec
from confluent_kafka import KafkaException, TopicCollection

from streams.engine import client
from streams.engine.errors import Misconfigured
from streams.evidence.errors import EvidenceError
from streams.evidence.files import write_durably
from streams.evidence.keys import KEY_VARIABLE, activate_key, guard_of, key_history, load_key
from streams.evidence.note import SigningKey
from streams.evidence.signing import CheckpointSigner
from streams.evidence.store import EvidenceLog, create_log
from streams.settings import Settings

#: Who made the log and brought its first key into force, where no person did.
_ACTOR = "forewarn.preserve"
_TIMEOUT_S = 30


def open_home(settings: Settings, topics: Iterable[str]) -> tuple[EvidenceLog, CheckpointSigner]:
    """Open the log for appending and signing; make it if there is none yet.

    Args:
        topics: canonical names of the topics that are preserved.

    Raises:
        Misconfigured: no key, a log that cannot be opened, or one that belongs to other topics.
    """
    if not (settings.evidence_key_file or settings.evidence_key):
        raise Misconfigured(
            f"There is no signing key for the evidence log in {settings.evidence_dir}: set FOREWARN_EVIDENCE_KEY_FILE. If "
            "another worker keeps the evidence, name this one's agents: `forewarn worker sequence assess learn portfolio`."
        )
    try:
        key_file = Path(settings.evidence_key_file) if settings.evidence_key_file else None
        key = load_key(key_file, {KEY_VARIABLE: settings.evidence_key})
        directory = Path(settings.evidence_dir)
        if not (directory / "log.json").exists():
            create_log(directory, settings.evidence_origin or key.verifier.name)
        log = EvidenceLog(directory)
        _check_origin(log, settings)
        _bind(directory, _topic_ids(settings, topics))
        _begin(log, key)
    except EvidenceError as error:
        raise Misconfigured(str(error)) from error
    return log, CheckpointSigner(log, key, guard_of(key_file) if key_file else None)


def _check_origin(log: EvidenceLog, settings: Settings) -> None:
    if settings.evidence_origin and settings.evidence_origin != log.origin:
        raise Misconfigured(
            f"The log in {settings.evidence_dir} is named {log.origin}, but FOREWARN_EVIDENCE_ORIGIN says "
            f"{settings.evidence_origin}. A log keeps its name: correct the setting, or name another directory."
        )


def _begin(log: EvidenceLog, key: SigningKey) -> None:
    """Bring the first key into force in a new log."""
    if not key_history(log):
        activate_key(log, key, None, dt.datetime.now(dt.UTC), _ACTOR)


def _topic_ids(settings: Settings, topics: Iterable[str]) -> dict[str, str]:
    """What the cluster calls each topic for as long as it exists (KIP-516), by canonical name."""
    names = {settings.topic_prefix + topic: topic for topic in topics}
    admin = client.admin(settings)  # must outlive its futures

    def ask() -> dict[str, str]:
        answers = admin.describe_topics(TopicCollection(list(names)), request_timeout=_TIMEOUT_S)
        return {names[name]: str(future.result().topic_id) for name, future in answers.items()}

    try:
        return client.patiently(ask, _TIMEOUT_S)
    except KafkaException as error:
        raise Misconfigured(f"The topics cannot be described: {error.args[0].str()}.") from error


def _bind(directory: Path, ids: dict[str, str]) -> None:
    """Tie a new log to its topics; refuse topics that a log was not made from."""
    path = directory / "topics.json"
    known = msgspec.json.decode(path.read_bytes(), type=dict[str, str]) if path.exists() else {}
    strange = sorted(topic for topic in ids if known.get(topic, ids[topic]) != ids[topic])
    if strange:
        raise Misconfigured(
            f"The evidence log in {directory} was made from other topics: {', '.join(strange)} of this cluster is not "
            "the one it knows. Keep that log as it is, and give these topics one of their own: set "
            "FOREWARN_EVIDENCE_DIR to a new directory."
        )
    if known.keys() < ids.keys():
        write_durably(path, msgspec.json.encode(known | ids, order="sorted"))
