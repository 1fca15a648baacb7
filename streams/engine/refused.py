"""What a cluster that will not have us means: one sentence with what to mend. Passwords are in none of them.

librdkafka tells why a connection failed only through its error callback; to whoever asked for something it says that
nothing answers. So errors are collected, and the first that names a cause counts.
"""

from __future__ import annotations

import socket
import ssl
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

_MECHANISM = "The brokers do not offer this mechanism: check FOREWARN_SASL_MECHANISM."
_LOGIN = "User name or password are wrong: check FOREWARN_SASL_USERNAME and FOREWARN_SASL_PASSWORD (or _FILE)."
_EXPIRED = "The broker's certificate has expired or is not valid yet: renew it on the brokers."
_OTHER_HOST = "The broker's certificate is for another host name: use a name that is in it in FOREWARN_BOOTSTRAP."
_UNKNOWN = "The broker's certificate is from an unknown authority: set FOREWARN_SSL_CA to the file with the right one."
_NOT_VERIFIED = "certificate verify failed"
#: What librdkafka says and what to do about it; the first that fits counts.
_CAUSES = (
    ("unsupported sasl mechanism", _MECHANISM),
    ("authentication failed", _LOGIN),
    ("invalid credentials", _LOGIN),
    (_NOT_VERIFIED, _UNKNOWN),
)
#: What OpenSSL says of a certificate.
_CERTIFICATE = (
    ("expired", _EXPIRED),
    ("not yet valid", _EXPIRED),
    ("mismatch", _OTHER_HOST),
    ("not valid for", _OTHER_HOST),
)
_LOOK_S = 5.0
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
    if advice == _UNKNOWN:
        advice = _why_not_verified(settings)
    return f"Kafka at {settings.bootstrap} refuses the connection. {advice}"


def _why_not_verified(settings: Settings) -> str:
    """Look at the brokers' certificates ourselves, for librdkafka does not tell what is wrong with them."""
    context = ssl.create_default_context(cafile=settings.ssl_ca or None)
    for server in settings.bootstrap.split(","):
        host, _, port = server.rpartition(":")
        name = host.strip("[]")
        try:
            with (
                socket.create_connection((name, int(port)), _LOOK_S) as connection,
                context.wrap_socket(connection, server_hostname=name),
            ):
                continue
        except ssl.SSLCertVerificationError as error:
            said = error.verify_message.lower()
            return next((advice for sign, advice in _CERTIFICATE if sign in said), _UNKNOWN)
        except (OSError, ValueError):
            continue
    return _UNKNOWN


def _advice(errors: Collection[KafkaError]) -> str | None:
    said = " ".join(error.str() for error in errors if error.code() in _CODES).lower()
    return next((advice for sign, advice in _CAUSES if sign in said), None)


def forbidden(settings: Settings, what: str) -> str:
    """That rights are missing; `what` names them, such as `READ on topic journal`."""
    user = f"user {settings.sasl_username}" if settings.security_protocol.startswith("SASL") else "this client"
    return f"The cluster does not allow {user}: {what}. Grant it; {_GRANT}"
