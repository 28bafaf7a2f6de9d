"""The IAM policies, trust policies and SSM documents that setup writes: pure data.

A resource of `*` stands only where IAM offers nothing narrower; the reason is said beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.domain.data_locations import Location
from sshq.domain.jobs import SSH_PORT
from sshq.domain.model import Model

if TYPE_CHECKING:
    from collections.abc import Collection

    from sshq.domain.networks import Network

Document = dict[str, Any]
VERSION = "2012-10-17"
PREFIX_HEX_DIGITS = 40
# The bucket's folders that become input channels: a job's own files, the start-up scripts, the agent.
INPUT_FOLDERS = ("jobs", "container", "agent")
CHECKPOINTS = "checkpoints"
"""The bucket's folder of what spot jobs keep from one instance to the next."""
ALLOWED_VERBS = ("probe", "start", "keep", "deadline")


class Data(Model):
    """Where in S3 jobs may read and write beside sshq's own bucket, and the KMS keys for that (ARNs)."""

    read: tuple[Location, ...] = ()
    write: tuple[Location, ...] = ()
    keys: tuple[str, ...] = ()


NO_DATA = Data()


def checkpoints_of(prefix: str) -> str:
    """The folder of a job's checkpoints, by the same 160 random bits as its own files' (`jobs/…`)."""
    return f"{CHECKPOINTS}/{prefix.partition('/')[2]}"


def service_trust(service: str, account: str, sid: str) -> Document:
    """A service may assume the role, for this account's resources only (confused deputy)."""
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return {"Version": VERSION, "Statement": [statement]}


