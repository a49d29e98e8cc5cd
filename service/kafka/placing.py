"""To which partition of the partials the records of a model go."""

from __future__ import annotations

from collections.abc import Iterable

from aiokafka.partitioner import DefaultPartitioner


def placed(models: Iterable[str], partition: int, partitions: Iterable[int]) -> list[str]:
    """Those of the models whose partials go to ``partition``, whether any ever came or not.

    The producer places records by their keys (murmur2, as other clients of Kafka do); the key of a partial
    is the name of its model.

    >>> placed(["churn", "credit", "fraud"], 0, [0])
    ['churn', 'credit', 'fraud']
    """
    place, everywhere = DefaultPartitioner(), sorted(partitions)
    return [name for name in models if place(name.encode(), everywhere, everywhere) == partition]
