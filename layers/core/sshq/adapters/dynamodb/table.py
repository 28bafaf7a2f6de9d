"""DynamoDB's one table, as far as the stores need it: items as plain data, conditions as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sshq.ports import Randomness

Item = dict[str, Any]
WRITE = "write"


class ConditionFailedError(Exception):
    """The item wasn't as the condition wants it; nothing was written.

    `stored` is the item as it is, where the call asked for that (in DynamoDB's own form), `which`
    the first write of a transaction whose condition failed.
    """

    def __init__(self, stored: Item, which: int = 0) -> None:
        super().__init__()
        self.stored = stored
        self.which = which


@dataclass(frozen=True)
class Write:
    """One of the writes of a transaction: put the item, or delete the one that has its keys."""

    item: Item
    condition: str = ""
    values: Item = field(default_factory=dict)
    deletes: bool = False


class Table:
    """`client` is a boto3 DynamoDB client. Keys are `pk` and `sk`; each index has its own two."""

    def __init__(self, client: Any, name: str, randomness: Randomness) -> None:  # noqa: ANN401
        self._client = client
        self._name = name
        self._randomness = randomness

    def get(self, pk: str, sk: str) -> Item | None:
        """A strongly consistent read."""
        found = self._client.get_item(
            TableName=self._name, Key=_serialised({"pk": pk, "sk": sk}), ConsistentRead=True
        )
        return _plain(found["Item"]) if "Item" in found else None

    def put(
        self, item: Item, *, condition: str | None = None, values: Mapping[str, Any] | None = None
    ) -> None:
        """Write a whole item, on a condition.

        boto3 asks again when an answer is lost; if the first call had taken effect, the second
        fails its condition. The mark on the item tells that it is our own.
        """
        mark = self._randomness.token(8).hex()
        request: dict[str, Any] = {
            "TableName": self._name,
            "Item": _serialised(item | {WRITE: mark}),
        }
        if condition is not None:
            request["ConditionExpression"] = condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if values:
            request["ExpressionAttributeValues"] = _serialised(dict(values))
        try:
            self._conditional(self._client.put_item, request)
        except ConditionFailedError as error:
            if error.stored.get(WRITE) != {"S": mark}:
                raise

    def update(self, pk: str, sk: str, update: str, *, condition: str, values: Item) -> None:
        """An update expression on a condition."""
        self._conditional(
            self._client.update_item,
            {
                "TableName": self._name,
                "Key": _serialised({"pk": pk, "sk": sk}),
                "UpdateExpression": update,
                "ConditionExpression": condition,
                "ExpressionAttributeValues": _serialised(values),
            },
        )

    def put_if_other(
        self, item: Item, *, other: tuple[str, str], condition: str, values: Item
    ) -> None:
        """Write an item only if another one stands as the condition wants it, in one transaction."""
        check = {
            "TableName": self._name,
            "Key": _serialised({"pk": other[0], "sk": other[1]}),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": _serialised(values),
        }
        put = {"TableName": self._name, "Item": _serialised(item)}
        request = {"TransactItems": [{"ConditionCheck": check}, {"Put": put}]}
        self._conditional(self._client.transact_write_items, request)

    def write_all(self, *writes: Write) -> None:
        """Several items, each on its condition, in one transaction: all or none."""
        items = [self._in_transaction(write) for write in writes]
        self._conditional(self._client.transact_write_items, {"TransactItems": items})

    def delete(self, pk: str, sk: str) -> None:
        """Delete; what isn't there is deleted already."""
        self._client.delete_item(TableName=self._name, Key=_serialised({"pk": pk, "sk": sk}))

    def query(self, pk: str, sk_prefix: str) -> Iterator[Item]:
        """The items of a partition whose sort key begins so; consistent, all pages."""
        yield from self._pages(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=_serialised({":pk": pk, ":sk": sk_prefix}),
            ConsistentRead=True,
        )

    def query_index(
        self,
        pk: str,
        *,
        index: str = "gsi1",
        between: tuple[str, str] | None = None,
        latest_first: bool = False,
    ) -> Iterator[Item]:
        """The items of an index's partition, in the order of its sort key; eventually consistent.

        `between` are the first and the last sort key that are wanted. A page is read when its first
        item is.
        """
        values = {":pk": pk}
        condition = f"{index}pk = :pk"
        if between:
            values |= {":first": between[0], ":last": between[1]}
            condition += f" AND {index}sk BETWEEN :first AND :last"
        yield from self._pages(
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=_serialised(values),
            ScanIndexForward=not latest_first,
        )

    def _pages(self, **query: Any) -> Iterator[Item]:  # noqa: ANN401  boto3's own parameters
        start: dict[str, Any] = {}
        while True:
            page = self._client.query(TableName=self._name, **query, **start)
            yield from map(_plain, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _in_transaction(self, write: Write) -> Item:
        request: Item = {"TableName": self._name}
        if write.condition:
            request["ConditionExpression"] = write.condition
        if write.values:
            request["ExpressionAttributeValues"] = _serialised(write.values)
        if write.deletes:
            key = {name: write.item[name] for name in ("pk", "sk")}
            return {"Delete": request | {"Key": _serialised(key)}}
        return {"Put": request | {"Item": _serialised(write.item)}}

    @staticmethod
    def _conditional(call: Any, request: dict[str, Any]) -> None:  # noqa: ANN401  a boto3 method
        try:
            call(**request)
        except ClientError as error:
            if code(error) == "ConditionalCheckFailedException":
                raise ConditionFailedError(error.response.get("Item", {})) from error
            reasons = error.response.get("CancellationReasons", [])
            failed = [r.get("Code") == "ConditionalCheckFailed" for r in reasons]
            if any(failed):
                raise ConditionFailedError({}, failed.index(True)) from error
            raise


def _serialised(item: Mapping[str, Any]) -> Item:
    serialise = TypeSerializer().serialize
    return {name: serialise(_decimal(value)) for name, value in item.items()}


def _decimal(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """DynamoDB's numbers are decimals; floats are refused by boto3."""
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, dict):
        return {name: _decimal(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_decimal(entry) for entry in value]
    return value


def _plain(item: Item) -> Item:
    deserialise = TypeDeserializer().deserialize
    return {name: _number(deserialise(value)) for name, value in item.items()}


def _number(value: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _number(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_number(entry) for entry in value]
    return value
