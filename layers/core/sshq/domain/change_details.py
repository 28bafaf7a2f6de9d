"""What a change does in detail, and the documents that it writes: what a plan shows when unfolded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sshq.domain.desired_state import Kind
from sshq.domain.setup_plan import Action

if TYPE_CHECKING:
    from sshq.domain.setup_plan import Change


@dataclass(frozen=True)
class Detail:
    """One thing of a change: a key of the catalogue, its facts, and the key of the reason if any."""

    what: str
    facts: dict[str, str] = field(default_factory=dict)
    why: str | None = None


def details(change: Change) -> list[Detail]:
    """What differs, part by part. Something new has no details: all of it is new."""
    if change.action is not Action.CHANGE or change.was is None:
        return []
    spec, was = change.resource.spec, change.was
    found = [part for name in spec for part in _part(name, spec[name], was[name])]
    return [*found, *(_detached(arn, why) for arn, why in change.narrows.items())]


def documents(change: Change) -> list[tuple[str, str]]:
    """(title, JSON) of each policy and document that the change writes."""
    if change.action is Action.DELETE:
        return []
    spec, was = change.resource.spec, change.was or {}
    found: dict[str, Any] = {}
    match change.resource.kind:
        case Kind.ROLE:
            if change.action is Action.CREATE:
                found["trust"] = spec["trust"]
            found |= {
                name: document
                for name, document in spec["inline"].items()
                if was.get("inline", {}).get(name) != document
            }
        case Kind.DOCUMENT:
            found["content"] = spec["content"]
        case Kind.BUCKET:
            found |= {"policy": spec["policy"], "lifecycle": spec["lifecycle"]}
        case _:
            pass
    return [(title, json.dumps(document, indent=1)) for title, document in found.items()]


def _part(name: str, wanted: Any, was: Any) -> list[Detail]:  # noqa: ANN401  any part of a spec
    if wanted == was:
        return []
    if name == "attached":
        return [
            Detail("setup.detail.attach", {"policy": _short(arn)})
            for arn in wanted
            if arn not in was
        ]
    if name == "inline":
        return [
            Detail("setup.detail.inline", {"policy": policy})
            for policy, document in wanted.items()
            if was.get(policy) != document
        ]
    if name == "value":
        return [Detail("setup.detail.value", {"was": str(was), "wanted": str(wanted)})]
    return [Detail(f"setup.detail.{name.replace('_', '-')}")]


def _detached(arn: str, why: str) -> Detail:
    return Detail("setup.detail.detach", {"policy": _short(arn)}, why)


def _short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
