"""Whether a job may be asked for, and on which terms: one pure decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sshq.domain.approvals import Why
from sshq.domain.budgets import HOUR, Ledger, longest_cap, reservation
from sshq.domain.money import Currency, micros, other_currency
from sshq.domain.refusals import Reason

if TYPE_CHECKING:
    from sshq.domain.jobs import JobShape
    from sshq.domain.members import Limits
    from sshq.domain.presets import Preset
    from sshq.domain.prices import Price

# MaxRuntimeInSeconds counts from the start of training; what the start-up takes is added.
START_UP_SECONDS = 900
# SageMaker takes no longer MaxRuntimeInSeconds:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html
LONGEST_RUN_SECONDS = 28 * 24 * HOUR
# How long spot may wait for a machine, and be without one, beside the time that it runs.
SPOT_WAIT_SECONDS = 12 * HOUR


class OverLimits(StrEnum):
    """What becomes of a request that is over a member's limits or outside an allow-list."""

    REFUSE = "refuse"
    ASK = "ask"


@dataclass(frozen=True)
class Rules:
    """The stack's own limits. Budgets are a month's, in `currency`; None or 0: there is none."""

    max_hours: float
    team_budget: float = 0
    approval_above: float = 0
    over_limits: OverLimits = OverLimits.REFUSE
    currency: Currency = Currency.USD


@dataclass(frozen=True)
class Facts:
    """All that the decision rests on. `image` are the image's names, typed and resolved."""

    shape: JobShape
    image: tuple[str, ...]
    preset: Preset
    limits: Limits
    ledger: Ledger
    price: Price | None
    quota: int | None
    approved: bool = False


@dataclass(frozen=True)
class Terms:
    """What a job is submitted under. Limits are micros of `currency` and jobs; None: no limit."""

    currency: Currency
    price_micros: int
    price_as_of: str
    cap_seconds: int
    max_wait_seconds: int
    reserved_micros: int
    member_limit: int | None
    team_limit: int | None
    max_jobs: int | None


@dataclass(frozen=True)
class Objection:
    """Why not. With `ask` an admin may allow it all the same."""

    reason: Reason
    facts: dict[str, str]
    ask: Why | None = None


def decide(facts: Facts, rules: Rules) -> Terms | Objection:
    """The terms, or the first objection. An approval lifts what is the member's, never the stack's."""
    return (
        _impossible(facts, rules)
        or (None if facts.approved else _not_allowed(facts, rules))
        or _affordable(facts, rules)
    )


def _impossible(facts: Facts, rules: Rules) -> Objection | None:
    shape = facts.shape
    if shape.hours > rules.max_hours:
        hours, cap = f"{shape.hours:g}", f"{rules.max_hours:g}"
        return Objection(Reason.OVER_THE_CAP, {"hours": hours, "cap": cap})
    if shape.spot and shape.warm_pool_seconds:
        return Objection(Reason.SPOT_WITH_WARM_POOL, {})
    if facts.quota is not None and facts.quota < shape.count:
        asked = {"instance": shape.pool, "count": str(shape.count), "quota": str(facts.quota)}
        return Objection(Reason.OVER_THE_QUOTA, asked)
    return None


def _not_allowed(facts: Facts, rules: Rules) -> Objection | None:
    shape, preset = facts.shape, facts.preset
    ask = Why.NOT_ALLOWED if rules.over_limits is OverLimits.ASK else None
    if not preset.allows_instance(shape.instance):
        allowed = ", ".join(preset.allow_instances)
        what = {"what": shape.instance, "preset": preset.name, "allowed": allowed}
        return Objection(Reason.NOT_IN_PRESET, what, ask)
    if not preset.allows_image(*facts.image):
        allowed = ", ".join(preset.allow_images)
        what = {"what": facts.image[0], "preset": preset.name, "allowed": allowed}
        return Objection(Reason.NOT_IN_PRESET, what, ask)
    most = facts.limits.max_jobs
    if most is not None and facts.ledger.jobs >= most:
        ask = Why.TOO_MANY_JOBS if rules.over_limits is OverLimits.ASK else None
        return Objection(
            Reason.TOO_MANY_JOBS, {"jobs": str(facts.ledger.jobs), "most": str(most)}, ask
        )
    return None


def _affordable(facts: Facts, rules: Rules) -> Terms | Objection:
    shape, ledger, show = facts.shape, facts.ledger, rules.currency.show
    price = facts.price.micros if facts.price else 0
    budget = None if facts.approved else facts.limits.budget
    if budget is not None and budget.currency is not rules.currency:
        refusal = other_currency(budget, rules.currency)
        return Objection(refusal.reason, refusal.facts)
    member_limit = None if budget is None else budget.micros
    team_limit = micros(rules.team_budget) if rules.team_budget else None
    rooms = {
        Reason.OVER_BUDGET: None if member_limit is None else member_limit - ledger.member,
        Reason.OVER_TEAM_BUDGET: None if team_limit is None else team_limit - ledger.team,
    }
    if not price and any(room is not None for room in rooms.values()):
        return Objection(Reason.PRICE_UNKNOWN, {"instance": shape.instance})
    cap = min(math.ceil(rules.max_hours * HOUR) + START_UP_SECONDS, LONGEST_RUN_SECONDS)
    wanted = math.ceil(shape.hours * HOUR)
    spot_wait = SPOT_WAIT_SECONDS if shape.spot else 0
    for reason, room in rooms.items():
        if room is None:
            continue
        cap = min(cap, longest_cap(shape, price=price, room=room, spot_wait=spot_wait))
        if cap < wanted:
            least = reservation(
                shape, price=price, cap_seconds=wanted, max_wait_seconds=wanted + spot_wait
            )
            ask = reason is Reason.OVER_BUDGET and rules.over_limits is OverLimits.ASK
            return Objection(
                reason,
                {"cost": show(least), "left": show(max(0, room))},
                Why.OVER_BUDGET if ask else None,
            )
    max_wait = cap + spot_wait if shape.spot else 0
    reserved = reservation(shape, price=price, cap_seconds=cap, max_wait_seconds=max_wait)
    if rules.approval_above and not facts.approved:
        limit = show(micros(rules.approval_above))
        if not price:
            unknown = {"instance": shape.instance, "limit": limit}
            return Objection(Reason.PRICE_UNKNOWN, unknown, Why.PRICE_UNKNOWN)
        if reserved > micros(rules.approval_above):
            dear = {"cost": show(reserved), "limit": limit}
            return Objection(Reason.NEEDS_APPROVAL, dear, Why.EXPENSIVE)
    return Terms(
        currency=rules.currency,
        price_micros=price,
        price_as_of=_as_of(facts.price),
        cap_seconds=cap,
        max_wait_seconds=max_wait,
        reserved_micros=reserved,
        member_limit=member_limit,
        team_limit=team_limit,
        max_jobs=None if facts.approved else facts.limits.max_jobs,
    )


def _as_of(price: Price | None) -> str:
    """The day of an old price; a fresh one needs no date."""
    return price.as_of if price and price.old else ""
