"""A cluster as a bank runs it: TLS, SCRAM-SHA-512, an authorizer that allows nothing by itself. One for the session."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from streams.agents.groups import AGENTS
from streams.engine import client, topics_admin
from streams.engine.rights import Right
from streams.sandbox.broker import Cluster
from streams.sandbox.broker_config import ClusterSettings
from streams.settings import PREFIX, Settings, load
from tests.secure.certificates import Authority

ADMIN = "admin"
AGENT_USERS = AGENTS
#: `stranger` is known to the cluster and may do nothing.
USERS = (ADMIN, *AGENT_USERS, "lender", "desk", "stranger")
_KINDS = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional id": ResourceType.TRANSACTIONAL_ID,
}
_CARRIED = ("bootstrap", "topic_prefix", "security_protocol", "sasl_username", "sasl_password_file", "ssl_ca")


@dataclass
class Secured:
    """The cluster, its authority, and its users' passwords."""

    bootstrap: str
    authority: Authority
    directory: Path
    passwords: dict[str, str] = field(repr=False)
    prefix: str = field(default_factory=lambda: f"s{uuid.uuid4().hex[:6]}.")

    def settings(self, user: str, **changed: object) -> Settings:
        """A user's settings, with the password in a file as a secret store mounts it."""
        file = self.directory / f"{user}.password"
        file.touch(mode=0o600)
        file.write_text(self.passwords[user] + "\n")
        login: dict[str, object] = {
            "bootstrap": self.bootstrap,
            "security_protocol": "SASL_SSL",
            "sasl_username": user,
            "sasl_password_file": str(file),
            "ssl_ca": str(self.authority.file),
            "topic_prefix": self.prefix,
            "partitions": 2,
            "instance": "w1",
        }
        return load({}, **(login | changed))

    def allow(self, user: str, rights: Iterable[Right]) -> None:
        """Grant rights, each by one literal rule."""
        rules = [self._rule(user, right) for right in rights]
        admin = self._admin()  # must outlive its futures
        for granted in admin.create_acls(rules).values():
            granted.result(30)

    def take_back(self, user: str, right: Right) -> None:
        """Remove one rule."""
        rule = self._rule(user, right)
        operation, allowed = rule.operation, rule.permission_type
        only = AclBindingFilter(
            rule.restype, rule.name, rule.resource_pattern_type, rule.principal, rule.host, operation, allowed
        )
        admin = self._admin()  # must outlive its futures
        for removed in admin.delete_acls([only]).values():
            assert len(removed.result(30)) == 1

    def _admin(self) -> AdminClient:
        return client.admin(self.settings(ADMIN))

    def _rule(self, user: str, right: Right) -> AclBinding:
        operation, allowed = AclOperation[right.operation], AclPermissionType.ALLOW
        kind, name = _KINDS[right.kind], self.prefix + right.name
        return AclBinding(kind, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation, allowed)

    def environment(self, settings: Settings) -> dict[str, str]:
        """What a worker is started with."""
        own = {PREFIX + name.upper(): str(getattr(settings, name)) for name in _CARRIED if getattr(settings, name)}
        return dict(os.environ) | own | {f"{PREFIX}STATE_DIR": str(self.directory / "state"), f"{PREFIX}INSTANCE": "w1"}

    def run(self, agent: str, settings: Settings) -> subprocess.CompletedProcess[str]:
        """Run a worker that is expected to end by itself."""
        program = [sys.executable, "-m", "streams", "worker", agent]
        environment = self.environment(settings)
        return subprocess.run(program, env=environment, capture_output=True, text=True, check=False, timeout=90)


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """The cluster with Forewarn's topics on it. Only `admin` may do anything yet."""
    directory = tmp_path_factory.mktemp("secured")
    authority = Authority("authority", directory)
    passwords = {user: secrets.token_urlsafe(18) for user in USERS}
    listener = "listener.name.client"
    settings = ClusterSettings(
        client_protocol="SASL_SSL",
        scram_users=passwords,
        properties={
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            f"{listener}.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            f"{listener}.ssl.keystore.type": "PEM",
            f"{listener}.ssl.keystore.location": str(authority.issue("broker")),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # between nodes the sandbox speaks plain text, which the authorizer sees as ANONYMOUS
            "super.users": f"User:ANONYMOUS;User:{ADMIN}",
        },
    )
    with Cluster(directory / "kafka", settings) as cluster:
        made = Secured(cluster.bootstrap, authority, directory, passwords)
        topics_admin.create(made.settings(ADMIN))
        yield made
