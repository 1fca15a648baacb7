"""What a cluster refuses stops a worker with one line that says what to mend, and no secret is in it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from streams.agents import groups, privileges
from streams.cli import main
from streams.engine import topics_found
from streams.engine.errors import Misconfigured
from streams.engine.process import EXIT_CONFIG
from streams.engine.rights import Right
from streams.sandbox.proof.fleet import last_words
from streams.settings import BadSetting, load
from tests.secure.certificates import Authority
from tests.secure.conftest import Secured


def refusal(secured: Secured, **changed: object) -> str:
    """What a person is told who looks at the topics with these settings."""
    with pytest.raises(Misconfigured) as told:
        topics_found.found(secured.settings("stranger", **changed))
    assert "\n" not in str(told.value)
    return str(told.value)


def test_a_wrong_password(secured: Secured, tmp_path: Path) -> None:
    """The process ends at once, with one line about user and password; neither password is in it."""
    wrong = tmp_path / "password"
    wrong.write_text("not-the-password")
    ended = secured.run("assess", secured.settings("stranger", sasl_password_file=str(wrong)))

    assert ended.returncode == EXIT_CONFIG
    line = (
        f"Kafka at {secured.bootstrap} refuses the connection. User name or password are wrong: "
        "check FOREWARN_SASL_USERNAME and FOREWARN_SASL_PASSWORD (or _FILE)."
    )
    assert last_words(ended.stderr) == [line]
    assert len(ended.stderr.splitlines()) == 1
    assert "not-the-password" not in ended.stdout + ended.stderr


def test_an_unknown_authority(secured: Secured, tmp_path: Path) -> None:
    """A broker whose certificate somebody else signed."""
    other = Authority("other", tmp_path)

    assert "set FOREWARN_SSL_CA to the file with the right one" in refusal(secured, ssl_ca=str(other.file))


@contextmanager
def tls_server(certificate: Path) -> Iterator[str]:
    """Something that shows a certificate and says no more: the client must go no further."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                    with connection:
                        context.wrap_socket(connection, server_side=True).close()
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("name", "expired", "address", "said"),
    [
        ("old", True, "127.0.0.1", "has expired or is not valid yet: renew it on the brokers"),
        ("elsewhere", False, "10.9.8.7", "is for another host name"),
    ],
)
def test_a_certificate_that_does_not_hold(secured: Secured, name: str, expired: bool, address: str, said: str) -> None:
    """Of the right authority, but expired or of another host."""
    with tls_server(secured.authority.issue(name, expired=expired, address=address)) as bootstrap:
        assert said in refusal(secured, bootstrap=bootstrap)


def test_a_mechanism_that_is_not_offered(secured: Secured) -> None:
    """The brokers speak SCRAM-SHA-512 only."""
    assert "check FOREWARN_SASL_MECHANISM" in refusal(secured, sasl_mechanism="PLAIN")


def test_files_that_are_not_there(secured: Secured, tmp_path: Path) -> None:
    """Each is named, with its setting."""
    missing, empty = tmp_path / "missing", tmp_path / "empty"
    empty.touch()

    assert refusal(secured, ssl_ca=str(missing)).startswith(f"FOREWARN_SSL_CA: {missing} cannot be read")
    assert "holds no certificate" in refusal(secured, ssl_ca=str(empty))
    with pytest.raises(BadSetting, match=r"SASL_PASSWORD_FILE: .*missing cannot be read"):
        secured.settings("stranger", sasl_password_file=str(missing))
    with pytest.raises(BadSetting, match="is empty"):
        secured.settings("stranger", sasl_password_file=str(empty))


def test_half_a_login() -> None:
    """A protocol without a user, or two passwords, are refused before anything connects."""
    with pytest.raises(BadSetting, match="set FOREWARN_SASL_USERNAME and FOREWARN_SASL_PASSWORD_FILE"):
        load({}, security_protocol="SASL_SSL")
    with pytest.raises(BadSetting, match="both set: keep one"):
        load({"FOREWARN_SASL_PASSWORD": "one", "FOREWARN_SASL_PASSWORD_FILE": "two"})


def test_no_secret_is_shown(secured: Secured) -> None:
    """Not by settings that are printed, and not by help."""
    settings = secured.settings("desk")
    environment = {"FOREWARN_SASL_PASSWORD": "hunter-2-hunter-2", "FOREWARN_SASL_USERNAME": "desk"}
    shown = [repr(settings), repr(load(environment))]
    shown += [CliRunner().invoke(main, [*words, "--help"], env=environment).output for words in ([], ["worker"])]

    assert settings.sasl_password == secured.passwords["desk"]
    assert not any(secret in text for text in shown for secret in (settings.sasl_password, "hunter-2-hunter-2"))


@pytest.mark.parametrize(
    "missing",
    [
        Right("READ", "topic", "journal"),
        Right("WRITE", "topic", "state"),
        Right("DESCRIBE", "topic", "evidence"),
        Right("DESCRIBE_CONFIGS", "topic", "labels"),
        Right("READ", "group", "forewarn.assess"),
    ],
    ids=str,
)
def test_a_missing_right(secured: Secured, missing: Right) -> None:
    """A worker that lacks one right names it before it does anything."""
    rights = [right for right in privileges.needed("assess", "w1") if right != missing]
    secured.allow("stranger", rights)
    try:
        with pytest.raises(Misconfigured) as told:
            groups.build("assess", secured.settings("stranger"))
    finally:
        for right in rights:
            secured.take_back("stranger", right)

    named = missing._replace(name=secured.prefix + missing.name)
    assert str(told.value).startswith(f"The cluster does not allow user stranger: {named}")
    assert str(told.value).endswith(" missing. Grant it; docs/security.md lists what each process needs.")


def test_a_missing_right_on_the_transactional_id(secured: Secured) -> None:
    """Kafka does not tell beforehand: opening the producer does, and the process ends."""
    missing = Right("WRITE", "transactional id", "forewarn.assess.w1")
    rights = [right for right in privileges.needed("assess", "w1") if right != missing]
    secured.allow("stranger", rights)
    try:
        ended = secured.run("assess", secured.settings("stranger"))
    finally:
        for right in rights:
            secured.take_back("stranger", right)

    assert ended.returncode == EXIT_CONFIG
    lines = last_words(ended.stderr)
    assert len(lines) == 1
    assert f"'{secured.prefix}forewarn.assess.w1'" in lines[0]
    assert "docs/security.md" in lines[0]
    assert "Traceback" not in ended.stderr
