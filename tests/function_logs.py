"""All that a function would write to CloudWatch Logs, as one text."""

from __future__ import annotations

import io
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def captured_logs() -> Iterator[io.StringIO]:
    """Powertools' own handler, with its keys and its format, and whatever else is logged."""
    text = io.StringIO()
    handler = Logger().registered_handler
    assert isinstance(handler, logging.StreamHandler)
    was = handler.setStream(text)
    other = logging.StreamHandler(text)
    logging.getLogger().addHandler(other)
    try:
        yield text
    finally:
        logging.getLogger().removeHandler(other)
        if was is not None:
            handler.setStream(was)
