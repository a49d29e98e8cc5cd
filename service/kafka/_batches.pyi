import numpy as np
from numpy.typing import NDArray

from service.events.run import Buffer

def count(data: Buffer, at: int, /) -> int: ...
def index(
    data: Buffer,
    at: int,
    next_offset: int,
    places: NDArray[np.int64],
    records: Buffer = ...,
    ends: NDArray[np.int64] = ...,
    /,
) -> tuple[int, int, int, int]: ...
def packed(data: Buffer, at: int, most: int, /) -> tuple[int, list[tuple[int, int, int]]]: ...
def blank(size: int, /) -> tuple[bytes, memoryview]: ...
