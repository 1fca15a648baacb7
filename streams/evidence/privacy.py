"""Personal fields: which they are, and the salted commitment that stands for each in the leaf.

The leaf keeps only SHA-256 over a domain, a random salt, the field's path and its value. Whoever has salt and value
can prove the value; once both are erased, the commitment says nothing and the leaf still verifies.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from streams.evidence.canonical import canonical_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SALT_BYTES = 16
_DOMAIN = b"forewarn-commitment/1\x00"

#: Field names that hold or point at personal data wherever they stand at the top of a body.
DEFAULT_PERSONAL_FIELDS = frozenset(
    {
        "account_number",
        "address",
        "contact_point_id",
        "device_id",
        "email",
        "evidence_ref",
        "external_ref",
        "id_number",
        "name",
        "note",
        "payer_name",
        "phone",
        "recording_ref",
        "text_fingerprint",
    }
)


class PrivateField(msgspec.Struct, frozen=True, gc=False):
    """One personal field taken out of an entry: its path in the body, the salt, and the value as canonical JSON."""

    path: str
    salt: bytes
    value: bytes

    def commitment(self) -> str:
        """What the leaf keeps of the field, as lower-case hex."""
        return commitment(self.path, self.salt, self.value)


def commitment(path: str, salt: bytes, value: bytes) -> str:
    """SHA-256(domain || salt length || salt || path length || path || value), hex. `value` is canonical JSON."""
    name = path.encode()
    lengths = len(salt).to_bytes(2, "big"), len(name).to_bytes(2, "big")
    return sha256(_DOMAIN + lengths[0] + salt + lengths[1] + name + value).hexdigest()


def split_body(
    body: Mapping[str, Any], personal: frozenset[str], salt: Callable[[], bytes]
) -> tuple[Mapping[str, Any], list[PrivateField]]:
    """Separate a body into what the leaf shows and its personal fields. An absent or null field commits to nothing."""
    if personal.isdisjoint(body):
        return body, []
    hits = {name for name in body if name in personal and body[name] is not None}
    public = {name: value for name, value in body.items() if name not in hits}
    return public, [PrivateField(name, salt(), canonical_bytes(body[name])) for name in sorted(hits)]
