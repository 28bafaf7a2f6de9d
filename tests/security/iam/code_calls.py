"""Which AWS calls each function's code can make: its call graph, read from the source.

From functions/<name>/app.py through use cases and ports to the adapters' boto3 calls. What is
reached is what can run, whether or not a test happens to run it; and whoever adds a call adds a need.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import botocore.session
from botocore import xform_name

from tests.security.template import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CORE = ROOT / "layers/core"
_COMPOSITION = "sshq.composition"
_PORTS = "sshq.ports"
_NAMED_CLIENTS = {"_iam": "iam", "_ssm": "ssm", "_s3": "s3"}
Node = tuple[str, str]


@dataclass
class Module:
    """A module's definitions by name (methods as `Class.method`), and what its names mean."""

    name: str
    definitions: dict[str, ast.AST] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    classes: set[str] = field(default_factory=set)


def calls_of(function: str) -> frozenset[str]:
    """`service.Operation` of every AWS call that a function's code can reach.

    IAM judges a transaction by its writes: each is a call here, as `dynamodb.Transact.PUT`.
    """
    reached = _reached(function)
    return frozenset(call for node in reached for call in (*_boto_calls(node), *_transacted(*node)))


def unknown_clients() -> set[str]:
    """Adapters with a boto3 client whose service the composition root doesn't tell."""
    return {
        name
        for name, module in _modules().items()
        if name.startswith("sshq.adapters")
        and name not in _services()
        and any(
            isinstance(node, ast.Attribute)
            and node.attr != "meta"
            and _client_name(node) in {"_client", "client"}
            for node in _walk(module)
        )
    }


def _transacted(module: str, name: str) -> Iterator[str]:
    for node in ast.walk(_modules()[module].definitions[name]):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id != "Write":
                continue
            acts = [each.value for each in node.keywords if each.arg == "act"]
            act = acts[0].attr if acts and isinstance(acts[0], ast.Attribute) else "PUT"
            yield f"dynamodb.Transact.{act}"


@cache
def _services() -> dict[str, str]:
    """Module of an adapter → the service of its `_client`, as the composition root makes it."""
    composition = _modules()[_COMPOSITION]
    found = {}
    for call in (node for node in _walk(composition) if isinstance(node, ast.Call)):
        match call:
            case ast.Call(
                func=ast.Name(id=made),
                args=[
                    ast.Call(
                        func=ast.Attribute(attr="_client"), args=[ast.Constant(value=service)]
                    ),
                    *_,
                ],
            ):
                found[composition.imports[made].rpartition(".")[0]] = str(service)
            case _:
                pass
    return found


@cache
def _reached(function: str) -> frozenset[Node]:
    folder = "".join(f"_{c.lower()}" if c.isupper() else c for c in function).strip("_")
    start = f"functions.{folder}"
    waiting: list[Node] = [(start, name) for name in _modules()[start].definitions]
    found: set[Node] = set(waiting)
    while waiting:
        for node in _edges(*waiting.pop()):
            if node not in found:
                found.add(node)
                waiting.append(node)
    return frozenset(found)


@cache
def _modules() -> dict[str, Module]:
    found = {}
    for path in sorted(CORE.rglob("*.py")):
        name = ".".join(path.relative_to(CORE).with_suffix("").parts).removesuffix(".__init__")
        found[name] = _module(name, path)
    for path in sorted(ROOT.glob("functions/*/app.py")):
        name = f"functions.{path.parent.name}"
        found[name] = _module(name, path)
    return found


