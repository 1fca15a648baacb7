"""Writes `broker_jars.json`: run it once when Kafka's version changes, and review what changed.

Resolution happens here and not at run time: it costs ten seconds, needs the network, and jgo would fetch a whole JDK to
classify modules. The log binding is added by hand because Kafka's own POM leaves the choice to the distribution.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import jgo
import msgspec
from jgo.maven import MavenContext

from streams.sandbox.broker_jars import KAFKA_VERSION, Jar

if TYPE_CHECKING:
    from jgo.maven import Artifact


def main() -> None:
    """Resolves Kafka's jars and writes the list beside this file."""
    artifacts = jgo.resolve(f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}")
    log4j = next(artifact.version for artifact in artifacts if artifact.artifactId == "log4j-core")
    binding = MavenContext().project("org.apache.logging.log4j", "log4j-slf4j-impl").at_version(log4j).artifact()
    jars = [_locked(artifact) for artifact in [*artifacts, binding]]
    text = msgspec.json.format(msgspec.json.encode(jars), indent=1)
    Path(__file__).with_name("broker_jars.json").write_bytes(text + b"\n")


def _locked(artifact: "Artifact") -> Jar:
    content = artifact.resolve().read_bytes()
    return Jar(
        group=artifact.groupId,
        artifact=artifact.artifactId,
        version=artifact.version,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
    )


if __name__ == "__main__":
    main()
