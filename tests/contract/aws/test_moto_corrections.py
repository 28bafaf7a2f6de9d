"""What AWS refuses and moto alone would let through."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_aws import TRUST_SAGEMAKER

if TYPE_CHECKING:
    from tests.sandbox_aws import Account

NO_POLICY = "arn:aws:iam::123456789012:policy/none"


def test_a_group_in_use_stays(account: Account) -> None:
    iam = account.client("iam")
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.create_group(GroupName="people")
    iam.create_user(UserName="alice")
    iam.add_user_to_group(GroupName="people", UserName="alice")
    iam.attach_group_policy(GroupName="people", PolicyArn=policy)

    with pytest.raises(iam.exceptions.DeleteConflictException, match="remove users from group"):
        iam.delete_group(GroupName="people")
    iam.remove_user_from_group(GroupName="people", UserName="alice")
    with pytest.raises(iam.exceptions.DeleteConflictException, match="detach all policies"):
        iam.delete_group(GroupName="people")
    iam.detach_group_policy(GroupName="people", PolicyArn=policy)
    iam.delete_group(GroupName="people")

    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_group(GroupName="people")


def test_a_boundary_must_exist(account: Account) -> None:
    iam = account.client("iam")
    trust = json.dumps(TRUST_SAGEMAKER)

    with pytest.raises(iam.exceptions.NoSuchEntityException, match="not attachable"):
        iam.create_role(
            RoleName="bounded", AssumeRolePolicyDocument=trust, PermissionsBoundary=NO_POLICY
        )
    aws_managed = "arn:aws:iam::aws:policy/PowerUserAccess"
    iam.create_role(
        RoleName="bounded", AssumeRolePolicyDocument=trust, PermissionsBoundary=aws_managed
    )
    with pytest.raises(iam.exceptions.NoSuchEntityException, match="not attachable"):
        iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=NO_POLICY)

    role = iam.get_role(RoleName="bounded")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == aws_managed


def test_a_role_that_does_not_exist_can_not_be_assumed(account: Account) -> None:
    sts = account.client("sts")

    with pytest.raises(ClientError) as refused:
        sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/nobody", RoleSessionName="test")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"

    assumed = sts.assume_role(RoleArn=account.role_arn, RoleSessionName="test")
    assert assumed["AssumedRoleUser"]["Arn"].endswith("assumed-role/job-role/test")


def test_log_events_are_found_by_the_streams_prefix(account: Account) -> None:
    logs = account.client("logs")
    logs.create_log_group(logGroupName="group")
    for number, stream in enumerate(["a/1", "a/2", "b/1"]):
        logs.create_log_stream(logGroupName="group", logStreamName=stream)
        logs.put_log_events(
            logGroupName="group",
            logStreamName=stream,
            logEvents=[{"timestamp": _now_milliseconds() + number, "message": stream}],
        )

    def messages(prefix: str) -> list[str]:
        found = logs.filter_log_events(logGroupName="group", logStreamNamePrefix=prefix)
        return [event["message"] for event in found["events"]]

    assert messages("a/") == ["a/1", "a/2"]
    assert messages("c/") == []


def _now_milliseconds() -> int:
    return int(time.time() * 1000)


def _table(account: Account, name: str) -> Any:
    """A client of DynamoDB's, which has a table of that name."""
    client = account.client("dynamodb")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    return client


def test_of_writers_at_once_one_meets_the_condition(account: Account) -> None:
    table = _table(account, "once")
    table.put_item(TableName="once", Item={"pk": {"S": "a"}, "version": {"N": "1"}})
    barrier = threading.Barrier(12)

    def write(_number: int) -> bool:
        barrier.wait()
        try:
            table.put_item(
                TableName="once",
                Item={"pk": {"S": "a"}, "version": {"N": "2"}},
                ConditionExpression="version = :read",
                ExpressionAttributeValues={":read": {"N": "1"}},
            )
        except table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(write, range(12))).count(True) == 1


def test_a_transaction_that_comes_again_with_its_token_is_done_once(account: Account) -> None:
    table = _table(account, "token")

    def write(token: str) -> None:
        put = {"TableName": "token", "Item": {"pk": {"S": "a"}}}
        put["ConditionExpression"] = "attribute_not_exists(pk)"
        table.transact_write_items(TransactItems=[{"Put": put}], ClientRequestToken=token)

    write("first")
    write("first")
    with pytest.raises(table.exceptions.TransactionCanceledException):
        write("second")


