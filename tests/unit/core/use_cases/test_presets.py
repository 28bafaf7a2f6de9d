"""`/sshq preset` and `/sshq presets`: admins name shapes of jobs, and runs take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sshq.chat.parsing import parse_text
from sshq.domain.refusals import Refusal
from sshq.use_cases.dispatch import commands
from tests.core_services import ADMIN, ALICE
from tests.job_lives import run

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from tests.core_services import MemoryServices


def ask(services: MemoryServices, actor: Actor, verb: str, **asked: Any) -> str:
    """The answer to a command of its own."""
    trigger = f"2.{len(services.chat.said)}"
    commands(services, services.message(actor, verb, trigger=trigger, **asked))
    return str(services.chat.said[-1][1].blocks)


def save(services: MemoryServices, name: str, **asked: Any) -> str:
    return ask(services, ADMIN, "preset", action="save", preset=name, **asked)


def test_a_saved_preset_is_what_a_run_of_its_name_becomes(services: MemoryServices) -> None:
    assert "gpu" in save(
        services, "gpu", instance="ml.g5.xlarge", count=2, idle="1h", spot=True, volume=100
    )

    shape = run(services, preset="gpu", count=1).shape
    assert (shape.instance, shape.count, shape.spot) == ("ml.g5.xlarge", 1, True)
    assert (shape.volume_gb, shape.container.idle_seconds) == (100, 3600)
    assert run(services, trigger="1.2").shape.instance == services.settings.default_instance


def test_what_is_saved_is_told_as_it_could_be_typed_again_with_what_it_was_before(
    services: MemoryServices,
) -> None:
    first = save(services, "small", hours=2, idle="off", allow_instances="ml.m5.*")
    assert "Until now" not in first
    typed = "--hours 2 --idle off --allow-instances ml.m5.*"
    assert f"`{typed}`" in first
    again = parse_text(f"preset save small {typed}").arguments.model_dump(mode="json")
    assert "Until now" not in ask(services, ADMIN, "preset", **again)

    second = save(services, "small", command="echo <hi> *x*", warm_pool="90m", spot=True)
    shown = '`--spot --command "echo &lt;hi&gt; *x*" --warm-pool 1h30m`'
    assert second.index(shown) < second.index("Until now") < second.index(typed)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("preset save small", "preset-of-nothing"),
        ("preset delete small --hours 3", "only-to-save"),
        ("preset default small --spot", "only-to-save"),
    ],
)
def test_a_preset_isnt_wiped_out_by_leaving_all_out(typed: str, told: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_text(typed)
    assert refused.value.facts["problem"] == f"usage.{told}"
    assert parse_text("preset save workbench --allow-instances any").command.verb == "preset"


def test_the_default_preset_is_what_a_plain_run_becomes(services: MemoryServices) -> None:
    save(services, "big", instance="ml.m5.4xlarge")
    ask(services, ADMIN, "preset", action="default", preset="big")

    assert run(services).shape.instance == "ml.m5.4xlarge"
    assert "big" in ask(services, ADMIN, "preset", action="delete", preset="big")
    assert services.presets.book.default == "big"


def test_the_list_tells_shape_limits_and_default(services: MemoryServices) -> None:
    services = services.with_settings(input_locations="s3://team-data")
    save(services, "gpu", instance="ml.g5.xlarge", idle="1h", input=["a=s3://team-data/x"])
    save(services, "free", allow_instances="ml.g5.*,ml.m5.*", allow_images="pytorch*")

    shown = ask(services, ALICE, "presets")
    assert "`--instance ml.g5.xlarge --idle 1h --input a=s3://team-data/x`" in shown
    assert "`--allow-instances ml.g5.*,ml.m5.* --allow-images pytorch*`" in shown
    assert shown.index("*workbench*") < shown.index("*free*")


def test_what_a_preset_doesnt_allow_is_refused(services: MemoryServices) -> None:
    save(services, "workbench", allow_instances="ml.m5.*")

    assert "ml.g5.xlarge" in ask(services, ALICE, "run", instance="ml.g5.xlarge")
    assert services.jobs.all == {}
    assert run(services, trigger="3.1").shape.preset == "workbench"


@pytest.mark.parametrize("action", ["save", "delete", "default"])
def test_only_an_admin_changes_presets(services: MemoryServices, action: str) -> None:
    before = services.presets.book

    said = {"hours": 2} if action == "save" else {}
    assert "admin" in ask(services, ALICE, "preset", action=action, preset="gpu", **said)
    assert services.presets.book == before


def test_an_image_that_nobody_knows_is_refused_when_the_preset_is_saved(
    services: MemoryServices,
) -> None:
    assert "pytroch" in save(services, "gpu", image="pytroch")
    assert services.presets.book.presets == {}


@pytest.mark.parametrize(
    "said",
    [
        {"input": ["a=s3://team-data/set", "b=s3://others/x"]},
        {"source": "s3://others/code.tar.gz"},
        {"output": "s3://team-data/set"},
        {"output": "s3://results/all"},
    ],
)
def test_data_out_of_a_jobs_reach_is_refused_before_it_costs_anything(
    services: MemoryServices, said: dict[str, Any]
) -> None:
    """To read is not to write, and `runs` is not all of `results`."""
    careful = services.with_settings(
        input_locations="s3://team-data", output_locations="s3://results/runs"
    )
    wanted = "InputLocations" if "output" not in said else "OutputLocations"

    assert wanted in ask(careful, ALICE, "run", **said)
    assert wanted in save(careful, "some", **said)
    assert (careful.jobs.all, careful.presets.book.presets) == ({}, {})


def test_data_within_reach_is_taken(services: MemoryServices) -> None:
    granted = services.with_settings(
        input_locations="s3://team-data/set,s3://code", output_locations="s3://results/runs"
    )

    shape = run(
        granted,
        input=["a=s3://team-data/set/part"],
        source="s3://code/x.tar.gz",
        output="s3://results/runs/1",
    ).shape
    assert (shape.inputs, shape.output) == ({"a": "s3://team-data/set/part"}, "s3://results/runs/1")


def test_each_change_is_audited(services: MemoryServices) -> None:
    save(services, "gpu", spot=True)
    ask(services, ADMIN, "preset", action="delete", preset="gpu")

    changes = [
        (actor, facts) for event, actor, facts in services.audit.events if event == "preset-changed"
    ]
    assert changes == [
        (ADMIN, {"action": "save", "preset": "gpu"}),
        (ADMIN, {"action": "delete", "preset": "gpu"}),
    ]


@pytest.mark.parametrize(
    ("preset", "asked", "seconds"),
    [
        ({}, {}, 7200),
        ({}, {"idle": "30m"}, 1800),
        ({}, {"idle": "off"}, 0),
        ({"idle": "1h"}, {}, 3600),
        ({"idle": "off"}, {}, 0),
        ({}, {"command": "python train.py"}, 0),
        ({"command": "python train.py"}, {"idle": "1h"}, 3600),
    ],
)
def test_a_workbench_of_which_nobody_says_anything_ends_when_it_is_idle(
    services: MemoryServices, preset: dict[str, Any], asked: dict[str, Any], seconds: int
) -> None:
    careful = services.with_settings(workbench_idle=7200)
    save(careful, "some", volume=60, **preset)

    job = run(careful, preset="some", **asked)
    assert job.shape.container.idle_seconds == seconds
    assert ("nothing happened for" in str(careful.chat.said)) is bool(seconds)
