"""What a process may do on the cluster, asked of the cluster itself before anything else is tried.

Kafka tells a client which operations it has on a topic or a group (KIP-430). So everything that is missing is said at
once, in one line, before a consumer joins a group. Transactional ids cannot be asked about: opening one tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Literal, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from streams.engine import client, refused
from streams.engine.errors import Misconfigured
from streams.settings import Settings

_TIMEOUT_S = 30

Kind = Literal["topic", "group", "transactional id"]


class Right(NamedTuple):
    """An operation on one resource, named as Kafka does. `name` is without the prefix of the installation."""

    operation: str
    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.operation} on {self.kind} {self.name}"


def require(settings: Settings, rights: Iterable[Right]) -> None:
    """Stop unless the cluster allows all of it.

    Raises:
        Misconfigured: names every right that is missing.
    """
    wanted = list(rights)
    allowed = client.patiently(lambda: _allowed(settings, wanted), _TIMEOUT_S)
    missing = [r for r in wanted if r.kind != "transactional id" and not _has(allowed[r.kind, r.name], r.operation)]
    if missing:
        named = ", ".join(str(right._replace(name=settings.topic_prefix + right.name)) for right in missing)
        raise Misconfigured(refused.forbidden(settings, f"{named} missing"))


def _allowed(settings: Settings, wanted: list[Right]) -> dict[tuple[Kind, str], frozenset[str] | None]:
    """The operations that are allowed, by resource; None where the cluster does not say: then trying tells."""
    admin, prefix = client.admin(settings), settings.topic_prefix  # the client must outlive its futures
    topics, groups = (sorted({prefix + r.name for r in wanted if r.kind == kind}) for kind in ("topic", "group"))
    described: dict[Kind, Mapping[str, Future[Any]]] = {
        "topic": admin.describe_topics(
            TopicCollection(topics), include_authorized_operations=True, request_timeout=_TIMEOUT_S
        ),
        "group": _groups(admin, groups),
    }
    return {
        (kind, name.removeprefix(prefix)): _operations(future)
        for kind, found in described.items()
        for name, future in found.items()
    }


def _groups(admin: AdminClient, names: list[str]) -> Mapping[str, Future[Any]]:
    if not names:
        return {}
    return admin.describe_consumer_groups(names, include_authorized_operations=True, request_timeout=_TIMEOUT_S)


def _operations(future: Future[Any]) -> frozenset[str] | None:
    try:
        operations = future.result().authorized_operations
    except KafkaException as error:
        code = error.args[0].code()
        if code in refused.FORBIDDEN:
            return frozenset()
        if code == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise
    return None if operations is None else frozenset(operation.name for operation in operations)


def _has(allowed: frozenset[str] | None, operation: str) -> bool:
    return allowed is None or operation in allowed
