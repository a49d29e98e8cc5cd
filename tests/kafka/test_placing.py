"""Models are placed as every client of Kafka places their keys."""

from __future__ import annotations

import pytest
from aiokafka import TopicPartition

from service.errors import KafkaError
from service.kafka.placing import placed, require_placed

MODELS = [f"model-{i}" for i in range(100)]


def test_a_key_goes_where_the_hash_of_kafka_sends_it() -> None:
    """By Kafka's own tests the hash of ``foobar`` is -790332482: without its sign 1357151166, 6 modulo 8."""
    assert [partition for partition in range(8) if placed(["foobar"], partition, range(8))] == [6]


def test_every_model_has_one_place() -> None:
    places = [name for partition in range(8) for name in placed(MODELS, partition, [*range(7, -1, -1)])]
    assert sorted(places) == sorted(MODELS)


def test_models_that_are_kept_where_their_names_fall_may_go_on_and_others_may_not() -> None:
    kept = placed(MODELS, 2, range(8))
    require_placed(kept, TopicPartition("partials", 2), range(8))
    with pytest.raises(
        KafkaError, match=r"'model-\d+' lies in partition 2 of partials, but among its 9 part"
    ) as refused:
        require_placed(kept, TopicPartition("partials", 2), range(9))
    assert (refused.value.reason, refused.value.retryable) == ("wrong_partitions", False)