def test_a_transaction_asked_for_again_while_it_is_under_way_is_done_once(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that waits no longer asks again before the first call has come to its end."""
    from moto.dynamodb.models import DynamoDBBackend

    table = _table(account, "slow")
    moto_s = DynamoDBBackend.transact_write_items

    def slowly(backend: Any, items: Any) -> None:
        time.sleep(0.3)
        moto_s(backend, items)

    monkeypatch.setattr(DynamoDBBackend, "transact_write_items", slowly)

    def write(_number: int) -> None:
        put = {"TableName": "slow", "Item": {"pk": {"S": "a"}}}
        put["ConditionExpression"] = "attribute_not_exists(pk)"
        table.transact_write_items(TransactItems=[{"Put": put}], ClientRequestToken="same")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))


def test_nobody_sees_what_a_transaction_takes_back(account: Account) -> None:
    table = _table(account, "seen")
    puts = [{"Put": {"TableName": "seen", "Item": {"pk": {"S": f"{n}"}}}} for n in range(99)]
    check = {
        "TableName": "seen",
        "Key": {"pk": {"S": "nobody"}},
        "ConditionExpression": "attribute_exists(pk)",
    }
    is_over = threading.Event()

    def write_in_vain() -> None:
        try:
            for _ in range(5):
                with pytest.raises(table.exceptions.TransactionCanceledException):
                    table.transact_write_items(TransactItems=[*puts, {"ConditionCheck": check}])
        finally:
            is_over.set()

    def read() -> list[Any]:
        (one,) = table.batch_get_item(RequestItems={"seen": {"Keys": [{"pk": {"S": "0"}}]}})[
            "Responses"
        ].values()
        queried = table.query(
            TableName="seen",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": "0"}},
            ConsistentRead=True,
        )
        got = table.get_item(TableName="seen", Key={"pk": {"S": "0"}})
        return [
            *one,
            *queried["Items"],
            *table.scan(TableName="seen")["Items"],
            *([got["Item"]] if "Item" in got else ()),
        ]

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_in_vain)
        seen = read()
        while not is_over.is_set():
            seen += read()
        writing.result()
    assert seen == []


def test_a_transaction_is_taken_back_whole(account: Account) -> None:
    """All kinds of writes beside one whose condition doesn't hold: nothing of them stays."""
    table = account.client("dynamodb")
    table.create_table(
        TableName="back",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )

    def key(sk: str, pk: str = "a") -> dict[str, Any]:
        return {"pk": {"S": pk}, "sk": {"S": sk}}

    def everything() -> list[dict[str, Any]]:
        found = table.scan(TableName="back")["Items"]
        return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    for sk in ("deleted", "put over", "updated", "untouched"):
        table.put_item(TableName="back", Item={**key(sk), "list": {"L": [{"N": "1"}]}})
    before = everything()
    changes: list[dict[str, Any]] = [
        {"Delete": {"TableName": "back", "Key": key("deleted")}},
        {"Put": {"TableName": "back", "Item": key("put over")}},
        {"Put": {"TableName": "back", "Item": key("new")}},
        {"Put": {"TableName": "back", "Item": key("new", "b")}},
        {
            "Update": {
                "TableName": "back",
                "Key": key("updated"),
                "UpdateExpression": "SET #l[0] = :two",
                "ExpressionAttributeNames": {"#l": "list"},
                "ExpressionAttributeValues": {":two": {"N": "2"}},
            }
        },
    ]
    check = {"TableName": "back", "Key": key("x"), "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(table.exceptions.TransactionCanceledException) as refused:
        table.transact_write_items(TransactItems=[*changes, {"ConditionCheck": check}])

    reasons = refused.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None"] * 5 + ["ConditionalCheckFailed"]
    assert everything() == before

    table.transact_write_items(TransactItems=changes)
    after = {item["sk"]["S"]: item for item in everything() if item["pk"]["S"] == "a"}
    assert set(after) == {"new", "put over", "untouched", "updated"}
    assert after["updated"]["list"] == {"L": [{"N": "2"}]}
    assert "list" not in after["put over"]
