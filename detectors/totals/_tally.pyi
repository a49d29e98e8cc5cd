import numpy as np
from numpy.typing import NDArray

def add_cells(
    narrow: NDArray[np.uint8],
    wide: NDArray[np.int64],
    places: NDArray[np.int64],
    cells: NDArray[np.int64],
    first: int,
    /,
) -> None: ...
def add_sums(totals: NDArray[np.int64], rows: NDArray[np.int64], sums: NDArray[np.int64], /) -> None: ...
