"""The base of every record that crosses a border: frozen, and strict about what it doesn't know."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """A value: it can't be changed, and an unknown field is an error, not a surprise later."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_name=True,
        serialize_by_alias=True,
        # A validation error may be logged; what didn't fit may be a secret.
        hide_input_in_errors=True,
    )


class Record(Model):
    """A value that is kept or sent, so it says which version of its schema it was written in."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
