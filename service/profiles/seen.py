"""What a file held of each feature: one that is nowhere, or never of the right type, is not passed over."""

from __future__ import annotations

from collections import Counter

import numpy as np

from detectors.fields import ABSENT, INVALID
from service.config.model import Model
from service.events.batch import Batch
from service.events.schema import categorical_names, numeric_names
from service.profiles.columns import wrong_type
from service.profiles.flat import missing_column


class Seen:
    """Counts values of a model's features by state, over the predictions of a file."""

    def __init__(self, model: Model) -> None:
        self.rows = self.predictions = 0
        self._model = model
        self._absent: Counter[str] = Counter()
        self._invalid: Counter[str] = Counter()
        self._null: Counter[str] = Counter()

    def add(self, batch: Batch) -> None:
        """Count one batch; labels hold no features."""
        self.rows += len(batch)
        if batch.is_label:
            return
        self.predictions += len(batch)
        for place, name in enumerate(numeric_names(self._model)[:-1]):
            column = batch.numeric[:, place]
            self._absent[name] += int(np.count_nonzero(column == np.inf))
            self._invalid[name] += int(np.count_nonzero(column == -np.inf))
            self._null[name] += int(np.count_nonzero(np.isnan(column)))
        for name, values in zip(categorical_names(self._model), batch.categorical, strict=True):
            self._absent[name] += sum(value is ABSENT for value in values)
            self._invalid[name] += sum(value is INVALID for value in values)
            self._null[name] += sum(value is None for value in values)

    def check(self) -> None:
        """See that each feature was in some row, and some value of it of the right type.

        Raises
        ------
        ProfileError
            Names the first feature that was not.
        """
        present = [name for name in self._model.features if self._absent[name] < self.predictions]
        for name, feature in self._model.features.items():
            if self.predictions and name not in present:
                raise missing_column(self._model.name, name, present)
            given = self.predictions - self._absent[name] - self._null[name]
            if given and self._invalid[name] == given:
                other = "categorical" if feature.type == "numeric" else "numeric"
                raise wrong_type(
                    name,
                    f"no valid value in {given} rows",
                    "numbers" if feature.type == "numeric" else "strings",
                    f"correct the data, or call the feature {other} in the configuration",
                )
