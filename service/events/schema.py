"""The columns of a model: what its configuration says, in the order in which everything counts them."""

from __future__ import annotations

from service.config.model import Model, NumericFeature

PREDICTION = "prediction"
"""The name of the field that holds the score (classification) or the value (regression)."""

ACTUAL = "actual"
"""The name under which results speak of the labels."""


def numeric_names(model: Model) -> tuple[str, ...]:
    """Numeric features in the schema's order, then the prediction: the columns of ``Batch.numeric``."""
    names = [name for name, feature in model.features.items() if isinstance(feature, NumericFeature)]
    return (*names, PREDICTION)


def categorical_names(model: Model) -> tuple[str, ...]:
    """Categorical features in the schema's order: the columns of ``Batch.categorical``."""
    return tuple(name for name, feature in model.features.items() if not isinstance(feature, NumericFeature))


def field_names(model: Model) -> tuple[str, ...]:
    """Every counted field, in the order of a layout."""
    return numeric_names(model) + categorical_names(model)
