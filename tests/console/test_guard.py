"""Who gets in, what is refused, and what every answer carries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from streams.console.access import SESSION_S, KeyAccess, ProxyAccess
from streams.console.guard import POLICY, hostname
from streams.console.pages import alerts
from streams.console.pages.ask import Ask, View
from streams.console.store import Store
from tests.console.conftest import Site

PAGES = ("/", "/borrowers", "/borrowers?id=b-worse", "/book", "/quality", "/reasons", "/live")


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_signing_in(site: Site, path: str) -> None:
    """Not with no cookie, a made-up one, or the key itself as a cookie."""
    assert isinstance(site.access, KeyAccess)
    for cookie in ("", f"{site.access.cookie}=", f"{site.access.cookie}=x", f"{site.access.cookie}={site.access.key}"):
        answer = site.ask(path, Cookie=cookie)
        assert answer.status == 401
        assert "data-live" not in answer.text


def test_the_link_signs_in_and_is_not_passed_on(site: Site) -> None:
    """The key is exchanged for a cookie that scripts cannot read, and the address is left at once."""
    answer = site.ask(site.link.removeprefix(site.base))
    cookie = {name.lower(): value for name, value in answer.headers.items()}["set-cookie"]

    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert isinstance(site.access, KeyAccess)
    assert site.access.key not in cookie + answer.text


@pytest.mark.parametrize("key", ["", "x", "%00", "é"])
def test_another_key_does_not_sign_in(site: Site, key: str) -> None:
    """And says so, without a cookie."""
    answer = site.ask(f"/sign-in?key={key.encode().hex() if not key.isascii() else key}")

    assert answer.status == 401
    assert "set-cookie" not in {name.lower() for name in answer.headers}


def test_signing_out_ends_the_session(empty: Site) -> None:
    """The cookie is worth nothing afterwards."""
    cookie = empty.cookie()
    before = empty.ask("/", Cookie=cookie).status
    out = empty.ask("/sign-out", "POST", Cookie=cookie, Origin=empty.base)
    after = empty.ask("/", Cookie=cookie).status

    assert (before, out.status, after) == (200, 303, 401)


def test_a_session_lapses() -> None:
    """After a working day."""
    now = [0.0]
    access = KeyAccess(1, lambda: now[0])
    session = access.sign_in(access.key)
    request = _Request({access.cookie: session or ""})
    fresh = access.allowed(request)  # type: ignore[arg-type]
    now[0] += SESSION_S

    assert fresh
    assert not access.allowed(request)  # type: ignore[arg-type]


class _Request:
    def __init__(self, cookies: dict[str, str]) -> None:
        self.cookies = cookies


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "{base}", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "{base}", "Sec_Fetch_Site": "same-site"},
    ],
)
def test_another_site_cannot_change_anything(empty: Site, headers: dict[str, str]) -> None:
    """A form of another page that signs a person out is refused, and they stay signed in."""
    cookie = empty.cookie()
    given = {name: value.format(base=empty.base) for name, value in headers.items()}
    answer = empty.ask("/sign-out", "POST", Cookie=cookie, **given)

    assert answer.status == 403
    assert empty.ask("/", Cookie=cookie).status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "evil.example:{port}"])
def test_another_name_is_refused(site: Site, host: str) -> None:
    """A name that someone else points at this machine (DNS rebinding) shows nothing, even with a cookie."""
    answer = site.ask("/", Host=host.format(port=site.port), Cookie=site.cookie())

    assert answer.status in {400, 421}
    assert "data-live" not in answer.text


@pytest.mark.parametrize(
    ("host", "name"),
    [("127.0.0.1:80", "127.0.0.1"), ("LocalHost", "localhost"), ("[::1]:8017", "[::1]"), ("[::1]", "[::1]"), ("", "")],
)
def test_the_name_of_a_host(host: str, name: str) -> None:
    """Without its port, in small letters."""
    assert hostname(host) == name


@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/static/console.css", "/sign-in", "/static/nothing"])
def test_every_answer_carries_the_headers(site: Site, path: str) -> None:
    """Pages, errors, files and the answer to nobody."""
    for cookie in (site.cookie(), ""):
        headers = {name.lower(): value for name, value in site.ask(path, Cookie=cookie).headers.items()}
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert path.startswith("/static/") or headers["cache-control"] == "no-store"


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    """No `unsafe-`, no host, no wildcard."""
    assert not re.search(r"unsafe|\*|https?:|data:|blob:", POLICY)
    assert POLICY.startswith("default-src 'none'")


def test_a_page_that_fails_says_so_and_carries_the_headers(empty: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug shows a page without its details."""

    def fail(ask: Ask) -> View:
        assert ask.language == "en"
        raise RuntimeError("secret detail")

    monkeypatch.setattr(alerts, "view", fail)
    answer = empty.get("/")

    assert answer.status == 500
    assert "secret detail" not in answer.text
    assert answer.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize("path", ["/static/../web.py", "/static/%2e%2e/web.py", "/static/..%2fwords.toml", "/static/"])
def test_no_other_file_is_served(site: Site, path: str) -> None:
    """The folder of static files cannot be left."""
    answer = site.get(path)

    assert answer.status == 404
    assert "import" not in answer.text


def test_behind_a_proxy_its_header_decides(tmp_path: Path) -> None:
    """Who is named once is let in; the printed key means nothing there."""
    store = Store(tmp_path / "proxy.sqlite3")
    with Site(store, ProxyAccess("X-Forwarded-User")) as site:
        statuses = [
            site.ask("/").status,
            site.ask("/", X_Forwarded_User=" ").status,
            site.ask("/", X_Forwarded_User="ada").status,
            site.ask("/sign-in?key=").status,
        ]
    store.close()

    assert statuses == [401, 401, 200, 401]
