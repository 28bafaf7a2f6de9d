"""DynamoDB's transactions in large tables.

moto copies a table with all its items before a transaction, to be able to take it back: with 10,000
jobs that is seconds for each. What a transaction doesn't touch needs no copy.
"""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sshq_sandbox.aws.patches import Patches

_current = threading.local()


def keep_what_a_transaction_touches(patches: Patches) -> None:
    """Let moto's copy of a table be one of the transaction's items only."""
    from moto.dynamodb.models import DynamoDBBackend  # noqa: PLC0415  (slow)
    from moto.dynamodb.models.table import Table  # noqa: PLC0415

    def transact_write_items(backend: Any, transact_items: Sequence[Mapping[str, Any]]) -> None:  # noqa: ANN401
        with _touching(transact_items):
            original(backend, transact_items)

    def deepcopy(table: Any, memo: dict[int, Any]) -> Any:  # noqa: ANN401
        touched = getattr(_current, "operations", None)
        if touched is None:
            raise TypeError("moto copies a table elsewhere than in a transaction")
        return _copied(table, touched, memo)

    original = patches.replace(DynamoDBBackend, "transact_write_items", transact_write_items)
    patches.replace(Table, "__deepcopy__", deepcopy)


@contextmanager
def _touching(items: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    _current.operations = [operation for item in items for operation in item.values()]
    try:
        yield
    finally:
        del _current.operations


def _copied(table: Any, operations: Sequence[Mapping[str, Any]], memo: dict[int, Any]) -> Any:  # noqa: ANN401
    """The table as it is, whatever is then done to the operations' items in the original."""
    snapshot = copy.copy(table)
    snapshot.items = defaultdict(dict, table.items)
    copied = set()
    for operation in operations:
        if operation.get("TableName") not in {table.name, table.table_arn}:
            continue
        hash_key, range_key = _key(table, operation)
        if hash_key not in table.items:
            continue
        if range_key is None:
            snapshot.items[hash_key] = copy.deepcopy(table.items[hash_key], memo)
            continue
        if hash_key not in copied:
            copied.add(hash_key)
            snapshot.items[hash_key] = dict(table.items[hash_key])
        if range_key in table.items[hash_key]:
            item = table.items[hash_key][range_key]
            snapshot.items[hash_key][range_key] = copy.deepcopy(item, memo)
    return snapshot


def _key(table: Any, operation: Mapping[str, Any]) -> tuple[Any, Any]:  # noqa: ANN401
    from moto.dynamodb.models.dynamo_type import DynamoType  # noqa: PLC0415  (slow)

    attributes = operation.get("Key") or operation["Item"]
    name = table.range_key_attr
    range_key = DynamoType(attributes[name]) if name is not None else None
    return DynamoType(attributes[table.hash_key_attr]), range_key
