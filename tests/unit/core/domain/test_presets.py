"""Presets: found by name, one of them the default, and what they allow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.job_options import Options
from sshq.domain.presets import BUILT_IN, MOST_PRESETS, Preset, PresetBook
from sshq.domain.refusals import Reason, Refusal

GPU = Preset(name="gpu", options=Options(instance="ml.g5.xlarge"))
NAMES = st.sampled_from(["gpu", "cpu", "big", BUILT_IN])


def refused(reason: Reason) -> pytest.RaisesExc[Refusal]:
    return pytest.raises(Refusal, check=lambda error: error.reason is reason)


def test_the_built_in_one_is_there_until_another_takes_its_name() -> None:
    assert [preset.name for preset in PresetBook().all()] == [BUILT_IN]

    own = Preset(name=BUILT_IN, allow_instances=("ml.m5.*",))
    assert PresetBook().with_preset(own).find(None) == own


def test_the_default_comes_first_and_the_others_by_name() -> None:
    book = PresetBook().with_preset(GPU).with_preset(Preset(name="cpu")).with_default("gpu")

    assert [preset.name for preset in book.all()] == ["gpu", "cpu", BUILT_IN]
    assert book.find(None) == GPU


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    for attempt in (PresetBook().find, PresetBook().without, PresetBook().with_default):
        with refused(Reason.UNKNOWN_PRESET) as told:
            attempt("nosuch")
        assert told.value.facts == {"preset": "nosuch", "presets": BUILT_IN}


def test_neither_the_default_nor_the_built_in_one_can_go() -> None:
    book = PresetBook().with_preset(GPU)
    for kept in (book.with_default("gpu"), PresetBook().with_default(BUILT_IN)):
        with refused(Reason.PRESET_IN_USE):
            kept.without(kept.default)
    with refused(Reason.PRESET_IN_USE):
        book.with_default("gpu").without(BUILT_IN)

    assert book.without("gpu") == PresetBook()


def test_there_are_so_many_and_no_more_but_each_can_be_saved_again() -> None:
    book = PresetBook(presets={f"p{n}": Preset(name=f"p{n}") for n in range(MOST_PRESETS)})

    assert book.with_preset(Preset(name="p0")) == book
    with refused(Reason.TOO_MANY_PRESETS):
        book.with_preset(GPU)


@given(st.lists(st.tuples(st.sampled_from(["save", "delete", "default"]), NAMES)))
def test_whatever_is_done_a_plain_run_finds_its_preset(steps: list[tuple[str, str]]) -> None:
    book = PresetBook()
    for step, name in steps:
        try:
            book = {
                "save": lambda book, name: book.with_preset(Preset(name=name)),
                "delete": PresetBook.without,
                "default": PresetBook.with_default,
            }[step](book, name)
        except Refusal:
            continue

    assert book.find(None).name == book.default
    assert book.find(BUILT_IN).name == BUILT_IN


@pytest.mark.parametrize(
    ("patterns", "allowed"),
    [
        ((), True),
        (("ml.g5.*",), True),
        (("ml.p4d.*", "ml.g?.xlarge"), True),
        (("ml.p4d.*",), False),
    ],
)
def test_patterns_are_a_shells(patterns: tuple[str, ...], *, allowed: bool) -> None:
    assert Preset(name="p", allow_instances=patterns).allows_instance("ml.g5.xlarge") is allowed


def test_an_image_is_allowed_by_any_of_its_names() -> None:
    preset = Preset(name="p", allow_images=("pytorch:*",))

    assert preset.allows_image("pytorch", "pytorch:2.10-gpu-py313", "763.dkr.ecr/x")
    assert not preset.allows_image("tensorflow", "", "763.dkr.ecr/x")
