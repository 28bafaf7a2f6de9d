"""What a person or a script may do to the message service while it runs: `sshq-sandbox channel`."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from sshq_sandbox.ssm_service.faults import DESTINATIONS, KINDS, FrameFault
from sshq_sandbox.ssm_service.service_settings import AgentBehaviour
from sshq_sandbox.ssm_service.session_channel import End

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq_sandbox.ssm_service.message_service import SsmMessageService

_T = TypeVar("_T")

SETTINGS = ("pace", "dial-seconds", "hold", "presigned", "token-seconds", "largest", "on-larger")


def describe(service: SsmMessageService) -> dict[str, Any]:
    """Settings, faults in force, sessions."""
    return {
        "settings": asdict(service.settings),
        "faults": [asdict(fault) for fault in service.faults.list()],
        "faults_met": service.faults.hits,
        "torn": service.faults.torn,
        "sessions": service.described(),
    }


def act(service: SsmMessageService, asked: Mapping[str, Any]) -> None:
    """Do what `asked["action"]` says. Raises ValueError with a sentence, KeyError."""
    session = asked.get("session") or None
    match asked["action"]:
        case "fault":
            service.faults.add(_fault(asked))
        case "clear":
            service.faults.clear()
        case "bye":
            service.say_bye(session)
        case "tear":
            service.tear(session)
        case "expire-tokens":
            service.expire_tokens()
        case "away":
            end = _one_of(asked["end"], get_args(End))
            service.send_away(end, float(asked.get("seconds") or 0), session)
        case "set":
            for name, value in dict(asked["settings"]).items():
                _set(service, str(name), str(value))
        case other:
            raise ValueError(f"There is no action {other!r}.")


def _fault(asked: Mapping[str, Any]) -> FrameFault:
    rate, count = float(asked.get("rate") or 1), asked.get("count")
    if not 0 < rate <= 1:
        raise ValueError("A rate is above 0 and at most 1.")
    return FrameFault(
        kind=_one_of(asked["kind"], KINDS),
        to=_one_of(asked.get("to") or "agent", DESTINATIONS),
        # A rate goes on until it is cleared; without one a fault is for one frame.
        count=int(count) if count is not None else (1 if rate == 1 else None),
        message_type=str(asked.get("type") or ""),
        skip=int(asked.get("skip") or 0),
        seconds=float(asked.get("seconds") or 0),
        rate=rate,
    )


def _set(service: SsmMessageService, name: str, value: str) -> None:
    settings = service.settings
    agent = replace(settings.agent) if settings.agent else AgentBehaviour()
    match name:
        case "pace":
            agent.keep_pace(value)
            service.instruct_agents(agent)
        case "dial-seconds":
            agent.dial_seconds = float(value)
            service.instruct_agents(agent)
        case "hold":
            settings.hold_frames = _one_of(value, ("yes", "no")) == "yes"
        case "presigned":
            settings.require_presigned = _one_of(value, ("yes", "no")) == "yes"
        case "token-seconds":
            service.set_token_life(float(value))
        case "largest":
            settings.largest_payload = int(value)
        case "on-larger":
            settings.close_on_larger = _one_of(value, ("drop", "close")) == "close"
        case other:
            raise ValueError(f"There is no setting {other!r}; there are {', '.join(SETTINGS)}.")


def _one_of(value: object, allowed: tuple[_T, ...]) -> _T:
    for each in allowed:
        if value == each:
            return each
    raise ValueError(f"{value!r} is not one of {', '.join(map(str, allowed))}.")
