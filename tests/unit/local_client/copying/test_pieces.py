"""Cutting up the work: everything once, nothing that is done."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sshq_local.copying.pieces import MOST_FILES, PIECE, Unit, units
from sshq_local.copying.tree import File

sizes = st.one_of(st.integers(0, 200), st.integers(0, 3 * PIECE + 1))


def files_of(found: list[int]) -> list[File]:
    return [File(f"{number}", size, 0, 0o644) for number, size in enumerate(found)]


@given(st.lists(sizes, max_size=80), st.randoms(use_true_random=False))
def test_what_is_done_and_what_is_left_is_everything_once(found: list[int], random: object) -> None:
    files = files_of(found)
    everything = [piece for unit in units(files, ()) for piece in unit]
    done = {piece.key for piece in everything if random.random() < 0.5}  # type: ignore[attr-defined]
    left = [piece for unit in units(files, done) for piece in unit]
    assert sorted(done | {piece.key for piece in left}) == sorted(p.key for p in everything)
    assert not done & {piece.key for piece in left}
    for file in files:
        spans = sorted((p.offset, p.length) for p in everything if p.file == file)
        ends = [offset + length for offset, length in spans]
        assert [offset for offset, _ in spans] == [0, *ends[:-1]]
        assert ends[-1] == file.size


@given(st.lists(sizes, max_size=80))
def test_no_unit_is_too_much(found: list[int]) -> None:
    for unit in units(files_of(found), ()):
        assert 0 < len(unit) <= MOST_FILES
        assert sum(piece.length for piece in unit) <= PIECE


def test_a_source_that_changed_is_undone() -> None:
    (unit,) = units([File("a", 5, 100, 0o644)], ())
    done = {piece.key for piece in unit}
    assert list(units([File("a", 5, 100, 0o600)], done)) == []
    changed: list[Unit] = list(units([File("a", 5, 101, 0o644)], done))
    assert len(changed) == 1
