"""The base of every section of the configuration, and the one way its validators speak of a mistake."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A part of the configuration: immutable, and no unknown field passes unnoticed."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=False
    )


def mistake(message: str, *, consequence: str, mend: str, field: str = "") -> PydanticCustomError:
    """The error that a validator raises.

    Parameters
    ----------
    message
        What is wrong, with the value.
    consequence
        What would follow, were it let through.
    mend
        What to write instead.
    field
        The field of the section to blame; default: the value that is validated.
    """
    parts = {"message": message, "consequence": consequence, "mend": mend, "field": field}
    return PydanticCustomError("mistake", "{message}: {consequence}; {mend}", parts)
