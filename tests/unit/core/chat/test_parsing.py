"""What people type, and what buttons carry."""

from __future__ import annotations

import json
import re
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sshq
from sshq.chat.catalogue import LANGUAGES, texts
from sshq.chat.command import Command, NoArguments, Parameter, Queue
from sshq.chat.commands.asking import Run
from sshq.chat.commands.general import Help
from sshq.chat.commands.members import AddUser
from sshq.chat.commands.sharing import ShareJob
from sshq.chat.commands.watch import Extend, Listing
from sshq.chat.misreadings import KINDS, SHAPES
from sshq.chat.parsing import TYPOGRAPHY, _collect, parse_action, parse_text
from sshq.chat.registry import COMMANDS
from sshq.chat.views.notices import refusal
from sshq.domain.authorisation import Who
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable


def test_nothing_typed_is_help() -> None:
    assert parse_text("  ").command.verb == "help"


def test_options_are_typed() -> None:
    found = parse_text('run --instance ml.g5.xlarge --env A=b --env C=d=e --command "python x.py"')
    assert found.arguments == Run(
        instance="ml.g5.xlarge", env={"A": "b", "C": "d=e"}, command="python x.py"
    )


def test_slacks_typography_is_undone() -> None:
    assert parse_text("run —hours=2 —command “echo hi”").arguments == Run(
        hours=2, command="echo hi"
    )


def test_slacks_escapes_are_undone() -> None:
    assert parse_text("run --command 'a &amp;&amp; b &gt; c'").arguments == Run(
        command="a && b > c"
    )


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("<https://host/x>", "https://host/x"),
        ("<https://host/x|label>", "https://host/x"),
        ("<https://host/x|a label>", "https://host/x"),
        ("<https://host/?a=1&amp;b=2>", "https://host/?a=1&b=2"),
        ("git+<https://github.com/a/b|github.com/a/b>@main", "git+https://github.com/a/b@main"),
        ("<http://host.example/img:1|host.example/img:1>", "host.example/img:1"),
        ("<http://host/x>", "http://host/x"),
        ("<mailto:git@h|git@h>:a/b.git", "git@h:a/b.git"),
        ("<tel:5550100|5550100>", "5550100"),
        ("<https://a/x>,<https://b/y|b>", "https://a/x,https://b/y"),
        # Not links of Slack's: mentions, and angle brackets that a person typed.
        ("<@U123>", "<@U123>"),
        ("<@U123|alice>", "<@U123|alice>"),
        ("<!subteam^S123|@team>", "<!subteam^S123|@team>"),
        ("<#C123|general>", "<#C123|general>"),
        ("<!here>", "<!here>"),
        ("&lt;https://host/x|y&gt;", "<https://host/x|y>"),
    ],
)
def test_slacks_links_are_what_was_typed(sent: str, typed: str) -> None:
    assert parse_text(f"run --command '{sent}'").arguments == Run(command=typed)


def test_a_link_may_be_a_jobs_source() -> None:
    sent = "run --source git+<https://github.com/a/b|github.com/a/b>@main"
    assert parse_text(sent).arguments == Run(source="git+https://github.com/a/b@main")


