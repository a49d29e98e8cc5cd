from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.events.run import Buffer

Field: TypeAlias = tuple[bytes, int, int]

class Scanner:
    def __new__(
        cls,
        models: list[tuple[bytes, int, list[list[Any]], list[Field], list[Field], list[Field], list[Field]]],
        /,
    ) -> Self: ...
    def scan(
        self,
        data: Buffer,
        starts: NDArray[np.int64],
        lengths: NDArray[np.int64],
        limit: int,
        numbers: NDArray[np.float64],
        codes: NDArray[np.int64],
        times: NDArray[np.int64],
        owners: NDArray[np.int32],
        flags: NDArray[np.uint8],
        order: NDArray[np.int64],
        ends: NDArray[np.int64],
        found: NDArray[np.int64],
        /,
    ) -> None: ...
    def values(self, model: int, column: int, /) -> list[Any]: ...
