"""What Slack lends for a while: trigger ids (3 s, one modal), response_urls (30 min, 5 uses)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TRIGGER_SECONDS = 3
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


class GrantError(Exception):
    """Slack's own word for why a grant is worth nothing, in `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class _Trigger:
    user: str
    issued_at: float
    used: bool = False


class TriggerIds:
    """The trigger ids that were sent out."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._triggers: dict[str, _Trigger] = {}

    def issue(self, trigger_id: str, user: str) -> None:
        self._triggers[trigger_id] = _Trigger(user, self._clock())

    def redeem(self, trigger_id: str) -> str:
        """The user to whom the modal is shown.

        Raises GrantError with `invalid_trigger_id` (unknown), `expired_trigger_id` (older than
        3 s) or `exchanged_trigger_id` (used).
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise GrantError("invalid_trigger_id")
        if trigger.used:
            raise GrantError("exchanged_trigger_id")
        if self._clock() - trigger.issued_at > TRIGGER_SECONDS:
            raise GrantError("expired_trigger_id")
        trigger.used = True
        return trigger.user


@dataclass
class ResponseUrl:
    """Where one response_url leads. `source_ts` is the message that it may replace or delete."""

    channel: str
    user: str
    source_ts: str | None
    issued_at: float
    uses: int = 0


class ResponseUrls:
    """The response_urls that were sent out, by their path below the hooks' root."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._urls: dict[str, ResponseUrl] = {}

    def issue(self, path: str, *, channel: str, user: str, source_ts: str | None) -> ResponseUrl:
        url = ResponseUrl(channel, user, source_ts, self._clock())
        self._urls[path] = url
        return url

    def usable(self, path: str) -> ResponseUrl:
        """Raise GrantError with `expired_url` (30 min, or unknown) or `used_url` (5 uses)."""
        url = self._urls.get(path)
        if url is None or self._clock() - url.issued_at > RESPONSE_URL_SECONDS:
            raise GrantError("expired_url")
        if url.uses >= RESPONSE_URL_USES:
            raise GrantError("used_url")
        return url
