"""What only holds while the demo runs: addresses, a secret, a token, on top of the configuration."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

from service.config.loading import load
from service.config.settings import Settings

CONFIG = Path(__file__).parent / "data" / "driftline.yaml"
"""In the repository a link to examples/flights/driftline.yaml."""
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """Made for one run, and gone with its folder."""

    key: bytes
    key_file: Path
    token: str
    token_file: Path


def make_secrets(folder: Path) -> Secrets:
    """A webhook secret and an API token, in files that only this user reads."""
    key, token = secrets.token_bytes(KEY_BYTES), secrets.token_urlsafe()
    key_file, token_file = folder / "webhook-secret", folder / "tokens"
    for path, text in (
        (key_file, f"whsec_{base64.b64encode(key).decode()}\n"),
        (token_file, f"training-pipeline: {token}\n"),
    ):
        path.touch(mode=0o600)
        path.write_text(text)
    return Secrets(key, key_file, token, token_file)


def demo_settings() -> Settings:
    """The demo's configuration as its file has it."""
    return load(CONFIG)


def staged(settings: Settings, made: Secrets, receiver_url: str, port: int) -> Settings:
    """The configuration of one run."""
    webhooks = tuple(
        webhook.model_copy(update={"url": receiver_url, "secret_files": (str(made.key_file),)})
        for webhook in settings.receivers.webhooks
    )
    receivers = settings.receivers.model_copy(update={"webhooks": webhooks})
    web = settings.web.model_copy(update={"port": port, "token_file": str(made.token_file)})
    return settings.model_copy(update={"receivers": receivers, "web": web})
