"""The play through the engine alone, without pace, page or receivers: which alerts fire."""

from collections.abc import Iterable

from service.alerts.notice import AlertNotice, TriggerNotice
from service.demo import schedule
from service.demo.flights import Flights
from service.demo.incidents import Incident, apply_all
from service.demo.model import Model
from service.demo.reference import as_records, reference_profile
from service.demo.stage import demo_settings
from service.demo.traffic import Traffic
from service.embedded.engine import Engine
from service.pipeline import Effect
from service.windows.control import ProfilePublished


def play(
    year: Flights, model: Model, incidents: Iterable[Incident]
) -> tuple[list[AlertNotice], list[TriggerNotice]]:
    """Transitions of alerts that fired, and requests to retrain, in order."""
    flights = year.departing(schedule.REFERENCE_MS[0], schedule.PLAY_MS[1])
    flights = apply_all(incidents, flights)
    traffic = Traffic(flights, model.score(flights))
    settings = demo_settings()
    alerts: list[AlertNotice] = []
    triggers: list[TriggerNotice] = []

    def sink(effect: Effect) -> None:
        if isinstance(effect, AlertNotice) and effect.transition and effect.fired:
            alerts.append(effect)
        elif isinstance(effect, TriggerNotice):
            triggers.append(effect)

    engine = Engine(settings, ["flights"], sink)
    engine.publish(ProfilePublished.of(reference_profile(settings, traffic), 0))
    events = traffic.between(*schedule.PLAY_MS)
    for start in range(0, len(events), 500):
        engine.feed("flights", as_records(events[start : start + 500], start))
    engine.caught_up("flights", schedule.PLAY_MS[1])
    return alerts, triggers
