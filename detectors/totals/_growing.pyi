import numpy as np
from numpy.typing import NDArray

def count_events(
    events: NDArray[np.int64], places: NDArray[np.int64], rows: NDArray[np.int64], most: int, /
) -> list[int]: ...
def add_all(
    totals: NDArray[np.int64],
    narrow: NDArray[np.uint8],
    wide: NDArray[np.int64],
    places: NDArray[np.int64],
    rows: NDArray[np.int64],
    cells: NDArray[np.int32],
    sums: NDArray[np.int64],
    by_cell: NDArray[np.int64],
    /,
) -> None: ...
