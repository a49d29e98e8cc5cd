from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

def numbers(
    recipe: tuple[NDArray[Any], ...],
    clamp: float,
    arrays: Sequence[NDArray[Any]],
    cells: NDArray[Any],
    sums: NDArray[Any],
    first: int,
    /,
) -> None: ...
def categories(codes: NDArray[Any], table: NDArray[Any], cells: NDArray[Any], wanted: int, /) -> int: ...
