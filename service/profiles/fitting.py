"""Whether a profile and a model's configuration speak of the same columns."""

from __future__ import annotations

from detectors.fields import NumericField
from detectors.profile import Profile
from service.config.model import Model
from service.errors import ProfileError
from service.events.schema import categorical_names, numeric_names


def check_fits(profile: Profile, model: Model) -> None:
    """See that a profile describes the model, feature by feature, in the order in which they are counted.

    Raises
    ------
    ProfileError
        Names what differs.
    """
    if profile.model != model.name:
        raise ProfileError(
            f"the profile is of model `{profile.model}`, not of `{model.name}`, so it describes other "
            "features; give the profile of this model",
            reason="other_model",
        )
    numeric = tuple(field.name for field in profile.fields if isinstance(field, NumericField))
    categorical = tuple(field.name for field in profile.fields if not isinstance(field, NumericField))
    if (numeric, categorical) == (numeric_names(model), categorical_names(model)):
        return
    raise ProfileError(
        f"the profile of model `{model.name}` was built for other features ({_difference(profile, model)}), "
        "so windows could not be compared with it; build it anew with this configuration",
        reason="other_features",
    )


def _difference(profile: Profile, model: Model) -> str:
    have = {field.name for field in profile.fields}
    want = {*numeric_names(model), *categorical_names(model)}
    parts = [
        f"{word}: {', '.join(sorted(names))}"
        for word, names in (("missing", want - have), ("no longer configured", have - want))
        if names
    ]
    return "; ".join(parts) or "in another order or of other types"
