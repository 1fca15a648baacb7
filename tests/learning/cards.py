"""The second product: 30,000 credit-card clients, learned in one pass and judged on clients that were held out.

Six statements are too few to judge month by month, and the outcome (default in October 2005) is no event. So every
client is folded up to the September statement, 70 % of them (by a hash of the id) are learned once, in order, and the
others are scored by the version that this gave.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
from msgspec import Struct

from streams.borrower import state
from streams.borrower.context import Context
from streams.borrower.shard import Shard
from streams.borrower.view import View
from streams.events.outputs import LabelMatured
from streams.learning import metrics
from streams.learning.compare import PARAMETERS, ROUNDS
from streams.learning.learner import Learner
from streams.risk import model
from streams.risk.heads import HEADS
from streams.risk.tiers import DEFAULT
from streams.sandbox.datasets import uci
from streams.sandbox.datasets.calendar import stable_fraction

DATA = Path(__file__).parents[1] / "data" / "uci"
OBSERVED = dt.date(2005, 9, 30)
LEARNED_SHARE = 0.7


class Client(Struct, frozen=True):
    """One client as of the September statement."""

    borrower_id: str
    inputs: bytes
    days_past_due: int
    defaulted: bool

    @property
    def learned(self) -> bool:
        """Whether this client is one of those to learn from."""
        return stable_fraction(self.borrower_id) < LEARNED_SHARE


def observed(limit: int | None = None) -> list[Client]:
    """Fold the clients, and take each one's inputs at the end of September, those past 90 days past due as well."""
    shard = Shard(DEFAULT, lambda weights, policy: Context(weights, policy, lambda *_: None, lambda _: None))
    events = uci.events(uci.read_clients(DATA / "clients.csv.gz", limit))
    for event in events:
        shard.fold(event)
    outcomes, found = uci.read_outcomes(DATA / "outcomes.csv.gz"), []
    for row in shard.flush():
        borrower = row.key.decode()
        if borrower in outcomes:
            view = View(state.decode(row.body), OBSERVED.toordinal(), model.prior_weights())
            inputs = model.kept_inputs(view.assessment)
            found.append(Client(borrower, inputs, view.standing.days_past_due, outcomes[borrower]))
    return sorted(found, key=lambda client: client.borrower_id)


def judge(clients: list[Client], *, lightgbm: bool = True) -> dict[str, float]:
    """AUC of the held-out clients, by the model, LightGBM on the same inputs, and days past due alone."""
    learner, prior = Learner(), model.prior_weights()
    learned = [client for client in clients if client.learned]
    held_out = [client for client in clients if not client.learned]
    weights, _ = learner.learn_day(OBSERVED + dt.timedelta(days=121), [_label(client) for client in learned])
    y = np.array([client.defaulted for client in held_out], float)
    scores = {
        "model": [model.score_inputs(client.inputs, weights).default_ppm / 1e6 for client in held_out],
        "prior": [model.score_inputs(client.inputs, prior).default_ppm / 1e6 for client in held_out],
        "days_past_due": [float(client.days_past_due) for client in held_out],
    }
    if lightgbm:
        import lightgbm as batch  # noqa: PLC0415  an extra

        rows = np.array([model.inputs_of(client.inputs) for client in learned], float)
        data = batch.Dataset(rows, np.array([client.defaulted for client in learned], float))
        booster = batch.train(PARAMETERS, data, ROUNDS)
        scores["lightgbm"] = np.asarray(
            booster.predict(np.array([model.inputs_of(client.inputs) for client in held_out], float))
        ).tolist()
    found = {name: metrics.auc(score, y) for name, score in scores.items()}
    return found | {
        "learned": float(len(learned)),
        "held_out": float(len(held_out)),
        "ece": metrics.expected_calibration_error(scores["model"], y),
    }


def _label(client: Client) -> LabelMatured:
    return LabelMatured(
        borrower_id=client.borrower_id,
        observed_on=OBSERVED,
        matured_on=OBSERVED + dt.timedelta(days=121),
        head=HEADS[0],
        outcome=client.defaulted,
        probability_ppm=model.score_inputs(client.inputs, model.prior_weights()).default_ppm,
        model_version="prior",
        observation=client.inputs,
    )


if __name__ == "__main__":
    import msgspec

    print(msgspec.json.encode(judge(observed())).decode())  # noqa: T201  the program's answer
