from __future__ import annotations

from sshq_sandbox.aws.patches import Patches


class Base:
    def inherited(self) -> str:
        return "base"


class Owner(Base):
    def own(self) -> str:
        return "own"


def test_what_was_replaced_comes_back() -> None:
    patches = Patches()
    original = patches.replace(Owner, "own", lambda _: "first")
    patches.replace(Owner, "own", lambda _: "second")
    patches.replace(Owner, "inherited", lambda _: "over")
    assert (Owner().own(), Owner().inherited()) == ("second", "over")
    assert original(Owner()) == "own"

    patches.undo()

    assert (Owner().own(), Owner().inherited()) == ("own", "base")
    assert "inherited" not in vars(Owner)
