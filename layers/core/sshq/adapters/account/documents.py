"""SSM documents: the default version is what sessions and commands use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code
from sshq.domain.setup_plan import Action

if TYPE_CHECKING:
    from sshq.adapters.account.part import Spec
    from sshq.domain.desired_state import Names
    from sshq.domain.setup_plan import Change


class Documents:
    """A Part."""

    def __init__(self, ssm: Any, names: Names) -> None:  # noqa: ANN401  boto3 has no types
        self._ssm = ssm
        self._names = names

    def read(self, name: str) -> Spec:
        # Without a version: the default one, which sessions and commands use.
        found = self._ssm.get_document(Name=name)
        return {"type": found["DocumentType"], "content": json.loads(found["Content"])}

    def write(self, change: Change) -> None:
        name, spec = change.resource.name, change.resource.spec
        content = json.dumps(spec["content"])
        if change.action is Action.CREATE:
            self._ssm.create_document(
                Name=name,
                Content=content,
                DocumentType=spec["type"],
                DocumentFormat="JSON",
                Tags=[{"Key": "sshq:stack", "Value": self._names.stack}],
            )
            return
        self._ssm.update_document_default_version(
            Name=name, DocumentVersion=self._version_with(name, content)
        )

    def delete(self, name: str) -> None:
        self._ssm.delete_document(Name=name)

    def _version_with(self, name: str, content: str) -> str:
        """A new version with this content, or the old one that has it: SSM refuses a second."""
        try:
            made = self._ssm.update_document(
                Name=name, Content=content, DocumentVersion="$LATEST", DocumentFormat="JSON"
            )
        except ClientError as error:
            if code(error) != "DuplicateDocumentContent":
                raise
        else:
            return str(made["DocumentDescription"]["DocumentVersion"])
        newest = self._ssm.get_document(Name=name, DocumentVersion="$LATEST")["DocumentVersion"]
        for version in map(str, range(int(newest), 0, -1)):
            found = self._ssm.get_document(Name=name, DocumentVersion=version)
            if json.loads(found["Content"]) == json.loads(content):
                return version
        raise LookupError(f"no version of {name} has the content that SSM calls a duplicate")