@pytest.mark.parametrize("typed", ["<@U123|alice>", "<@U123>", "U123"])
def test_a_person_is_an_id(typed: str) -> None:
    assert parse_text(f"add-user {typed}").arguments == AddUser(users=("U123",))


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("runn", Reason.UNKNOWN_COMMAND),
        ("setup-apply", Reason.UNKNOWN_COMMAND),
        ("run --hours soon", Reason.USAGE),
        ("run --hours -1", Reason.USAGE),
        ("run --hours", Reason.USAGE),
        ("run --gpu 1", Reason.USAGE),
        ("run gpu now", Reason.USAGE),
        ("run --hours 1 --hours 2", Reason.USAGE),
        ("run --instance m5.large", Reason.USAGE),
        ("run --env 1A=b", Reason.USAGE),
        ("run --env SSHQ_JOB=other", Reason.USAGE),
        ("run --name ../etc", Reason.USAGE),
        ("run --command 'open", Reason.USAGE),
        ("user", Reason.USAGE),
        ("add-user @alice --budget much", Reason.USAGE),
        ("add-user alice", Reason.USAGE),
        ("add-user @alice", Reason.USAGE),
    ],
)
def test_bad_input_is_a_refusal(typed: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        parse_text(typed)
    assert refused.value.reason is reason


def told(typed: str, language: str = "en") -> str:
    """What somebody reads who typed that."""
    with pytest.raises(Refusal) as refused:
        parse_text(typed)
    return refusal(refused.value, texts(language)).text


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("run --hours soon", "--hours “soon”: write a number."),
        ("run --hours 0", "--hours “0”: more than 0."),
        ("run --hours 1e9", "--hours “1e9”: at most 672."),
        ("run --hours nan", "--hours “nan”: at most 672."),
        ("run --count 1.5", "--count “1.5”: write a whole number."),
        ("run --count 17", "--count “17”: at most 16."),
        ("run --idle 90", "--idle “90”: write a span of time such as 30m, 2h or 1h30m."),
        ("run --warm-pool 1s", "--warm-pool “1s”: at least 1 min."),
        ("run --wait 2d", "--wait “2d”: at most 1 d."),
        ("extend x 40d", "TIME “40d”: at most 28 d."),
        ("extend x 0h", "TIME “0h”: at least 1 s."),
        ("extend", "say by how long, such as 2h."),
        (
            "run --instance g5.xlarge",
            "--instance “g5.xlarge”: SageMaker's instance types begin with ml., such as ml.g5.xlarge.",
        ),
        (
            "run --name 实验",
            "--name “实验”: letters from a to z, digits, and single hyphens inside.",
        ),
        ("run --env FOO", "--env “FOO”: write NAME=value."),
        ("run --input x=y", "--input “y”: write s3://bucket/prefix."),
        ("run --on-failure maybe", "--on-failure “maybe”: choose one of run | fail."),
        (
            "run &a_b",
            "PRESET “&amp;a_b”: a preset's name has letters from a to z, digits, and single hyphens inside.",
        ),
        ("cost --month 2026-13", "--month “2026-13”: write a month such as 2026-10."),
        ("logs --tail 0", "--tail “0”: at least 1."),
        ("user", "@USER is missing."),
        (
            "stop resnet --mine",
            "--mine means all of your jobs, and “resnet” means one: leave one of them out.",
        ),
        ("run --command 'open", "a quotation mark isn't closed."),
        ("run --instnce x", "there is no option --instnce (did you mean --instance?)."),
        ("run -hours 2", "there is no option -hours (did you mean --hours?)."),
        ("run --gpu", "there is no option --gpu."),
    ],
)
def test_what_cant_be_read_is_said_in_words_of_ours(typed: str, problem: str) -> None:
    assert told(typed) == f"That can't be read: {problem}"


@pytest.mark.parametrize("typed", ["run --hours 0", "run --instnce x", "run 'x", "run --name 实验"])
def test_what_cant_be_read_is_said_in_chinese_too(typed: str) -> None:
    assert not re.search("[A-Za-z]{3,}", re.sub(r"“.*?”|--\w+| [a-z] ", "", told(typed, "zh")))


def test_a_sentence_that_wasnt_quoted_is_no_preset() -> None:
    for typed in ("run --command python train.py --spot", "run --command python -m train"):
        assert "what belongs to --command goes into quotation marks" in told(typed)
    assert parse_text("run gpu --command python").arguments == Run(preset="gpu", command="python")


def test_an_option_isnt_eaten_as_anothers_value() -> None:
    assert "--reason needs a value, and --spot is an option" in told("run --reason --spot")
    assert parse_text("run --reason=--spot").arguments == Run(reason="--spot")


@pytest.mark.parametrize(
    "typed",
    [
        "`run --command `echo hi` --spot`",
        "```\nrun --command 'echo hi' --spot\n```",
        "run\u00a0--command\u3000“echo hi”\u200b ‑‑spot",
    ],
)
def test_code_marks_and_foreign_spaces_are_no_part_of_a_command(typed: str) -> None:
    assert parse_text(typed).arguments == Run(command="echo hi", spot=True)


def test_a_backtick_inside_quotation_marks_is_the_shells() -> None:
    assert parse_text('run --command "echo `date`"').arguments == Run(command="echo `date`")


@pytest.mark.parametrize("typed", ["run --help", "run -h", "RUN —help"])
def test_help_may_be_asked_for_after_the_verb(typed: str) -> None:
    found = parse_text(typed)
    assert (found.command.verb, found.arguments) == ("help", Help(topic="run"))


def test_a_verb_that_isnt_there_is_followed_by_what_may_be_meant() -> None:
    with pytest.raises(Refusal) as refused:
        parse_text("rum")
    assert "Did you mean /sshq run" in str(refusal(refused.value, texts("en")).blocks)
    with pytest.raises(Refusal) as refused:
        parse_text("frobnicate")
    assert "mean" not in str(refusal(refused.value, texts("en")).blocks)


def test_every_way_of_writing_a_parameter_has_words() -> None:
    """A pattern that is told as a pattern helps nobody."""
    names = {p.name for command in COMMANDS for p in command.parameters}
    assert names >= SHAPES
    for command in COMMANDS:
        for name, schema in command.arguments.model_json_schema().get("properties", {}).items():
            if "pattern" in json.dumps(schema) and name in {p.name for p in command.parameters}:
                assert name in SHAPES


