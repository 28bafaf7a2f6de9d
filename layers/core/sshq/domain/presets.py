"""Presets: named shapes of jobs, each with the instance types and images that it may be given."""

from __future__ import annotations

from datetime import datetime
from fnmatch import fnmatchcase

from pydantic import Field

from sshq.domain.identity import Actor
from sshq.domain.job_options import Options
from sshq.domain.model import Model, Record
from sshq.domain.refusals import Reason, Refusal

BUILT_IN = "workbench"
"""The preset that is there from the start: the stack's own defaults, anything allowed."""

MOST_PRESETS = 50


class Preset(Model):
    """An empty allow-list allows everything. Patterns are a shell's: `ml.g5.*`, `pytorch:*`."""

    name: str
    options: Options = Options()
    allow_instances: tuple[str, ...] = ()
    allow_images: tuple[str, ...] = ()
    saved_by: Actor | None = None
    saved_at: datetime | None = None

    def allows_instance(self, instance: str) -> bool:
        return _matches(self.allow_instances, instance)

    def allows_image(self, *names: str) -> bool:
        """By any of its names: as it was typed, in full, and as the registry's address."""
        return any(_matches(self.allow_images, name) for name in names if name)


class PresetBook(Record):
    """All presets of the stack and which one a plain `/sshq run` takes. They are kept as one item."""

    default: str = BUILT_IN
    presets: dict[str, Preset] = Field(default_factory=dict)

    def all(self) -> list[Preset]:
        """The default first, then by name."""
        named = self.presets if BUILT_IN in self.presets else self.presets | {BUILT_IN: built_in()}
        return sorted(named.values(), key=lambda preset: (preset.name != self.default, preset.name))

    def find(self, name: str | None) -> Preset:
        """The preset of that name, or the default. Raises Refusal."""
        wanted = name or self.default
        found = next((preset for preset in self.all() if preset.name == wanted), None)
        if found is None:
            known = ", ".join(preset.name for preset in self.all())
            raise Refusal(Reason.UNKNOWN_PRESET, preset=wanted, presets=known)
        return found

    def with_preset(self, preset: Preset) -> PresetBook:
        if preset.name not in self.presets and len(self.presets) >= MOST_PRESETS:
            raise Refusal(Reason.TOO_MANY_PRESETS, most=str(MOST_PRESETS))
        return self.model_copy(update={"presets": self.presets | {preset.name: preset}})

    def without(self, name: str) -> PresetBook:
        """Without a saved preset. The default can't go, lest a plain run become another job."""
        self.find(name)
        if name == self.default or name not in self.presets:
            raise Refusal(Reason.PRESET_IN_USE, preset=name)
        left = {key: preset for key, preset in self.presets.items() if key != name}
        return self.model_copy(update={"presets": left})

    def with_default(self, name: str) -> PresetBook:
        return self.model_copy(update={"default": self.find(name).name})


def built_in() -> Preset:
    """The preset that nobody saved."""
    return Preset(name=BUILT_IN)


def _matches(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
