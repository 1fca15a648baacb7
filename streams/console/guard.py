"""What every request passes and every answer carries: the right host, the right origin, somebody signed in, strict headers.

Rule 1: a page may load its own style, script and pictures, and nothing else; no script or style stands within a page.
Rule 2: a request under another host's name is refused (DNS rebinding), and so is one that would change something but
comes from another site (CSRF).
Rule 3: nothing is kept by browsers or proxies: pages show borrowers.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from streams.console.access import Access

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with `no-referrer`, browsers hide the origin of our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
#: Seen without signing in.
OPEN = ("/static/", "/sign-in")
_READING = frozenset(("GET", "HEAD"))

_log = logging.getLogger(__name__)

Next = Callable[[Request], Awaitable[Response]]


class Guard:
    """The checks; `admit` is called around every request."""

    def __init__(self, access: Access, hosts: frozenset[str], refuse: Callable[[Request, int], Response]) -> None:
        """Guard the pages.

        Args:
            access: who may look.
            hosts: names under which the console is reached, without ports.
            refuse: makes the page for a status (401, 403, 500).
        """
        self._access = access
        self._hosts = hosts
        self._refuse = refuse

    async def admit(self, request: Request, pages: Next) -> Response:
        """Refuse, or let the page be made; the answer carries the headers either way."""
        response = self._refusal(request)
        if response is None:
            try:
                response = await pages(request)
            except Exception:  # noqa: BLE001  this answer must carry the headers, too
                _log.exception("The page %s could not be made.", request.url.path)
                response = self._refuse(request, 500)
        for name, value in HEADERS.items():
            response.headers[name] = value
        if not request.url.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"
        return response

    def _refusal(self, request: Request) -> Response | None:
        if hostname(request.headers.get("host", "")) not in self._hosts:
            return PlainTextResponse("This console is not reached under that name. See --allow-host.\n", 421)
        if request.method not in _READING and not _same_site(request):
            return self._refuse(request, 403)
        if not request.url.path.startswith(OPEN) and not self._access.allowed(request):
            return self._refuse(request, 401)
        return None


def hostname(host: str) -> str:
    """The name in a Host header, without its port; an IPv6 address keeps its brackets."""
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host).lower()


def _same_site(request: Request) -> bool:
    """Whether the browser says that our own page sent this. A browser always says so; who says nothing is refused."""
    _, _, origin = request.headers.get("origin", "").partition("://")
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    return bool(origin) and origin == request.headers.get("host") and fetched == "same-origin"