def _module(name: str, path: Path) -> Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = Module(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in tree.body:
        match node:
            case ast.FunctionDef():
                module.definitions[node.name] = node
            case ast.ClassDef():
                module.classes.add(node.name)
                for member in node.body:
                    if isinstance(member, ast.FunctionDef):
                        module.definitions[f"{node.name}.{member.name}"] = member
            case ast.Assign(targets=[ast.Name() as target]):
                module.definitions[target.id] = node.value
            case ast.AnnAssign(target=ast.Name() as target, value=ast.AST() as value):
                module.definitions[target.id] = value
            case ast.Expr(value=value):
                module.definitions[f"<{node.lineno}>"] = value
            case _:
                pass
    return module


def _walk(module: Module) -> Iterator[ast.AST]:
    for definition in module.definitions.values():
        yield from ast.walk(definition)


@cache
def _edges(module_name: str, name: str) -> tuple[Node, ...]:
    """What a definition refers to: functions, constants, ports' methods, methods of other adapters."""
    module = _modules()[module_name]
    definition = module.definitions[name]
    parts = (
        definition.body + definition.decorator_list
        if isinstance(definition, ast.FunctionDef)
        else [definition]
    )
    owner = name.split(".", maxsplit=1)[0] if "." in name else ""
    found: list[Node] = []
    nodes = [node for part in parts for node in ast.walk(part)]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    used, bases = {node.attr for node in attributes}, {id(node.value) for node in attributes}
    for node in nodes:
        if isinstance(node, ast.Name):
            found += _by_name(module, node.id)
        elif isinstance(node, ast.Attribute):
            found += _by_attribute(module, owner, node)
            if _is_services(node.value) and node.attr in _ports() and id(node) not in bases:
                # It may go by another name from here: `logs = services.job_logs`.
                found += [each for name in used for each in _port_method(node.attr, name)]
    return tuple(found)


def _by_name(module: Module, name: str) -> list[Node]:
    if name in module.definitions:
        return [(module.name, name)]
    if name in module.classes:
        return _init(module.name, name)
    target = module.imports.get(name, "")
    where, _, what = target.rpartition(".")
    other = _modules().get(where)
    if other is None or other is module:
        return []
    if what in other.definitions:
        return [(where, what)]
    if what in other.classes:
        return _init(where, what)
    # A package that only passes a name on.
    return _by_name(other, what) if what in other.imports else []


def _init(module: str, name: str) -> list[Node]:
    return [(module, f"{name}.__init__")] if _defines(module, f"{name}.__init__") else []


def _by_attribute(module: Module, owner: str, node: ast.Attribute) -> list[Node]:
    base, method = node.value, node.attr
    if isinstance(base, ast.Name):
        if base.id == "self" and owner:
            return (
                [(module.name, f"{owner}.{method}")]
                if f"{owner}.{method}" in module.definitions
                else []
            )
        imported = _modules().get(module.imports.get(base.id, ""))
        if imported is not None:
            return _by_name(imported, method)
    if _is_services(base) and method in _ports():
        return [(_COMPOSITION, f"Live.{method}"), *_all_methods(method)]
    if isinstance(base, ast.Attribute) and _is_services(base.value) and base.attr in _ports():
        return _port_method(base.attr, method)
    if module.name.startswith("sshq.adapters"):
        return _method_of_imported(module, method)
    return []


def _is_services(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "live"
    return isinstance(node, ast.Name) and node.id == "services"


@cache
def _ports() -> dict[str, Node | None]:
    """Port → its adapter's class, as the composition root says."""
    composition = _modules()[_COMPOSITION]
    found: dict[str, Node | None] = {}
    for name, definition in composition.definitions.items():
        if name.startswith("Live.") and isinstance(definition, ast.FunctionDef):
            returned = [n.value for n in ast.walk(definition) if isinstance(n, ast.Return)]
            call = returned[-1] if returned else None
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                where, _, what = composition.imports.get(call.func.id, "").rpartition(".")
                found[name.removeprefix("Live.")] = (where, what) if where in _modules() else None
    return found


@cache
def _protocols() -> dict[str, str]:
    """Protocol → port, by the annotations of the composition root."""
    return {
        definition.returns.id: name.removeprefix("Live.")
        for name, definition in _modules()[_COMPOSITION].definitions.items()
        if isinstance(definition, ast.FunctionDef) and isinstance(definition.returns, ast.Name)
    }


def _all_methods(port: str) -> list[Node]:
    """A queue is passed on as a whole, so any of its methods may be called."""
    adapter = _ports()[port]
    if adapter is None or not port.endswith("_queue"):
        return []
    where, name = adapter
    return [(where, d) for d in _modules()[where].definitions if d.startswith(f"{name}.")]


def _port_method(port: str, method: str) -> list[Node]:
    adapter = _ports()[port]
    found: list[Node] = [(_COMPOSITION, f"Live.{port}")]
    if adapter is not None and f"{adapter[1]}.{method}" in _modules()[adapter[0]].definitions:
        found.append((adapter[0], f"{adapter[1]}.{method}"))
    return found


def _method_of_imported(module: Module, method: str) -> list[Node]:
    """In an adapter, `x.method` may be that of any class which the module knows."""
    found: list[Node] = []
    for target in module.imports.values():
        where, _, what = target.rpartition(".")
        if where == _PORTS and what in _protocols():
            found += _port_method(_protocols()[what], method)
        elif where.startswith("sshq.adapters") and _defines(where, f"{what}.{method}"):
            found.append((where, f"{what}.{method}"))
    return found


def _defines(module: str, name: str) -> bool:
    return module in _modules() and name in _modules()[module].definitions


def _boto_calls(node: Node) -> Iterator[str]:
    module, name = node
    for part in ast.walk(_modules()[module].definitions[name]):
        match part:
            case ast.Call(
                func=ast.Attribute(attr="get_paginator") as asked, args=[ast.Constant(value=value)]
            ):
                method = str(value)
            case ast.Attribute() as asked:
                method = asked.attr
            case _:
                continue
        service = _client_of(module, asked)
        if service and method in _operations(service):
            yield f"{service}.{_operations(service)[method]}"


def _client_of(module: str, node: ast.Attribute) -> str:
    """The service of `self._client.x`, `client.x`, `self._iam.x`; empty for what isn't a client."""
    name = _client_name(node)
    if name in {"_client", "client"}:
        return _services().get(module, "")
    return _NAMED_CLIENTS.get(name, "")


def _client_name(node: ast.Attribute) -> str:
    base = node.value
    return base.attr if isinstance(base, ast.Attribute) else str(getattr(base, "id", ""))


@cache
def _operations(service: str) -> dict[str, str]:
    """boto3's method → the API's operation."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}
