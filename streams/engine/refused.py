"""What a cluster that will not have us means: one sentence with what to mend. Passwords are in none of them.

librdkafka tells why a connection failed only through its error callback; to whoever asked for something it says that
nothing answers. So errors are collected, and the first that names a cause counts.
"""

from __future__ import annotations

from collections.abc import Collection

from confluent_kafka import KafkaError

from streams.settings import Settings

#: The broker was reached and does not want us, or we do not want it. Trying again changes nothing.
_CODES = {KafkaError._AUTHENTICATION, KafkaError._SSL}
FORBIDDEN = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
_GRANT = "docs/security.md lists what each process needs."

#: What OpenSSL or Kafka says, in lower case, and what to do about it. The first that fits counts.
_CAUSES = (
    ("certificate has expired", "The broker's certificate has expired: renew it on the brokers."),
    ("not yet valid", "The broker's certificate is not valid yet: check the clocks."),
    ("mismatch", "The broker's certificate is for another host name: use a name that is in it in FOREWARN_BOOTSTRAP."),
    (
        "certificate verify failed",
        "The broker's certificate is from an unknown authority: set FOREWARN_SSL_CA to the file with the right one.",
    ),
    ("broker: unsupported", "The brokers do not offer this mechanism: check FOREWARN_SASL_MECHANISM."),
    ("mechanism", "The brokers do not offer this mechanism: check FOREWARN_SASL_MECHANISM."),
    (
        "authentication failed",
        "User name or password are wrong: check FOREWARN_SASL_USERNAME and FOREWARN_SASL_PASSWORD (or _FILE).",
    ),
)
_OTHERWISE = "Check FOREWARN_SECURITY_PROTOCOL and the FOREWARN_SASL_ and FOREWARN_SSL_ settings."


def is_final(errors: Collection[KafkaError]) -> bool:
    """Whether one of them says that asking again changes nothing."""
    return _advice(errors) is not None


def connection(settings: Settings, errors: Collection[KafkaError]) -> str | None:
    """Why the cluster refuses the connection; None if no error says that it does."""
    refused = [error for error in errors if error.code() in _CODES]
    if not refused:
        return None
    advice = _advice(errors) or f"{refused[0].str()}. {_OTHERWISE}"
    return f"Kafka at {settings.bootstrap} refuses the connection. {advice}"


def _advice(errors: Collection[KafkaError]) -> str | None:
    said = " ".join(error.str() for error in errors if error.code() in _CODES).lower()
    return next((advice for sign, advice in _CAUSES if sign in said), None)


def forbidden(settings: Settings, what: str) -> str:
    """That rights are missing; `what` names them, such as `READ on topic journal`."""
    user = f"user {settings.sasl_username}" if settings.security_protocol.startswith("SASL") else "this client"
    return f"The cluster does not allow {user}: {what}. Grant it; {_GRANT}"
