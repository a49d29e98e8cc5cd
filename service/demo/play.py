"""Everything the demo plays, ready to be sent."""

from pathlib import Path

from service.demo import schedule
from service.demo.flights import EXTRACT, load
from service.demo.incidents import apply_all
from service.demo.model import train
from service.demo.traffic import Traffic


def prepare(path: Path = EXTRACT) -> Traffic:
    """Trains the model, lays the incidents over the flights and scores them; takes about three seconds.

    The traffic runs from the start of the reference weeks to the end of the play, so that flights in the air
    when the play begins get their labels in it: ask for `schedule.REFERENCE_MS`, then for `schedule.PLAY_MS`.
    """
    year = load(path)
    model = train(year.departing(*schedule.TRAINING_MS))
    flights = year.departing(schedule.REFERENCE_MS[0], schedule.PLAY_MS[1])
    flights = apply_all(schedule.INCIDENTS, flights)
    return Traffic(flights, model.score(flights))
