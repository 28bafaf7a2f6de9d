"""The repository's template.yaml (AWS SAM) as typed facts: the one truth about what runs here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sshq_sandbox.aws.partitions import partition_of, url_suffix_of
from sshq_sandbox.lambda_host.intrinsics import Resolver, Resources, TemplateError, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME = "template.yaml"
_DEFAULT_TIMEOUT_SECONDS = 3
_DEFAULT_MEMORY_MB = 128
_DEFAULT_BATCH_SIZE = 10


@dataclass(frozen=True)
class QueueSource:
    """An SQS event source mapping."""

    queue_arn: str
    batch_size: int
    reports_item_failures: bool


@dataclass(frozen=True)
class EventRule:
    """An EventBridge rule on the default bus whose target is the function."""

    name: str
    pattern: Mapping[str, Any]


@dataclass(frozen=True)
class Schedule:
    """An EventBridge Scheduler schedule; `payload` is its Input (JSON text), if it has one."""

    name: str
    expression: str
    payload: str | None


@dataclass(frozen=True)
class HttpRoute:
    """A route of the HTTP API. `method` is upper case, or ANY."""

    method: str
    path: str


@dataclass(frozen=True)
class Function:
    """One Lambda function. Paths are absolute; `environment` is resolved."""

    logical_id: str
    name: str
    handler: str
    code: Path
    layers: tuple[Path, ...]
    environment: Mapping[str, str]
    role_arn: str
    timeout_seconds: int
    memory_mb: int
    concurrency: int | None
    queues: tuple[QueueSource, ...]
    rules: tuple[EventRule, ...]
    schedules: tuple[Schedule, ...]
    routes: tuple[HttpRoute, ...]


@dataclass(frozen=True)
class Place:
    """Where the stack is: what AWS's pseudo parameters say."""

    region: str
    account: str
    stack: str

    @property
    def partition(self) -> str:
        return partition_of(self.region)


def find_template(start: Path) -> Path:
    """Return the nearest template.yaml at or above `start`; TemplateError if there is none."""
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    raise TemplateError(
        f"There is no {FILE_NAME} in {start} or above it. "
        f"Run this in a checkout of sshq, or name the file: --template PATH."
    )


