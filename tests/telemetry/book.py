"""The metrics of the book, from the real agent over a small book without a broker, on a page of its own."""

from __future__ import annotations

from streams.agents.looks import portfolio
from streams.agents.portfolio import PortfolioAgent
from streams.files.assess import assess
from streams.telemetry import exposition, metrics, server
from streams.telemetry.server import Server, text
from tests.whole.conftest import some_loans


class BookPage:
    """Serves what `looks.portfolio` sees in the agent's memory."""

    def __init__(self) -> None:
        agent = PortfolioAgent()
        assess(some_loans(30, "2018-06-01"), portfolio=agent)
        portfolio(agent)()
        page = exposition.render(metrics.REGISTRY, "portfolio")
        self._server: Server = server.listen("127.0.0.1", 0, {"/metrics": lambda: text(page)})
        self.target = f"127.0.0.1:{self._server.port}"

    def close(self) -> None:
        """Stop."""
        self._server.close()