def test_all_that_is_told_of_a_misreading_has_words() -> None:
    core = Path(sshq.__file__).parent
    source = "".join(path.read_text() for path in core.rglob("*.py"))
    keys = set(re.findall(r"(?:Misfit\(|misread\(\w+, )\"([a-z0-9.-]+)\"", source))
    keys |= {key for key, _ in KINDS.values()} | {f"shape.{name}" for name in SHAPES} | {"shape"}
    assert {f"usage.{key}" for key in keys} == {
        key for key in LANGUAGES["en"] if key.startswith("usage.")
    }


def outcome(parse: Callable[[], object]) -> Reason | None:
    """None for a command that was understood, else why it was refused."""
    try:
        parse()
    except Refusal as refused:
        return refused.reason
    return None


@given(st.text())
def test_anything_typed_is_a_command_or_a_refusal(text: str) -> None:
    assert outcome(lambda: parse_text(text)) in {None, Reason.USAGE, Reason.UNKNOWN_COMMAND}


@given(st.text(), st.text())
def test_any_button_is_a_command_or_a_refusal(action: str, value: str) -> None:
    for action_id in (action, f"sshq:{action}", "sshq:stop"):
        found = outcome(partial(parse_action, action_id, value))
        assert found in {None, Reason.USAGE, Reason.UNKNOWN_COMMAND}


@given(
    st.text(st.characters(exclude_characters=[*TYPOGRAPHY, "&", "\0"], exclude_categories=["Cs"]))
)
def test_a_command_survives_quoting(command: str) -> None:
    found = parse_text(f"run --command={shlex.quote(command)}")
    assert isinstance(found.arguments, Run)
    assert found.arguments.command == command


def test_what_the_queue_carries_is_read_again_as_it_was() -> None:
    for typed in ("add-user <@U123|a>", "run --env A=b --hours 2", "stop sshq-a-b", "help run"):
        found = parse_text(typed)
        carried = json.loads(json.dumps(found.arguments.model_dump(mode="json")))
        assert found.command.arguments.model_validate(carried) == found.arguments


def test_every_example_of_the_help_can_be_typed() -> None:
    for command in COMMANDS:
        for example in command.examples:
            typed = example.removeprefix("/sshq ").replace("@ml-team", "<!subteam^S123|@ml-team>")
            text = re.sub(r"(?<=\s)@(\w+)", r"<@U123|\1>", typed)
            assert parse_text(text).command is command


def test_a_switch_takes_no_value() -> None:
    switch = Parameter("spot", "--spot", switch=True)
    command = Command("x", Who.MEMBER, Queue.COMMANDS, NoArguments, (switch,))

    assert command.usage == "/sshq x [--spot]"
    assert _collect(command, ["--spot"]) == {"spot": True}
    with pytest.raises(Refusal, match=r"usage\.switch"):
        _collect(command, ["--spot=yes"])


def test_a_switch_takes_no_value_and_eats_no_word() -> None:
    assert parse_text("list --all").arguments == Listing(all=True)
    assert parse_text("list").arguments == Listing()
    for typed in ("list --all=yes", "list --all yes"):
        with pytest.raises(Refusal) as refused:
            parse_text(typed)
        assert refused.value.reason is Reason.USAGE


def test_an_old_name_is_the_same_command() -> None:
    assert parse_text("jobs").command.verb == "list"


def test_several_people_and_groups_are_read_in_one_go() -> None:
    found = parse_text(
        "add-user <@U0BOB|bob> <!subteam^S0ML|@ml> U0CAROL --admin --budget $200/month --max-jobs 2"
    )
    assert found.arguments == AddUser(
        users=("U0BOB", "S0ML", "U0CAROL"), admin=True, budget="$200/month", max_jobs=2
    )


@pytest.mark.parametrize(
    "typed",
    [
        "share <@U0BOB|bob> --for 2h",
        "share <@U0BOB|bob> sshq-alice-x --for 2h",
        "share sshq-alice-x <@U0BOB|bob> --for 120m",
    ],
)
def test_a_job_and_a_person_are_told_apart_in_any_order(typed: str) -> None:
    found = parse_text(typed).arguments
    assert isinstance(found, ShareJob)
    assert found.user == "U0BOB"
    assert found.for_ == 7200
    assert (found.job == "sshq-alice-x") is ("alice" in typed)


def test_a_job_and_a_span_are_told_apart_in_any_order() -> None:
    found = Extend(job="resnet", by=7200)
    assert parse_text("extend resnet 2h").arguments == found
    assert parse_text("extend 2h resnet").arguments == found
    assert parse_text("extend 2h").arguments == Extend(by=7200)
    odd = Extend(job="2h", by=3600)
    assert parse_text("extend 2h 1h").arguments == odd
    assert Extend.model_validate(odd.model_dump(mode="json")) == odd


def test_people_who_were_picked_beside_a_button_are_its_arguments() -> None:
    found = parse_action("sshq:add-user", "{}", {"users": ["U0BOB", "U0CAROL"]})
    assert found.arguments == AddUser(users=("U0BOB", "U0CAROL"))
