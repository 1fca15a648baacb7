"""The pages as a web application: routes, language, templates. What a page shows is made in `pages`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from streams.console import queries, words
from streams.console.access import Access, KeyAccess
from streams.console.charts import canvas
from streams.console.event_words import money
from streams.console.guard import Guard
from streams.console.pages import alerts, book, borrower, quality, reasons
from streams.console.pages import ask as forms
from streams.console.pages.ask import Ask, View
from streams.console.pages.timeline import reasons as reason_words
from streams.console.status import Board
from streams.console.store import Store
from streams.console.words import Language
from streams.evidence.money import money_text

_HERE = Path(__file__).parent
_LANGUAGE = "forewarn-language"
_YEAR_S = 365 * 86_400
NAVIGATION = (
    ("/", "alerts"),
    ("/borrowers", "borrowers"),
    ("/book", "book"),
    ("/quality", "quality"),
    ("/reasons", "reasons"),
)


class Pages:
    """The application's state: the file, the board, who may look, and what is kept between requests."""

    def __init__(self, store: Store, board: Board, access: Access, *, secure: bool = False) -> None:
        """Set up the pages.

        Args:
            store: what the pages show.
            board: how the feed stands.
            access: who may look.
            secure: cookies travel over TLS only.
        """
        self._store = store
        self._board = board
        self._access = access
        self._secure = secure
        self._stories = borrower.Stories()
        self._books = book.Books()
        self._templates = _templates()

    # -- pages

    def alerts(self, request: Request) -> Response:
        """The alerts."""
        return self._page(request, "alerts.html", alerts.view)

    def borrowers(self, request: Request) -> Response:
        """A borrower, or those at highest risk."""
        borrower_id = request.query_params.get("id", "").strip()
        if not borrower_id:
            return self._page(request, "borrowers.html", borrower.listed)

        def view(ask: Ask) -> View:
            found = queries.borrower(ask.db, borrower_id)
            if found is None:
                return borrower.unknown(ask, borrower_id) | {"unknown": True}
            return borrower.view(ask, found, self._stories) | {"unknown": False}

        return self._page(request, "borrower.html", view)

    def book(self, request: Request) -> Response:
        """The whole book."""
        return self._page(request, "book.html", lambda ask: book.view(ask, self._books))

    def quality(self, request: Request) -> Response:
        """Data quality."""
        return self._page(request, "quality.html", quality.view)

    def reasons(self, request: Request) -> Response:
        """The reasons."""
        return self._page(request, "reasons.html", reasons.view)

    # -- around them

    def live(self, _: Request) -> Response:
        """What a page asks for every other second: whether it would look different now."""
        status = self._board.status
        return JSONResponse({"version": status.version, "state": status.state})

    def sign_in(self, request: Request) -> Response:
        """Exchange the key in the link for a cookie, and go on without it."""
        key = request.query_params.get("key")
        session = None if key is None else self._access.sign_in(key)
        if session is None or not isinstance(self._access, KeyAccess):
            return self._bare(request, "sign_in.html", 401, {"wrong": key is not None})
        response = RedirectResponse("/", 303)
        response.set_cookie(
            self._access.cookie, session, max_age=None, httponly=True, samesite="lax", secure=self._secure
        )
        return response

    def sign_out(self, request: Request) -> Response:
        """End the session."""
        self._access.sign_out(request)
        return RedirectResponse("/sign-in", 303)

    def refuse(self, request: Request, status: int) -> Response:
        """A page for what is not shown."""
        if request.url.path == "/live":
            return JSONResponse({}, status)
        if status == 401:
            proxied = not isinstance(self._access, KeyAccess)
            return self._bare(request, "sign_in.html", 401, {"wrong": False, "proxied": proxied})
        return self._bare(request, "error.html", status, {"status": status if status in {403, 404, 500} else 404})

    def missing(self, request: Request, error: Exception) -> Response:
        """A page for an address that there is not."""
        assert isinstance(error, HTTPException), "only such errors are given here"
        return self.refuse(request, error.status_code)

    def _page(self, request: Request, template: str, make: Callable[[Ask], View]) -> Response:
        status = self._board.status
        with self._store.reading() as db:
            ask = Ask(_language(request), request.query_params, db, status, queries.business_day(db))
            view = make(ask)
        frame = {"status": status, "as_of": forms.date(ask.day) if ask.day else ""}
        response = self._bare(request, template, 404 if view.get("unknown") else 200, frame | view)
        if request.query_params.get("lang") in words.LANGUAGES:
            response.set_cookie(_LANGUAGE, ask.language, max_age=_YEAR_S, httponly=True, samesite="lax")
        return response

    def _bare(self, request: Request, template: str, status: int, view: View) -> Response:
        language = _language(request)
        return HTMLResponse(
            self._templates.get_template(template).render(
                view
                | {
                    "t": lambda key, **fields: words.say(language, key, **fields),
                    "language": language,
                    "other_language": "zh" if language == "en" else "en",
                    "switch": _switch(request, "zh" if language == "en" else "en"),
                    "path": request.url.path,
                    "navigation": NAVIGATION,
                    "can_sign_out": isinstance(self._access, KeyAccess),
                    "why": lambda alert: reason_words(language, alert),
                }
            ),
            status,
        )


def application(pages: Pages, access: Access, hosts: frozenset[str]) -> Starlette:
    """Put the pages behind the guard."""
    guard = Guard(access, hosts, pages.refuse)
    return Starlette(
        routes=[
            Route("/", pages.alerts),
            Route("/borrowers", pages.borrowers),
            Route("/book", pages.book),
            Route("/quality", pages.quality),
            Route("/reasons", pages.reasons),
            Route("/live", pages.live),
            Route("/sign-in", pages.sign_in),
            Route("/sign-out", pages.sign_out, methods=["POST"]),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=guard.admit)],
        exception_handlers={404: pages.missing, 405: pages.missing},
    )


def _language(request: Request) -> Language:
    """As asked for, else as last time, else as the browser prefers."""
    preferred = request.headers.get("accept-language", "").strip().lower()[:2]
    for choice in (request.query_params.get("lang"), request.cookies.get(_LANGUAGE), preferred):
        if choice in words.LANGUAGES:
            return choice
    return words.LANGUAGES[0]


def _switch(request: Request, language: Language) -> str:
    """This very page in the other language."""
    given = {name: value for name, value in request.query_params.items() if name not in {"lang", "key"}}
    return f"{request.url.path}?{urlencode(given | {'lang': language})}"


def _templates() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(
        link=lambda path, **fields: f"{path}?{urlencode(fields)}" if fields else path,
        sign=canvas.sign,
        bar=canvas.bar,
    )
    found.filters.update(percent=forms.percent, money=money, minor=money_text, time=_time, logit=_logit_bar)
    return found


def _time(instant: dt.datetime) -> str:
    return f"{instant:%H:%M:%S}"


def _logit_bar(contribution: str) -> Markup:
    """A reason's weight as a bar: four in log-odds are the whole width."""
    return canvas.bar(abs(float(contribution)) / 4, "weight")
