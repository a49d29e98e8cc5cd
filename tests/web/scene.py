"""A small world to look at: two models, their references, and windows that drift where they are told to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from detectors.building import Reference, build_profile, count
from detectors.layout import COUNTERS
from detectors.profile import Profile
from service.alerts.notice import AlertNotice, AlertState, Evidence, Reason, TriggerNotice
from service.config.settings import Settings
from service.evaluation.evaluate import evaluate
from service.evaluation.result import Evaluated, Result
from service.windows.closed import ClosedWindow

NUMERIC = ("age", "amount", "income", "open_accounts", "prediction")
CATEGORICAL = ("channel", "state")
REGIONS = ("apac", "eu", "us")
STATES = ("AZ", "CA", "FL", "GA", "IL", "NY", "OH", "TX", "WA")
MINUTE = 60_000
START = 1_787_392_800_000  # 2026-08-22T10:00:00Z
HOUR = 60 * MINUTE


def make_settings(**limits: int) -> Settings:
    numeric, categorical = {"type": "numeric"}, {"type": "categorical"}
    features = {
        "age": numeric, "amount": numeric, "income": numeric, "open_accounts": numeric,
        "channel": categorical, "state": categorical,
    }  # fmt: skip
    return Settings.model_validate(
        {
            "models": [
                {"name": "credit", "features": features, "slices": [["region"]]},
                {"name": "churn", "features": features, "slices": [["region"]]},
            ],
            "monitors": [
                {"name": "feature-drift", "metric": "psi", "threshold": 0.1, "severity": "critical"},
                {"name": "missing-values", "metric": "missing_ratio", "threshold": 0.05},
                {"name": "no-traffic", "metric": "traffic", "threshold": 100, "below": True, "alpha": None,
                 "slices": ["all"]},
            ],
            "receivers": {"webhooks": [{"name": "retrain", "url": "http://127.0.0.1:9/hook"}]},
            "limits": limits,
        }
    )  # fmt: skip


@dataclass(frozen=True)
class Drift:
    """What differs from the reference in a window, by region; ``all`` stands for every region."""

    income: Mapping[str, float] = field(default_factory=dict)
    """Income times so much."""
    missing_age: Mapping[str, float] = field(default_factory=dict)
    """Share of ages that are null."""
    phone: Mapping[str, float] = field(default_factory=dict)
    """Share of events that come through the channel `phone` instead."""


def sample(seed: int, events: int, drift: Drift | None = None) -> Reference:
    drift = drift or Drift()
    rng = np.random.default_rng(seed)
    region = rng.choice(REGIONS, events, p=[0.15, 0.35, 0.5])

    def of(by_region: Mapping[str, float], default: float) -> np.ndarray:
        return np.array([by_region.get(name, by_region.get("all", default)) for name in region])

    age = np.clip(rng.normal(44, 13, events), 18, 92).round()
    age[rng.random(events) < of(drift.missing_age, 0.01)] = np.nan
    income = rng.lognormal(10.6, 0.5, events) * of(drift.income, 1.0)
    numeric = np.column_stack(
        [age, rng.gamma(2.0, 4000, events), income, rng.poisson(2.2, events), rng.beta(2, 5, events)]
    )
    channel = rng.choice(["app", "branch", "web"], events, p=[0.5, 0.2, 0.3]).astype(object)
    channel[rng.random(events) < of(drift.phone, 0.0)] = "phone"
    states = rng.choice(STATES, events).tolist()
    counters = np.zeros((events, len(COUNTERS)), dtype=np.int64)
    counters[:, COUNTERS.index("events")] = 1
    counters[:, COUNTERS.index("labelled")] = 1
    counters[:, COUNTERS.index("positive")] = rng.random(events) < 0.3
    slices = {f"region={name}": np.flatnonzero(region == name) for name in REGIONS}
    return Reference(NUMERIC, numeric, CATEGORICAL, [channel.tolist(), states], counters, slices)


def make_profile(model: str = "credit", version: str = "7") -> Profile:
    return build_profile(model, version, sample(1, 20_000)).profile


def make_window(
    profile: Profile, seed: int, *, end_ms: int = START + HOUR, events: int = 4000, drift: Drift | None =
    None, version: str | None = None,
) -> ClosedWindow:  # fmt: skip
    reference = sample(seed, events, drift)
    slices = ("all", *sorted(reference.slices))
    return ClosedWindow(
        model=profile.model,
        version=profile.version if version is None else version,
        name="1h/5m",
        start_ms=end_ms - HOUR,
        end_ms=end_ms,
        slices=slices,
        totals=count(profile.layout, reference, slices),
        layout=profile.layout,
        profile=profile,
    )


def judge(settings: Settings, window: ClosedWindow) -> Evaluated:
    model = next(model for model in settings.models if model.name == window.model)
    return evaluate(window, model, settings.monitors)


def make_alert(
    result: Result, state: AlertState = AlertState.FIRING, *, name: str = "feature-drift",
    at_ms: int = START + HOUR, fired: bool = True,
) -> AlertNotice:  # fmt: skip
    return AlertNotice(
        id=f"{name}/{result.feature}/{result.slice}/{state}/{at_ms}",
        alert_id=f"{name}/{result.model}/{result.feature}/{result.slice}",
        state=state,
        transition=True,
        reason=Reason.RECOVERED if state is AlertState.RESOLVED else Reason.BREACH,
        alertname=name,
        severity="critical",
        model=result.model,
        model_version=result.model_version,
        feature=result.feature,
        slice=result.slice,
        metric=result.metric,
        value=result.value,
        threshold=result.threshold,
        below=False,
        lower=None,
        upper=None,
        p_adjusted=result.p_adjusted,
        n=result.n,
        reference_n=result.reference_n,
        reference_id=result.reference_id,
        window=result.window,
        started_ms=at_ms - 15 * MINUTE,
        resolved_ms=at_ms if state is AlertState.RESOLVED else None,
        at_ms=at_ms,
        fired=fired,
        summary=summary_of(result),
        description="",
        contributions=(),
        runbook_url=None,
        config_digest="sha256:0",
        position=at_ms,
    )


def summary_of(result: Result) -> str:
    where = "" if result.slice == "all" else f" in {result.slice}"
    return (
        f"{result.model} {result.model_version}: {result.metric} of {result.feature}{where} is "
        f"{result.value or 0:.4g} (alerts at or above {result.threshold or 0:g})"
    )


def make_trigger(alert: AlertNotice) -> TriggerNotice:
    evidence = Evidence(
        transition_id=alert.id,
        **{name: getattr(alert, name) for name in Evidence.__struct_fields__ if name != "transition_id"},
    )
    return TriggerNotice(
        trigger_id=f"trigger-{alert.alert_id}",
        kind="model.retraining.requested",
        model=alert.model,
        model_version=alert.model_version,
        requested_ms=alert.at_ms,
        expires_ms=alert.at_ms + 6 * HOUR,
        evidence=(evidence,),
        evidence_omitted=0,
        summary=f"retraining of {alert.model} {alert.model_version} requested: 1 firing alert",
        config_digest="sha256:0",
        position=alert.position,
    )
