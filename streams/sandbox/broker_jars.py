"""Decides which Kafka runs: fetches its jars with jgo, and trusts only bytes whose SHA-256 is in `broker_jars.json`.

The list is closed: every jar of Kafka and its dependencies, with its digest, made by the module `broker_lock`. So what
is fetched is reproducible, needs no dependency resolution at run time, and a jar that is missing, cut short or changed
in the cache is fetched again. Jars live in the local Maven repository that jgo uses (`~/.m2/repository` unless
`M2_REPO` or jgo's settings file say otherwise), so a machine with a mirror or a filled repository needs no more set-up.
"""

import fcntl
import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import msgspec

from streams.sandbox.broker_errors import FetchError

KAFKA_VERSION = "4.3.1"
"""The Apache Kafka release that development, tests and the demo run on."""

Progress = Callable[[str], None]
"""Receives one line for a person each time something that takes long begins."""

DOWNLOAD_TIMEOUT_SECONDS = 30
"""How long a Maven repository may be silent before it counts as unreachable."""

_ATTEMPTS = 3  # a connection cut in the middle is common enough, and each jar is small


class Jar(msgspec.Struct, frozen=True, kw_only=True):
    """One jar of the closed list.

    Attributes:
        group: Maven group id.
        artifact: Maven artifact id.
        version: exact version.
        sha256: lower-case hex digest of the jar's bytes.
        size_bytes: length of the jar.
    """

    group: str
    artifact: str
    version: str
    sha256: str
    size_bytes: int

    @property
    def path(self) -> Path:
        """Where a Maven repository keeps the jar, relative to its root."""
        return Path(*self.group.split("."), self.artifact, self.version, f"{self.artifact}-{self.version}.jar")


def locked_jars() -> tuple[Jar, ...]:
    """The closed list of jars, in class path order."""
    text = (resources.files("streams.sandbox") / "broker_jars.json").read_bytes()
    return msgspec.json.decode(text, type=tuple[Jar, ...])


def kafka_class_path(progress: Progress) -> str:
    """Makes sure every jar is present and intact, and returns Java's class path.

    Args:
        progress: told once when jars have to be fetched.

    Raises:
        FetchError: no repository could deliver a jar with the expected digest.
    """
    repository, remotes = _maven_repositories()
    jars = locked_jars()
    if _unusable(repository, jars):
        with _only_one_process(repository):
            wanted = _unusable(repository, jars)  # another process may have fetched them while this one waited
            if wanted:
                megabytes = sum(jar.size_bytes for jar in wanted) / 1e6
                progress(f"fetching Apache Kafka {KAFKA_VERSION} ({megabytes:.0f} MB) into {repository}")
            for jar in wanted:
                _fetch(jar, repository, remotes)
    return ":".join(str(repository / jar.path) for jar in jars)


def _maven_repositories() -> tuple[Path, dict[str, str]]:
    from jgo.config import GlobalSettings  # noqa: PLC0415 - jgo is an extra, needed only by the embedded broker
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415

    settings = GlobalSettings.load()
    return settings.repo_cache, {**settings.repositories, "central": MAVEN_CENTRAL_URL}


def _unusable(repository: Path, jars: tuple[Jar, ...]) -> list[Jar]:
    return [jar for jar in jars if not _is_intact(repository / jar.path, jar)]


def _is_intact(path: Path, jar: Jar) -> bool:
    try:
        if path.stat().st_size != jar.size_bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        message = f"Cannot read {path}: {error.strerror}. Make it readable, or remove it."
        raise FetchError(message) from error


@contextmanager
def _only_one_process(repository: Path) -> Iterator[None]:
    """Fetches exclude each other: jgo writes a jar in place, so two at once would spoil it."""
    try:
        repository.mkdir(parents=True, exist_ok=True)
        lock = (repository / ".forewarn-fetch.lock").open("w")
    except OSError as error:
        message = f"Cannot write to {repository}: {error.strerror}. Set M2_REPO to a directory that can be written."
        raise FetchError(message) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes, also if this process dies
        yield


def _fetch(jar: Jar, repository: Path, remotes: dict[str, str]) -> None:
    from jgo.maven import MavenContext  # noqa: PLC0415

    logging.getLogger("jgo").setLevel(logging.ERROR)  # its own checksum warning is weaker than the digest below
    context = MavenContext(repo_cache=repository, remote_repos=remotes, timeout=DOWNLOAD_TIMEOUT_SECONDS)
    artifact = context.project(jar.group, jar.artifact).at_version(jar.version).artifact()
    path = repository / jar.path
    why = ""
    for _ in range(_ATTEMPTS):
        path.unlink(missing_ok=True)
        try:
            artifact.resolve()
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors; jgo's "not found" is a RuntimeError
            why = _reason(error)
            continue
        if _is_intact(path, jar):
            return
        why = "what arrived differs from what Forewarn was tested with (SHA-256)"
    path.unlink(missing_ok=True)
    message = (
        f"Cannot fetch {path.name} from {' or '.join(remotes.values())}: {why}. "
        "Check the network (HTTPS_PROXY, REQUESTS_CA_BUNDLE), or name a mirror in jgo's settings file."
    )
    raise FetchError(message)


def _reason(error: Exception) -> str:
    """The innermost cause in one line: requests wraps the telling one in three others."""
    inner: BaseException = error
    while inner.__cause__ is not None or inner.__context__ is not None:
        inner = inner.__cause__ or inner.__context__ or inner
    return (str(inner) or type(inner).__name__).splitlines()[0].rstrip(".")
