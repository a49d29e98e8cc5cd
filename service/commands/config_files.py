"""The files that a configuration names: whether they are there, and whether a profile fits its model."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from detectors.fields import NumericField
from detectors.profile import Profile
from service.config.model import Model
from service.config.problems import Finding
from service.config.settings import Settings


def profile_findings(settings: Settings) -> Iterator[Finding]:
    """A finding for each profile that cannot serve as the reference of its model."""
    for i, model in enumerate(settings.models):
        if model.reference.profile is None:
            continue
        wrong = _unfit(Path(model.reference.profile), model)
        if wrong is not None:
            consequence = "the model would have no reference, and no drift would be found"
            mend = "correct the path, or build it with `driftline profile build`"
            yield Finding(("models", i, "reference", "profile"), wrong, consequence, mend)


def file_notes(settings: Settings) -> Iterator[str]:
    """A sentence for each other file that is not here; it may well be where the service runs."""
    security = settings.kafka.security
    files = [
        ("kafka.security.password_file", security.password_file),
        ("kafka.security.ca_file", security.ca_file),
        ("kafka.security.certificate_file", security.certificate_file),
        ("kafka.security.key_file", security.key_file),
        ("web.token_file", settings.web.token_file),
    ]
    for i, webhook in enumerate(settings.receivers.webhooks):
        files += [(f"receivers.webhooks[{i}].secret_files", name) for name in webhook.secret_files]
    for field, name in files:
        if name is not None and not (Path(name).is_file() and os.access(name, os.R_OK)):
            yield f"`{field}` names {name}, which cannot be read here; the service will need it where it runs"


def _unfit(path: Path, model: Model) -> str | None:
    try:
        profile = Profile.from_json(path.read_bytes())
    except OSError as error:
        return f"the profile {str(path)!r} cannot be read ({error.strerror})"
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        return f"{str(path)!r} is no profile of this release ({type(error).__name__}: {error})"
    if profile.model != model.name:
        return f"{str(path)!r} is the profile of the model {profile.model!r}, not of {model.name!r}"
    kinds = {
        field.name: "numeric" if isinstance(field, NumericField) else "categorical"
        for field in profile.layout.judged
    }
    for name, feature in model.features.items():
        if kinds.get(name) != feature.type:
            has = f"has it as {kinds[name]}" if name in kinds else "does not have it"
            return f"the feature {name!r} is {feature.type} here, and the profile {str(path)!r} {has}"
    return None
