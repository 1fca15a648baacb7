"""The environment, read once, as one frozen object. Nothing else in Forewarn reads the environment."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

PREFIX = "FOREWARN_"

#: Never printed, logged or passed on the command line.
SECRETS = frozenset({"evidence_key", "sasl_password"})

Positive = Annotated[int, Meta(ge=1)]


class BadSetting(ValueError):
    """A FOREWARN_ variable is unknown or has a value that cannot be used; the text names it and what is allowed."""


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every setting. Each is the variable `FOREWARN_` + its name in capitals.

    `bootstrap` alone points every command at your own cluster. Times are milliseconds.
    """

    bootstrap: str = "127.0.0.1:19092"
    topic_prefix: str = ""
    partitions: Annotated[int, Meta(ge=1, le=1024)] = 4
    replication: Annotated[int, Meta(ge=1, le=9)] = 1
    instance: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,128}\Z")] = msgspec.field(
        default_factory=socket.gethostname
    )
    session_timeout_ms: Annotated[int, Meta(ge=6_000, le=300_000)] = 10_000
    transaction_timeout_ms: Annotated[int, Meta(ge=5_000, le=900_000)] = 15_000
    batch_records_max: Annotated[int, Meta(ge=1, le=100_000)] = 4_000
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: str = ""
    #: A file with the password and nothing else, as secret stores mount it; `load` reads it into `sasl_password`.
    sasl_password_file: str = ""
    ssl_ca: str = ""
    state_dir: str = ".forewarn"
    #: One page for all agents of a worker: metrics, liveness, readiness. 0: nothing listens.
    metrics_port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    metrics_host: str = "127.0.0.1"
    ready_lag_ms: Annotated[int, Meta(ge=1_000, le=86_400_000)] = 60_000
    log_format: Literal["human", "json"] = "human"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    #: The evidence log of `preserve`; on a local disk, for its lock is a file lock.
    evidence_dir: str = ".forewarn/evidence"
    #: The signing key: a file that only its owner can read, or the key itself. The file wins.
    evidence_key_file: str = ""
    evidence_key: str = ""
    #: The log's name when the worker makes it; default: the name that the key carries.
    evidence_origin: str = ""

    def __repr__(self) -> str:
        """Everything but the secrets, so a log line or a traceback cannot leak them."""
        shown = {f: getattr(self, f) for f in self.__struct_fields__ if f not in SECRETS}
        return f"Settings({', '.join(f'{k}={v!r}' for k, v in shown.items())})"


def load(environ: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Read the settings from the environment; keyword arguments (from the command line) win over it.

    Raises:
        BadSetting: names the variable and what it allows.
    """
    source = os.environ if environ is None else environ
    raw: dict[str, object] = {
        name.removeprefix(PREFIX).lower(): value for name, value in source.items() if name.startswith(PREFIX)
    }
    for name in raw:
        if name not in Settings.__struct_fields__:
            raise BadSetting(_unknown(name))
    raw.update({name: value for name, value in overrides.items() if value is not None})
    try:
        settings = msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$.")
        raise BadSetting(f"{PREFIX}{path.rstrip('`').upper()}: {what}. The README lists what is allowed.") from None
    _check_login(settings)
    if not settings.sasl_password_file:
        return settings
    return msgspec.structs.replace(settings, sasl_password=_password(settings))


def _unknown(name: str) -> str:
    """A typing error must not pass for a setting, and is named."""
    near = get_close_matches(name, Settings.__struct_fields__, 1)
    hint = f" Did you mean {PREFIX}{near[0].upper()}?" if near else ""
    return f"{PREFIX}{name.upper()} is no setting.{hint} The README lists them all."


def _check_login(settings: Settings) -> None:
    """Say what is missing before a client says it in its own words."""
    if settings.sasl_password and settings.sasl_password_file:
        raise BadSetting(f"{PREFIX}SASL_PASSWORD and {PREFIX}SASL_PASSWORD_FILE are both set: keep one.")
    if not settings.security_protocol.startswith("SASL"):
        return
    if not settings.sasl_username or not (settings.sasl_password or settings.sasl_password_file):
        raise BadSetting(
            f"{PREFIX}SECURITY_PROTOCOL is {settings.security_protocol}: set {PREFIX}SASL_USERNAME and "
            f"{PREFIX}SASL_PASSWORD_FILE (or {PREFIX}SASL_PASSWORD)."
        )


def _password(settings: Settings) -> str:
    try:
        text = Path(settings.sasl_password_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise BadSetting(f"{PREFIX}SASL_PASSWORD_FILE: {settings.sasl_password_file} cannot be read: {why}.") from None
    if not (password := text.strip("\r\n")):
        raise BadSetting(f"{PREFIX}SASL_PASSWORD_FILE: {settings.sasl_password_file} is empty.")
    return password
