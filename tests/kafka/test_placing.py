"""Models are placed as every client of Kafka places their keys."""

from __future__ import annotations

from service.kafka.placing import placed

MODELS = [f"model-{i}" for i in range(100)]


def test_a_key_goes_where_the_hash_of_kafka_sends_it() -> None:
    """By Kafka's own tests the hash of ``foobar`` is -790332482: without its sign 1357151166, 6 modulo 8."""
    assert [partition for partition in range(8) if placed(["foobar"], partition, range(8))] == [6]


def test_every_model_has_one_place() -> None:
    places = [name for partition in range(8) for name in placed(MODELS, partition, [*range(7, -1, -1)])]
    assert sorted(places) == sorted(MODELS)
