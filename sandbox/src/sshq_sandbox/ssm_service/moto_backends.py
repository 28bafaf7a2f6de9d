"""What SSM asks of its neighbours, answered by moto's own backends (moto is pinned)."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sshq_sandbox.ssm_service.documents import BUILT_IN
from sshq_sandbox.ssm_service.state import Document, RoleCredentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq_sandbox.ssm_service.state import Call, Node

ROLE_TOKEN_SECONDS = 3600


class MotoBackends:
    """The `Neighbours` of `state.py`."""

    def role_arn_trusting_ssm(self, account: str, partition: str, role: str) -> str | None:
        """`role` may have its path before the name, as CreateActivation takes it."""
        from moto.iam.models import iam_backends  # noqa: PLC0415  (1 s: not at import)

        path, _, name = role.rpartition("/")
        for found in iam_backends[account][partition].roles.values():
            if found.name == name and (not path or found.path.strip("/") == path.strip("/")):
                trusted = _trusts_ssm(found.assume_role_policy_document)
                return str(found.arn) if trusted else None
        return None

    def assume_role(self, node: Node, role_arn: str) -> RoleCredentials:
        from moto.sts.models import sts_backends  # noqa: PLC0415

        partition = role_arn.split(":", 2)[1]
        role = sts_backends[node.account][partition].assume_role(
            region_name=node.region,
            role_session_name=node.id,
            role_arn=role_arn,
            policy="",
            duration=ROLE_TOKEN_SECONDS,
            external_id="",
        )
        return RoleCredentials(
            access_key_id=role.access_key_id,
            secret_access_key=role.secret_access_key,
            session_token=role.session_token,
            expires=role.expiration.replace(tzinfo=UTC)
            if role.expiration.tzinfo is None
            else role.expiration,
        )

    def document(self, call: Call, name: str, version: str | None) -> Document | None:
        from moto.ssm.exceptions import SSMException  # noqa: PLC0415
        from moto.ssm.models import ssm_backends  # noqa: PLC0415

        backend = ssm_backends[call.account][call.region]
        short_name = name.rsplit("/", 1)[-1] if name.startswith("arn:") else name
        try:
            versions = backend._get_documents(short_name)  # noqa: SLF001
        except SSMException:
            return None
        found: Any
        if version in {None, "$DEFAULT"}:
            found = versions.get_default_version()
        elif version == "$LATEST":
            found = versions.get_latest_version()
        else:
            found = versions.find_by_version(version)
        if found is None:
            return None
        return Document(
            name=short_name,
            version=str(found.document_version),
            document_type=found.document_type,
            content=found.content_json,
        )


def with_built_in_documents(original: Callable[..., Any]) -> Callable[..., Any]:
    """moto's `_get_documents`, which knows no document of AWS's own."""

    def _get_documents(backend: Any, name: str) -> Any:  # noqa: ANN401
        from moto.ssm.models import Document as MotoDocument  # noqa: PLC0415
        from moto.ssm.models import Documents  # noqa: PLC0415

        if name not in backend._documents and name in BUILT_IN:  # noqa: SLF001
            document_type, content = BUILT_IN[name]
            document = MotoDocument(  # type: ignore[abstract, unused-ignore]
                account_id="Amazon",
                name=name,
                version_name="",
                content=json.dumps(content),
                document_type=document_type,
                document_format="JSON",
                requires=[],
                attachments=[],
                target_type="",
            )
            backend._documents[name] = Documents(document)  # noqa: SLF001
        return original(backend, name)

    return _get_documents


def _trusts_ssm(policy: str | dict[str, Any]) -> bool:
    document = json.loads(policy) if isinstance(policy, str) else policy
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        named = [services] if isinstance(services, str) else services
        if statement.get("Effect") == "Allow" and "ssm.amazonaws.com" in named:
            return True
    return False