class Template:
    """A parsed template: the resources whose conditions hold, Globals merged in."""

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        folder: Path,
        place: Place,
        overrides: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.place = place
        declared = document.get("Parameters", {})
        if unknown := set(overrides or {}) - set(declared):
            raise TemplateError(f"The template has no parameter {', '.join(sorted(unknown))}.")
        parameters = {
            name: _default(name, facts, overrides or {}) for name, facts in declared.items()
        }
        parameters |= {
            "AWS::Region": place.region,
            "AWS::AccountId": place.account,
            "AWS::StackName": place.stack,
            "AWS::StackId": (
                f"arn:{place.partition}:cloudformation:{place.region}:{place.account}"
                f":stack/{place.stack}/sandbox"
            ),
            "AWS::Partition": place.partition,
            "AWS::URLSuffix": url_suffix_of(place.region),
        }
        self._resolver = Resolver(
            parameters=parameters,
            conditions=document.get("Conditions", {}),
            mappings=document.get("Mappings", {}),
            logical_ids=frozenset(document["Resources"]),
        )
        self._globals = document.get("Globals", {})
        self.resources: dict[str, dict[str, Any]] = {
            logical_id: resource
            for logical_id, resource in document["Resources"].items()
            if "Condition" not in resource or self._resolver.holds(resource["Condition"])
        }
        if rest_apis := self.of_type("AWS::Serverless::Api"):
            raise TemplateError(f"{rest_apis[0]} is a REST API; the sandbox serves HTTP APIs.")

    @classmethod
    def load(
        cls, path: Path, *, place: Place, overrides: Mapping[str, str] | None = None
    ) -> Template:
        """Read a file. Raises TemplateError if it isn't a template that the sandbox can follow."""
        document = parse_yaml(path.read_text(encoding="utf-8"))
        return cls(document, folder=path.resolve().parent, place=place, overrides=overrides)

    def of_type(self, *types: str) -> list[str]:
        """Logical ids of all resources of these CloudFormation types."""
        return [name for name, resource in self.resources.items() if resource["Type"] in types]

    def properties(self, logical_id: str, resources: Resources) -> dict[str, Any]:
        """Resolved properties of one resource; for a function with Globals merged in."""
        resource = self.resources[logical_id]
        own = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            own = _merge(self._globals.get("Function", {}), own)
        resolved = self._resolver.resolve(own, resources)
        if not isinstance(resolved, dict):
            raise TemplateError(f"{logical_id}: Properties isn't a mapping.")
        return resolved

    def property(self, logical_id: str, name: str, resources: Resources) -> Any:  # noqa: ANN401
        """One resolved property; None if it isn't given. For what must be known first."""
        given = self.resources[logical_id].get("Properties", {})
        return self._resolver.resolve(given[name], resources) if name in given else None

    def function(self, logical_id: str, resources: Resources) -> Function:
        """Facts of one function. A role that SAM makes is `<id>.Role` in `resources`."""
        facts = self.properties(logical_id, resources)
        queues: list[QueueSource] = []
        rules: list[EventRule] = []
        schedules: list[Schedule] = []
        routes: list[HttpRoute] = []
        for event_id, event in facts.get("Events", {}).items():
            name = f"{logical_id}{event_id}"
            about = event.get("Properties", {})
            match event["Type"]:
                case "SQS":
                    queues.append(_queue_source(about))
                case "EventBridgeRule" | "CloudWatchEvent":
                    rules.append(EventRule(name, about["Pattern"]))
                case "ScheduleV2" | "Schedule":
                    if _enabled(about):
                        expression = about.get("ScheduleExpression") or about["Schedule"]
                        schedules.append(Schedule(name, expression, about.get("Input")))
                case "HttpApi":
                    method = str(about.get("Method", "ANY")).upper()
                    routes.append(HttpRoute(method, about.get("Path", "$default")))
                case other:
                    raise TemplateError(f"{logical_id}: events of type {other} aren't known here.")
        variables = facts.get("Environment", {}).get("Variables", {})
        return Function(
            logical_id=logical_id,
            name=facts.get("FunctionName", f"{self.place.stack}-{logical_id}"),
            handler=facts["Handler"],
            code=(self.folder / facts.get("CodeUri", ".")).resolve(),
            layers=self._layers(logical_id),
            environment={key: _variable(value) for key, value in variables.items()},
            role_arn=facts.get("Role") or resources.attribute(logical_id, "Role"),
            timeout_seconds=int(facts.get("Timeout", _DEFAULT_TIMEOUT_SECONDS)),
            memory_mb=int(facts.get("MemorySize", _DEFAULT_MEMORY_MB)),
            concurrency=facts.get("ReservedConcurrentExecutions"),
            queues=tuple(queues),
            rules=tuple(rules),
            schedules=tuple(schedules),
            routes=tuple(routes),
        )

    def _layers(self, logical_id: str) -> tuple[Path, ...]:
        """Folders of the function's layers that this template builds; foreign ARNs are left out."""
        own = self.resources[logical_id].get("Properties", {}).get("Layers", [])
        names = [
            layer.get("Ref")
            for layer in [*self._globals.get("Function", {}).get("Layers", []), *own]
            if isinstance(layer, dict)
        ]
        content = (
            self.resources[name].get("Properties", {}).get("ContentUri")
            for name in names
            if name in self.resources
        )
        return tuple((self.folder / uri).resolve() for uri in content if isinstance(uri, str))


def _default(name: str, facts: Mapping[str, Any], overrides: Mapping[str, str]) -> Any:  # noqa: ANN401 - a parameter may be text, number or list
    if name in overrides:
        value: Any = overrides[name]
    elif "Default" in facts:
        value = facts["Default"]
    else:
        raise TemplateError(f"Parameter {name} has no default: give it a value.")
    if facts.get("Type") == "CommaDelimitedList":
        return [part.strip() for part in str(value).split(",") if part.strip()]
    return value


def _merge(base: Any, own: Any) -> Any:  # noqa: ANN401
    """SAM's rule for Globals: mappings are merged, lists are joined, all else is replaced."""
    if isinstance(base, dict) and isinstance(own, dict):
        if _is_intrinsic(base) or _is_intrinsic(own):
            return own
        return base | {key: _merge(base[key], own[key]) if key in base else own[key] for key in own}
    if isinstance(base, list) and isinstance(own, list):
        return [*base, *own]
    return own


def _is_intrinsic(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _queue_source(about: Mapping[str, Any]) -> QueueSource:
    return QueueSource(
        queue_arn=about["Queue"],
        batch_size=int(about.get("BatchSize", _DEFAULT_BATCH_SIZE)),
        reports_item_failures="ReportBatchItemFailures" in about.get("FunctionResponseTypes", []),
    )


def _enabled(about: Mapping[str, Any]) -> bool:
    return about.get("State", "ENABLED") == "ENABLED" and about.get("Enabled", True) is not False


def _variable(value: Any) -> str:  # noqa: ANN401
    return str(value).lower() if isinstance(value, bool) else str(value)
