"""RFC 3161: a third party's word for when a checkpoint existed.

The authority signs the hash of the note's bytes with its own clock, so the time no longer rests on the lender's. Its
certificates need to be valid at that time, not today.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from cryptography import x509
from rfc3161_client import TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client.base import HashAlgorithm
from rfc3161_client.errors import VerificationError

from streams.evidence.errors import TimestampError
from streams.evidence.files import write_durably

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from rfc3161_client import TimeStampRequest

#: A token with its certificates is a few kilobytes.
TOKEN_BYTES_MAX = 1_000_000
TIMEOUT_S = 10.0


def timestamp_request(note: bytes) -> TimeStampRequest:
    """A query over SHA-256 of the note, with a nonce, asking for the certificates."""
    return (
        TimestampRequestBuilder()
        .data(note)
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )


def fetch_timestamp(url: str, note: bytes, roots: Sequence[x509.Certificate], timeout_s: float = TIMEOUT_S) -> bytes:
    """Ask an authority over HTTP and verify its answer before giving it back.

    Args:
        url: the authority's address, http or https.
        note: exact bytes of the signed checkpoint.
        roots: certificates that the authority's chain must end in.
        timeout_s: seconds to wait, above 0.

    Raises:
        TimestampError: unreachable, refused, or the token does not fit. The checkpoint itself stands without it.
    """
    if not url.startswith(("http://", "https://")):
        raise TimestampError(
            f"{url!r} is not the address of a timestamp authority: it must begin with http:// or https://."
        )
    query = timestamp_request(note)
    request = urllib.request.Request(  # noqa: S310  the scheme is checked above
        url, data=query.as_bytes(), headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310
            token: bytes = answer.read(TOKEN_BYTES_MAX)
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        raise TimestampError(f"The timestamp authority {url} did not answer: {error}. Try again later.") from error
    verify_timestamp(token, note, roots, query.nonce)
    return token


def verify_timestamp(
    token: bytes, note: bytes, roots: Sequence[x509.Certificate], nonce: int | None = None
) -> dt.datetime:
    """Check that a token is over this note and that its certificates were valid at its time; return that time.

    Raises:
        TimestampError: it is not, or the chain does not end in one of `roots`.
    """
    try:
        response = decode_timestamp_response(token)
    except ValueError as error:
        raise TimestampError(f"The timestamp token cannot be read: {error}.") from error
    builder = VerifierBuilder(roots=list(roots), nonce=nonce)
    try:
        builder.build().verify_message(response, note)
    except (VerificationError, ValueError) as error:
        raise TimestampError(f"The timestamp token does not hold for this checkpoint: {error}.") from error
    return response.tst_info.gen_time


def load_certificates(path: Path) -> list[x509.Certificate]:
    """Certificates of a PEM file.

    Raises:
        TimestampError: the file is absent or holds none.
    """
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise TimestampError(f"{path} holds no certificates: {error}.") from error


def keep_timestamp(directory: Path, size: int, token: bytes) -> Path:
    """Put a token beside the log it belongs to, named by the checkpoint's size."""
    folder = directory / "timestamps"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{size:016d}.tsr"
    write_durably(path, token)
    return path
