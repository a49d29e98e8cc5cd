"""The demo's model: at departure, will this flight land more than 15 minutes late?

A river pipeline learns flight by flight; its weights then score whole columns at once, with the same result.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isnan

import numpy as np
from river import compose, linear_model, optim, preprocessing

from service.demo.flights import CATEGORICAL, NUMERIC, Flights, Floats, Strings

NAME = "flight-delay"
VERSION = "1"
LATE_FROM = 0.5

# Temperature, humidity and pressure come with the events but have no weight: what a summer teaches about them
# is wrong in autumn, and with them the model ranks the flights of November worse.
UNUSED = ("temp", "humid", "pressure")
NUMERIC_INPUTS = tuple(name for name in NUMERIC if name not in UNUSED)
DELAY_CLIP_MINUTES = (-20.0, 45.0)  # outside it, a flight is as good as on time, or as late
LEARNING_RATE = 0.05
INTERCEPT_LEARNING_RATE = 0.005


@dataclass(frozen=True)
class Model:
    """A trained logistic regression.

    Attributes
    ----------
    pipeline
        The whole river pipeline; `scaler` and `regression` are parts of it.
    """

    pipeline: compose.Pipeline
    scaler: preprocessing.StandardScaler
    regression: linear_model.LogisticRegression

    def score(self, flights: Flights) -> Floats:
        """The probability of landing late for each flight, as `pipeline.predict_proba_one` gives it."""
        raw = np.full(len(flights), float(self.regression.intercept))
        for name, column in numeric_inputs(flights).items():
            deviation = float(np.sqrt(self.scaler.vars[name]))
            scaled = (column - self.scaler.means[name]) / deviation if deviation else np.zeros_like(column)
            raw += self.regression.weights[name] * np.where(np.isnan(column), 0.0, scaled)
        for name in CATEGORICAL:
            raw += self._category_weights(name, flights.categorical[name])
        probability: Floats = 1.0 / (1.0 + np.exp(-raw))
        return probability

    def _category_weights(self, name: str, column: Strings) -> Floats:
        """The weight of each value; one never seen in training has none."""
        values, codes = np.unique(column, return_inverse=True)
        weights = self.regression.weights
        by_code = np.array([weights.get(f"{name}_{value}", 0.0) for value in values.tolist()])
        return by_code[codes]


def train(flights: Flights) -> Model:
    """Learns each landed flight once, in order of departure; the same flights always give the same model."""
    optimizer = optim.AdaGrad(LEARNING_RATE)
    regression = linear_model.LogisticRegression(optimizer, intercept_lr=INTERCEPT_LEARNING_RATE)
    numbers = compose.Discard(*CATEGORICAL) | preprocessing.StandardScaler()
    categories = compose.Discard(*NUMERIC_INPUTS) | preprocessing.OneHotEncoder(drop_zeros=True)
    inputs_of = compose.TransformerUnion(("numbers", numbers), ("categories", categories))
    pipeline = inputs_of | regression
    landed, late = flights.landed.tolist(), flights.late.tolist()
    for row, inputs in enumerate(inputs_one_by_one(flights)):
        if landed[row]:
            pipeline.learn_one(inputs, late[row])
    # The union keeps copies of what it is given: this one is the scaler that learned.
    scaler = inputs_of.transformers["numbers"]["StandardScaler"]
    return Model(pipeline, scaler, regression)


def numeric_inputs(flights: Flights) -> dict[str, Floats]:
    """The numeric features as the model takes them: NaN where missing or absent, the delay clipped."""
    inputs = {}
    for name in NUMERIC_INPUTS:
        column = flights.numeric[name]
        absent = flights.absent.get(name)
        inputs[name] = column if absent is None else np.where(absent, np.nan, column)
    inputs["dep_delay"] = np.clip(inputs["dep_delay"], *DELAY_CLIP_MINUTES)
    return inputs


def inputs_one_by_one(flights: Flights) -> Iterator[dict[str, float | str]]:
    """Each flight as river takes it; what is missing is left out, and so weighs nothing."""
    numeric = {name: column.tolist() for name, column in numeric_inputs(flights).items()}
    categorical = {name: flights.categorical[name].tolist() for name in CATEGORICAL}
    for row in range(len(flights)):
        numbers = {name: column[row] for name, column in numeric.items()}
        measured = {name: value for name, value in numbers.items() if not isnan(value)}
        yield measured | {name: column[row] for name, column in categorical.items()}
