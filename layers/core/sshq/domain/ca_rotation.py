"""How far the CA's rotation is: which keys there are, and whether a job still needs the old one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sshq.domain.jobs import Job


class Step(StrEnum):
    """What an admin does next."""

    STEADY = "steady"
    """Nothing; or begin a rotation."""
    WAIT = "wait"
    """Open jobs need the old key."""
    FINISH = "finish"
    """The old key can go."""


@dataclass(frozen=True)
class Key:
    """One of the CA's keys. `jobs`: open jobs that trust it (it signs), or trust it alone."""

    fingerprint: str
    signs: bool
    jobs: int


@dataclass(frozen=True)
class Rotation:
    """`next_setting` is the template's parameter SshCa for the next step; `waiting` jobs are in its way."""

    keys: tuple[Key, ...]
    step: Step
    next_setting: str
    waiting: int


def rotation(setting: str, keys: Mapping[str, str], jobs: Sequence[Job]) -> Rotation:
    """`setting` is the parameter SshCa as it is: `a`, `b+a`, `b` or `a+b`, the one that signs first.

    `keys` maps the ids to fingerprints, in the same order. A job whose keys weren't written down
    counts as one that needs the oldest.
    """
    ids = list(keys)
    signer, oldest = ids[0], ids[-1]
    waiting = sum(1 for job in jobs if signer not in (job.ca_keys or (oldest,)))
    shown = [Key(keys[signer], signs=True, jobs=len(jobs) - waiting)]
    if len(ids) == 1:
        other = "b" if setting == "a" else "a"
        return Rotation(tuple(shown), Step.STEADY, f"{other}+{setting}", waiting)
    shown.append(Key(keys[oldest], signs=False, jobs=waiting))
    step = Step.WAIT if waiting else Step.FINISH
    return Rotation(tuple(shown), step, setting.partition("+")[0], waiting)
