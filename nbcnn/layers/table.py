"""The rules that every table of a spec obeys."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table as a person writes it: no unknown keys, no conversions, no infinities, immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)
