"""To which partition of the partials the records of a model go."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from aiokafka import TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from service.errors import KafkaError


def placed(models: Iterable[str], partition: int, partitions: Iterable[int]) -> list[str]:
    """Those of the models whose partials go to ``partition``, whether any ever came or not.

    The producer places records by their keys (murmur2, as other clients of Kafka do); the key of a partial
    is the name of its model.

    >>> placed(["churn", "credit", "fraud"], 0, [0])
    ['churn', 'credit', 'fraud']
    """
    count = len(list(partitions))
    return [name for name in models if _place(name, count) == partition]


@cache
def _place(model: str, partitions: int) -> int:
    everywhere = list(range(partitions))
    return int(DefaultPartitioner()(model.encode(), everywhere, everywhere))


def require_placed(kept: Iterable[str], tp: TopicPartition, partitions: Iterable[int]) -> None:
    """Refuse to go on with models that are kept in a partition, but whose partials go to another by now.

    Raises
    ------
    KafkaError
        Names the first such model (``reason="wrong_partitions"``).
    """
    count = len(list(partitions))
    strays = sorted(name for name in kept if _place(name, count) != tp.partition)
    if strays:
        raise KafkaError(
            f"kafka.partials_partitions: what is known of model {strays[0]!r} lies in partition "
            f"{tp.partition} of {tp.topic}, but among its {count} partitions the name falls on "
            f"{_place(strays[0], count)}: partitions were added; the model would begin anew there and "
            "be called silent here; nothing more is evaluated; go on with new topics (`kafka.topics`) and a "
            "new `kafka.group`",
            reason="wrong_partitions",
        )
