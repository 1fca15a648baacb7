"""RFC 3161 tokens, from an authority that this test runs itself: OpenSSL behind a small HTTP server on loopback."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from streams.evidence.errors import TimestampError
from streams.evidence.exhibit import make_exhibit
from streams.evidence.timestamp import (
    fetch_timestamp,
    keep_timestamp,
    load_certificates,
    timestamp_request,
    verify_timestamp,
)
from streams.evidence.verify import main
from tests.evidence.story import at, request_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from streams.evidence.signing import CheckpointSigner
    from streams.evidence.store import EvidenceLog

NOTE = b"lender.example/evidence\n1\nroot\n\n-- signed\n"
CONFIG = """
[tsa]
default_tsa = t
[t]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ordering = yes
ess_cert_id_alg = sha256
"""

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="openssl is not installed, so no test authority can run"
)


class Authority:
    """A root, a timestamping certificate with any validity, and OpenSSL to answer queries with it."""

    def __init__(self, folder: Path, valid_from: dt.datetime, valid_until: dt.datetime) -> None:
        self.folder = folder
        folder.mkdir()
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate(
            "Test Root",
            root_key,
            None,
            root_key,
            (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2040, 1, 1, tzinfo=dt.UTC)),
        )
        leaf = _certificate("Test Authority", key, self.root, root_key, (valid_from, valid_until))
        (folder / "root.pem").write_bytes(self.root.public_bytes(serialization.Encoding.PEM))
        (folder / "tsa.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        (folder / "tsa.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (folder / "serial").write_text("01\n")
        (folder / "ts.cnf").write_text(CONFIG.format(folder=folder))

    def answer(self, query: bytes) -> bytes:
        """The DER answer to a DER query."""
        (self.folder / "query").write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "query", "-out", "reply"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=30)
        return (self.folder / "reply").read_bytes()


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
    window: tuple[dt.datetime, dt.datetime],
) -> x509.Certificate:
    """A root (no issuer) or a timestamping certificate."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=issuer is not None,
        content_commitment=issuer is not None,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issuer is None,
        crl_sign=issuer is None,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(window[0])
        .not_valid_after(window[1])
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if issuer:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def now() -> dt.datetime:
    """The clock that OpenSSL stamps with."""
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """One whose certificate is valid today."""
    return Authority(tmp_path / "tsa", now() - dt.timedelta(days=1), now() + dt.timedelta(days=1))


@pytest.fixture
def address(authority: Authority) -> Iterator[str]:
    """The authority behind HTTP on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            token = authority.answer(query)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(token)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_token_is_fetched_verified_and_kept_in_the_exhibit(
    told: EvidenceLog,
    signer: CheckpointSigner,
    authority: Authority,
    address: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From the authority to `verify.py --tsa`; without roots it is NOT CHECKED; altered it fails."""
    signed = signer.sign(at("2026-03-18"))
    roots = load_certificates(authority.folder / "root.pem")
    token = fetch_timestamp(address, signed.note, roots)
    keep_timestamp(told.directory, signed.checkpoint.size, token)
    made = make_exhibit(told, signer, request_for("L1"), at("2026-04-02"), tmp_path / "out")
    path = made.path / "timestamps" / f"{signed.checkpoint.size}.tsr"

    assert abs(verify_timestamp(token, signed.note, roots) - now()) < dt.timedelta(minutes=1)
    assert main([str(made.path), "--tsa", str(authority.folder / "root.pem")]) == 0
    assert f"PASS        timestamp {signed.checkpoint.size}" in capsys.readouterr().out
    assert main([str(made.path)]) == 2
    assert f"NOT CHECKED timestamp {signed.checkpoint.size}" in capsys.readouterr().out
    path.write_bytes(authority.answer(timestamp_request(b"another note").as_bytes()))
    assert main([str(made.path)]) == 1
    assert "the token is not over this checkpoint" in capsys.readouterr().out


def test_a_token_of_another_note_or_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    """Over other bytes, from a stranger, with another nonce, or no token at all."""
    token = authority.answer(timestamp_request(NOTE).as_bytes())
    stranger = Authority(tmp_path / "stranger", now() - dt.timedelta(days=1), now() + dt.timedelta(days=1))

    verify_timestamp(token, NOTE, [authority.root])
    for arguments in (
        (token, NOTE + b"x", [authority.root]),
        (token, NOTE, [stranger.root]),
        (b"junk", NOTE, [authority.root]),
    ):
        with pytest.raises(TimestampError):
            verify_timestamp(*arguments)
    with pytest.raises(TimestampError, match="Nonce"):
        verify_timestamp(token, NOTE, [authority.root], nonce=1)


def test_a_certificate_that_expired_since_still_counts(tmp_path: Path) -> None:
    """What matters is that it was valid at the token's own time; one that had expired by then does not count."""
    until = now().replace(microsecond=0) + dt.timedelta(seconds=3)
    brief = Authority(tmp_path / "brief", now() - dt.timedelta(days=1), until)
    token = brief.answer(timestamp_request(NOTE).as_bytes())
    stale = Authority(tmp_path / "stale", now() - dt.timedelta(days=9), now() - dt.timedelta(days=1))
    late = stale.answer(timestamp_request(NOTE).as_bytes())
    time.sleep(max(0.0, (until - now()).total_seconds()) + 1.1)

    assert until < now()
    assert verify_timestamp(token, NOTE, [brief.root]) <= until
    with pytest.raises(TimestampError):
        verify_timestamp(late, NOTE, [stale.root])


def test_an_authority_that_does_not_answer(tmp_path: Path) -> None:
    """One sentence; the checkpoint stands without the token."""
    with pytest.raises(TimestampError, match="did not answer"):
        fetch_timestamp("http://127.0.0.1:9/", NOTE, [], timeout_s=0.5)
    with pytest.raises(TimestampError, match="must begin with http"):
        fetch_timestamp("file:///etc/passwd", NOTE, [])
    with pytest.raises(TimestampError, match="holds no certificates"):
        load_certificates(tmp_path / "absent.pem")
