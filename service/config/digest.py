"""A fingerprint of the configuration, stated in every alert."""

from __future__ import annotations

import hashlib

from service.config.settings import Settings


def settings_digest(settings: Settings) -> str:
    """``sha256:`` and the hash of what decides results and alerts: models, monitors and retraining."""
    text = settings.model_dump_json(include={"models": True, "monitors": True, "receivers": {"retraining"}})
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
