"""Who may look: whoever holds the key that was printed, or whom a proxy in front has signed in. Nobody else, ever.

Rule 1: the key is in no log: it is printed once, compared in constant time, and exchanged for a cookie at once.
Rule 2: a cookie is random, is kept here only as its hash, and lapses; stopping the console ends all of them.
Rule 3: the proxy's header is believed only where the console was told so; such a console must not be reachable but
through the proxy.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Protocol

from starlette.requests import Request

#: A working day.
SESSION_S = 12 * 3600
#: More people than ever look at once; the oldest is signed out first.
SESSIONS_MAX = 256
_BYTES = 32


class Access(Protocol):
    """Decides whether a request may see the pages."""

    def allowed(self, request: Request) -> bool:
        """Whether whoever asks is signed in."""
        ...

    def sign_in(self, key: str) -> str | None:
        """Exchange the printed key for a session; None if it is not the key."""
        ...

    def sign_out(self, request: Request) -> None:
        """End the session of whoever asks."""
        ...


class KeyAccess:
    """The key that was printed, and the sessions made from it."""

    def __init__(self, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Make a key.

        Args:
            port: names the cookie, for browsers send a host's cookies to all its ports.
            clock: seconds, rising.
        """
        self.key = secrets.token_urlsafe(_BYTES)
        self.cookie = f"forewarn-console-{port}"
        self._clock = clock
        self._sessions: dict[str, float] = {}

    def sign_in(self, key: str) -> str | None:
        """A new session's cookie value."""
        if not hmac.compare_digest(key.encode(), self.key.encode()):
            return None
        session = secrets.token_urlsafe(_BYTES)
        while len(self._sessions) >= SESSIONS_MAX:
            self._sessions.pop(next(iter(self._sessions)), None)
        self._sessions[_hash(session)] = self._clock() + SESSION_S
        return session

    def allowed(self, request: Request) -> bool:
        """Whether the cookie is that of a session that has not lapsed."""
        return self._sessions.get(self._session(request), 0.0) > self._clock()

    def sign_out(self, request: Request) -> None:
        """Forget the session."""
        self._sessions.pop(self._session(request), None)

    def _session(self, request: Request) -> str:
        return _hash(request.cookies.get(self.cookie, ""))


class ProxyAccess:
    """A header that the proxy in front sets for whom it has signed in, and takes away from everybody else."""

    def __init__(self, header: str) -> None:
        self.header = header

    def sign_in(self, key: str) -> str | None:
        """Nobody signs in here."""
        del key
        return None

    def allowed(self, request: Request) -> bool:
        """Whether the proxy names a person, once."""
        named = request.headers.getlist(self.header)
        return len(named) == 1 and bool(named[0].strip())

    def sign_out(self, request: Request) -> None:
        """The proxy does that."""
        del request


def _hash(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()
