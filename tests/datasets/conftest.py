from __future__ import annotations

import datetime as dt
from importlib import resources
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from streams.events.envelope import BorrowerEvent
from streams.sandbox.datasets import ally
from tests.datasets.contract import Life, live

if TYPE_CHECKING:
    from streams.events.envelope import Event

DATA = resources.files("streams.sandbox.datasets.ally") / "data"


@pytest.fixture(scope="session")
def ally_events() -> list[Event]:
    """The whole set, converted once."""
    return ally.events()


@pytest.fixture(scope="session")
def ally_by_loan(ally_events: list[Event]) -> dict[str, list[BorrowerEvent]]:
    """The same by loan id."""
    loans: dict[str, list[BorrowerEvent]] = {}
    for event in ally_events:
        if isinstance(event, BorrowerEvent):
            loans.setdefault(event.borrower_id.removeprefix("obligor-"), []).append(event)
    return loans


@pytest.fixture(scope="session")
def ally_lives(ally_by_loan: dict[str, list[BorrowerEvent]]) -> dict[str, Life]:
    """Every loan, day by day, as an independent reading of the contract finds it."""
    return {loan_id: live(events, dt.date(2020, 12, 31)) for loan_id, events in ally_by_loan.items()}


@pytest.fixture(scope="session")
def filed_loans() -> pd.DataFrame:
    """The filed facts, read by pandas: no code shared with the converter."""
    with (DATA / "loans.csv.gz").open("rb") as file:
        return pd.read_csv(file, compression="gzip", dtype={"loan_id": str}).set_index("loan_id")


@pytest.fixture(scope="session")
def filed_months() -> pd.DataFrame:
    """The filed months, with the balance before each."""
    with (DATA / "months.csv.gz").open("rb") as file:
        months = pd.read_csv(file, compression="gzip", dtype={"loan_id": str})
    return months.sort_values(["loan_id", "month"], ignore_index=True)