def job_policy(
    *,
    partition: str,
    region: str,
    account: str,
    bucket: str,
    networks: Collection[Network] = (),
    data: Data = NO_DATA,
) -> Document:
    """What the user's code in a job may do by default: read its input, write its output, log.

    SageMaker puts a job into a VPC with the job's own role, and moves its data with it; so where
    there are networks and locations in S3, the role has what that takes.
    """
    bucket_arn = f"arn:{partition}:s3:::{bucket}"
    full_prefix = "jobs/" + "?" * PREFIX_HEX_DIGITS
    kept = f"{CHECKPOINTS}/" + "?" * PREFIX_HEX_DIGITS
    logs = f"arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/TrainingJobs"
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "ReadOwnInput",
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": [f"{bucket_arn}/{folder}/*" for folder in INPUT_FOLDERS],
            },
            {
                # A job's prefix is 160 random bits: whoever can't name one whole can't list it.
                # The start-up scripts and the agent are the same for all, and no secret.
                "Sid": "ListOnlyWithWholePrefix",
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [bucket_arn],
                "Condition": {
                    "StringLike": {
                        "s3:prefix": [
                            full_prefix,
                            f"{full_prefix}/*",
                            "container/*",
                            "agent/*",
                            kept,
                            f"{kept}/*",
                        ]
                    }
                },
            },
            {
                "Sid": "WriteOwnOutput",
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
                "Resource": [f"{bucket_arn}/output/*"],
            },
            {
                # SageMaker copies /opt/ml/checkpoints there and back; whose they are, only the job knows.
                "Sid": "KeepOwnCheckpoints",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                "Resource": [f"{bucket_arn}/{CHECKPOINTS}/*"],
            },
            {
                "Sid": "WriteLogs",
                "Effect": "Allow",
                "Action": [
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                "Resource": [logs, f"{logs}:*"],
            },
            {
                # PutMetricData has no resources; the namespace narrows it.
                "Sid": "WriteMetrics",
                "Effect": "Allow",
                "Action": ["cloudwatch:PutMetricData"],
                "Resource": ["*"],
                "Condition": {
                    "StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/TrainingJobs"}
                },
            },
            {
                # GetAuthorizationToken has no resources; it gives nothing without the next one.
                "Sid": "LogInToRegistry",
                "Effect": "Allow",
                "Action": ["ecr:GetAuthorizationToken"],
                "Resource": ["*"],
            },
            {
                "Sid": "PullImages",
                "Effect": "Allow",
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                # AWS's framework images lie in AWS's own accounts, one per region.
                "Resource": [f"arn:{partition}:ecr:{region}:*:repository/*"],
            },
            *_move_data(partition, region, data),
            *(
                _join_networks(f"arn:{partition}:ec2:{region}", account, networks)
                if networks
                else ()
            ),
        ],
    }


def _move_data(partition: str, region: str, data: Data) -> list[Document]:
    """Objects of these locations only; who may read but a part of a bucket lists that part only."""
    found = []
    if data.read:
        found.append(_objects("ReadData", ["s3:GetObject"], partition, data.read))
    if data.write:
        actions = ["s3:PutObject", "s3:AbortMultipartUpload"]
        found.append(_objects("WriteData", actions, partition, data.write))
    whole = sorted({each.bucket for each in data.read if not each.prefix})
    if whole:
        resources = [f"arn:{partition}:s3:::{bucket}" for bucket in whole]
        found.append(_allow("ListData", ["s3:ListBucket"], resources))
    parts: dict[str, list[str]] = {}
    for each in data.read:
        if each.prefix and each.bucket not in whole:
            parts.setdefault(each.bucket, []).extend([each.prefix, f"{each.prefix}/*"])
    for number, (bucket, prefixes) in enumerate(sorted(parts.items())):
        listing = _allow(f"ListData{number}", ["s3:ListBucket"], [f"arn:{partition}:s3:::{bucket}"])
        found.append(listing | {"Condition": {"StringLike": {"s3:prefix": prefixes}}})
    if data.keys:
        # Through S3 only: the keys open nothing else to a job.
        through = {"StringEquals": {"kms:ViaService": f"s3.{region}.{_dns_suffix(partition)}"}}
        use = _allow("UseDataKeys", ["kms:Decrypt", "kms:GenerateDataKey"], list(data.keys))
        found.append(use | {"Condition": through})
    return found


def _objects(
    sid: str, actions: list[str], partition: str, locations: Collection[Location]
) -> Document:
    resources = {
        f"arn:{partition}:s3:::{each.bucket}/{part}"
        for each in locations
        for part in ([each.prefix, f"{each.prefix}/*"] if each.prefix else ["*"])
    }
    return _allow(sid, actions, sorted(resources))


def _allow(sid: str, actions: list[str], resources: list[str]) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _dns_suffix(partition: str) -> str:
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def _join_networks(ec2: str, account: str, networks: Collection[Network]) -> list[Document]:
    """Network interfaces in these networks only. A shared subnet's ARN has its owner's account."""
    subnets = sorted({f"{ec2}:*:subnet/{id_}" for each in networks for id_ in each.subnets})
    groups = sorted(
        {f"{ec2}:*:security-group/{id_}" for each in networks for id_ in each.security_groups}
    )
    interfaces = f"{ec2}:{account}:network-interface/*"
    return [
        {
            "Sid": "MakeInterfaces",
            "Effect": "Allow",
            "Action": ["ec2:CreateNetworkInterface"],
            "Resource": [interfaces, *subnets, *groups],
        },
        {
            "Sid": "UseInterfaces",
            "Effect": "Allow",
            "Action": ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"],
            "Resource": [interfaces],
            "Condition": {"ArnLike": {"ec2:Subnet": subnets}},
        },
        {
            # The descriptions have no resources and only read; who takes a permission back names
            # the permission and not always the interface.
            "Sid": "LookAtNetworks",
            "Effect": "Allow",
            "Action": [
                "ec2:DeleteNetworkInterfacePermission",
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            "Resource": ["*"],
        },
    ]


def node_policy(*, partition: str, region: str, account: str) -> Document:
    """What a job's SSM agent needs to be a node, and nothing for the user's code."""
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "ReportItself",
                "Effect": "Allow",
                "Action": ["ssm:UpdateInstanceInformation"],
                "Resource": [f"arn:{partition}:ssm:{region}:{account}:managed-instance/*"],
            },
            {
                # These have no resources: the service ties each call to the calling node.
                "Sid": "TalkToSsm",
                "Effect": "Allow",
                "Action": [
                    "ssm:ListAssociations",
                    "ssm:ListInstanceAssociations",
                    "ssmmessages:CreateControlChannel",
                    "ssmmessages:CreateDataChannel",
                    "ssmmessages:OpenControlChannel",
                    "ssmmessages:OpenDataChannel",
                    "ec2messages:AcknowledgeMessage",
                    "ec2messages:DeleteMessage",
                    "ec2messages:FailMessage",
                    "ec2messages:GetEndpoint",
                    "ec2messages:GetMessages",
                    "ec2messages:SendReply",
                ],
                "Resource": ["*"],
            },
        ],
    }


def tls_only(*, partition: str, bucket: str) -> Document:
    """The bucket's policy: no request without TLS."""
    arn = f"arn:{partition}:s3:::{bucket}"
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def lifecycle_rules() -> list[Document]:
    """Start-up files go by themselves if a clean-up ever misses them, and so do broken uploads."""
    return [
        {
            "ID": "sshq-start-up-files",
            "Status": "Enabled",
            "Filter": {"Prefix": "jobs/"},
            "Expiration": {"Days": 30},
        },
        {
            "ID": "sshq-checkpoints",
            "Status": "Enabled",
            "Filter": {"Prefix": f"{CHECKPOINTS}/"},
            "Expiration": {"Days": 30},
        },
        {
            "ID": "sshq-broken-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        },
    ]


def session_document() -> Document:
    """AWS-StartSSHSession's shape with the port fixed: a session reaches the SSH server only."""
    return {
        "schemaVersion": "1.0",
        "description": "sshq: one SSH connection to a job",
        "sessionType": "Port",
        "inputs": {"idleSessionTimeout": "60", "maxSessionDuration": "1440"},
        "parameters": {},
        "properties": {"portNumber": str(SSH_PORT)},
    }


def command_document() -> Document:
    """The verbs that the bot may ask of a node; the patterns keep a shell out of them."""
    return {
        "schemaVersion": "2.2",
        "description": "sshq: a verb for a job's start-up script",
        "parameters": {
            "verb": {"type": "String", "allowedValues": list(ALLOWED_VERBS)},
            "argument": {"type": "String", "default": "0", "allowedPattern": "^[0-9]{1,12}$"},
        },
        "mainSteps": [
            {
                "action": "aws:runShellScript",
                "name": "verb",
                "inputs": {
                    "timeoutSeconds": "30",
                    "runCommand": [
                        'exec sh "${SSHQ_HOME:-/opt/ml/sshq}/verb.sh" {{ verb }} {{ argument }}'
                    ],
                },
            }
        ],
    }
