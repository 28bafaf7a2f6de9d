"""DynamoDB's one table, as far as the stores need it: items as plain data, conditions as text."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code, is_conflict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sshq.ports import Clock, Randomness

Item = dict[str, Any]
WRITE = "write"
# Seconds, at most. Two transactions on one item at once (all runs of a month meet at the team's):
# DynamoDB refuses one of them, boto3 doesn't repeat it.
_CONFLICT_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 1.6, 1.6)


class ConditionFailedError(Exception):
    """The item wasn't as the condition wants it; nothing was written.

    `stored` is the item as it is, where the call asked for that (in DynamoDB's own form), `failed`
    the writes of a transaction (by number) whose condition didn't hold.
    """

    def __init__(self, stored: Item, failed: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.stored = stored
        self.failed = failed


class Act(StrEnum):
    """What a write of a transaction does with its item."""

    PUT = "Put"
    DELETE = "Delete"
    UPDATE = "Update"
    CHECK = "ConditionCheck"


@dataclass(frozen=True)
class Write:
    """One of the writes of a transaction. All but PUT need the item's keys only.

    `update` is an update expression; `names` stand for attribute names in it.
    """

    item: Item
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    act: Act = Act.PUT
    update: str = ""
    names: Mapping[str, str] = field(default_factory=dict)


class Table:
    """`client` is a boto3 DynamoDB client. Keys are `pk` and `sk`; each index has its own two."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        name: str,
        randomness: Randomness,
        clock: Clock,
    ) -> None:
        self._client = client
        self._name = name
        self._randomness = randomness
        self._clock = clock

    def get(self, pk: str, sk: str) -> Item | None:
        """A strongly consistent read."""
        found = self._client.get_item(
            TableName=self._name, Key=_serialised({"pk": pk, "sk": sk}), ConsistentRead=True
        )
        return _plain(found["Item"]) if "Item" in found else None

    def get_many(self, *keys: tuple[str, str]) -> list[Item | None]:
        """Strongly consistent reads in one call; in the order of the keys."""
        found: dict[tuple[str, str], Item] = {}
        left: Item = {
            self._name: {
                "Keys": [_serialised({"pk": pk, "sk": sk}) for pk, sk in keys],
                "ConsistentRead": True,
            }
        }
        while left:
            answer = self._client.batch_get_item(RequestItems=left)
            items = map(_plain, answer["Responses"].get(self._name, []))
            found |= {(item["pk"], item["sk"]): item for item in items}
            left = answer.get("UnprocessedKeys", {})
        return [found.get(key) for key in keys]

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

    def update(
        self,
        pk: str,
        sk: str,
        update: str,
        *,
        condition: str,
        values: Mapping[str, Any] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """An update expression on a condition."""
        request: dict[str, Any] = {
            "TableName": self._name,
            "Key": _serialised({"pk": pk, "sk": sk}),
            "UpdateExpression": update,
            "ConditionExpression": condition,
        }
        if values:
            request["ExpressionAttributeValues"] = _serialised(dict(values))
        if names:
            request["ExpressionAttributeNames"] = dict(names)
        self._conditional(self._client.update_item, request)

    def add(self, pk: str, sk: str, *, expires: int) -> int:
        """Count one more in an item's `n`; the count. The item comes into being with the first."""
        found = self._client.update_item(
            TableName=self._name,
            Key=_serialised({"pk": pk, "sk": sk}),
            UpdateExpression="ADD n :one SET expires = :expires",
            ExpressionAttributeValues=_serialised({":one": 1, ":expires": expires}),
            ReturnValues="UPDATED_NEW",
        )
        return int(_plain(found["Attributes"])["n"])

    def write_all(self, *writes: Write) -> None:
        """Several items, each on its condition, in one transaction: all or none.

        Raises ConditionFailedError. A lost answer is asked for again with the same token, by which
        DynamoDB knows that it has done this.
        """
        items = [{write.act.value: self._in_transaction(write)} for write in writes]
        token = self._randomness.token(16).hex()
        request = {"TransactItems": items, "ClientRequestToken": token}
        self._conditional(self._client.transact_write_items, request)

    def delete(
        self,
        pk: str,
        sk: str,
        *,
        condition: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        """Delete; what isn't there, or isn't as the condition wants it, is left alone."""
        request: dict[str, Any] = {
            "TableName": self._name,
            "Key": _serialised({"pk": pk, "sk": sk}),
        }
        if condition is not None:
            request["ConditionExpression"] = condition
        if values:
            request["ExpressionAttributeValues"] = _serialised(dict(values))
        with suppress(ConditionFailedError):
            self._conditional(self._client.delete_item, request)

    def query(self, pk: str, sk_prefix: str) -> Iterator[Item]:
        """The items of a partition whose sort key begins so; consistent, all pages."""
        yield from self._pages(
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues=_serialised({":pk": pk, ":sk": sk_prefix}),
            ConsistentRead=True,
        )

    def partition(
        self, pk: str, *, latest_first: bool = False, page: int | None = None
    ) -> Iterator[Item]:
        """A whole partition in the order of its sort key; consistent. A page is read when it's due."""
        yield from self._pages(
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=_serialised({":pk": pk}),
            ConsistentRead=True,
            ScanIndexForward=not latest_first,
            **({"Limit": page} if page else {}),
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
        if write.act is Act.PUT:
            request["Item"] = _serialised(write.item)
        else:
            request["Key"] = _serialised({name: write.item[name] for name in ("pk", "sk")})
        if write.update:
            request["UpdateExpression"] = write.update
        if write.condition:
            request["ConditionExpression"] = write.condition
        if write.values:
            request["ExpressionAttributeValues"] = _serialised(write.values)
        if write.names:
            request["ExpressionAttributeNames"] = dict(write.names)
        return request

    def _conditional(self, call: Any, request: dict[str, Any]) -> None:  # noqa: ANN401  a boto3 method
        for pause in (*_CONFLICT_PAUSES, None):
            try:
                call(**request)
            except ClientError as error:
                if code(error) == "ConditionalCheckFailedException":
                    raise ConditionFailedError(error.response.get("Item", {})) from error
                reasons = _reasons(error)
                failed = {n for n, why in enumerate(reasons) if why == "ConditionalCheckFailed"}
                if failed:
                    raise ConditionFailedError({}, frozenset(failed)) from error
                if pause is None or not is_conflict(error):
                    raise
                # Different for everybody, so that they don't meet again.
                self._clock.sleep(
                    pause * int.from_bytes(self._randomness.token(2), "big") / 0x10000
                )
            else:
                return


def _reasons(error: ClientError) -> list[str]:
    """Why a transaction was cancelled, one code for each of its writes."""
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]


def _serialised(item: Mapping[str, Any]) -> Item:
    serialise = TypeSerializer().serialize
    return {name: serialise(_decimal(value)) for name, value in item.items()}


def _decimal(value: Any) -> Any:  # noqa: ANN401  any JSON value, or a set of strings
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


def _number(value: Any) -> Any:  # noqa: ANN401  any JSON value, or a set of strings
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {name: _number(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_number(entry) for entry in value]
    return value
