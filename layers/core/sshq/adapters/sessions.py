"""SSM sessions, with a StreamUrl that needs no AWS credentials on the laptop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from sshq.adapters.aws_errors import code
from sshq.domain.refusals import Reason, Refusal
from sshq.ports import SessionAccess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

_URL_LIFE_SECONDS = 60
_AT_ONCE = 8
_LOG = Logger(child=True)


class SsmSessions:
    """ports.Sessions. `client` is a boto3 SSM client; `credentials` gives its frozen credentials.

    `presign`: whether the StreamUrls carry a signature. AWS takes both kinds for now; the signed
    one needs `ssmmessages:OpenDataChannel`.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        *,
        document: str,
        region: str,
        credentials: Callable[[], Any],
        presign: bool,
    ) -> None:
        self._client = client
        self._document = document
        self._region = region
        self._credentials = credentials
        self._presign = presign

    def start(self, node: str, *, reason: str) -> SessionAccess:
        try:
            found = self._client.start_session(
                Target=node, DocumentName=self._document, Reason=reason
            )
        except ClientError as error:
            if code(error) == "TargetNotConnected":
                raise Refusal(Reason.NODE_NOT_CONNECTED) from error
            raise
        return self._access(found)

    def resume(self, session: str) -> SessionAccess:
        try:
            found = self._client.resume_session(SessionId=session)
        except ClientError as error:
            if code(error) == "DoesNotExistException":
                raise Refusal(Reason.LEASE_ENDED) from error
            raise
        # A session that has ended is resumed without a token.
        if not found.get("TokenValue"):
            raise Refusal(Reason.LEASE_ENDED)
        return self._access(found)

    def active(self, node: str) -> set[str]:
        return self._listed("Active", {"Target": node})

    def ended(self, node: str, *, since: datetime) -> set[str]:
        moment = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return self._listed("History", {"Target": node, "InvokedAfter": moment})

    def terminate(self, session: str) -> None:
        try:
            self._client.terminate_session(SessionId=session)
        except ClientError as error:
            if code(error) != "DoesNotExistException":
                raise

    def terminate_all(self, sessions: Sequence[str]) -> list[str]:
        if not sessions:
            return []
        # Side by side: each throttled call waits for seconds, and revoking has ten.
        with ThreadPoolExecutor(min(len(sessions), _AT_ONCE)) as pool:
            return [session for session in pool.map(self._left, sessions) if session]

    def _listed(self, state: str, filters: dict[str, str]) -> set[str]:
        pages = self._client.get_paginator("describe_sessions").paginate(
            State=state, Filters=[{"key": key, "value": value} for key, value in filters.items()]
        )
        return {found["SessionId"] for page in pages for found in page["Sessions"]}

    def _left(self, session: str) -> str:
        """The session itself if it couldn't be ended."""
        try:
            self.terminate(session)
        except (ClientError, BotoCoreError):
            _LOG.warning("a session could not be ended", extra={"session": session}, exc_info=True)
            return session
        return ""

    def _access(self, found: dict[str, Any]) -> SessionAccess:
        url = found["StreamUrl"]
        if self._presign:
            url = presigned(url, self._credentials(), self._region)
        return SessionAccess(id=found["SessionId"], stream_url=url, token=found["TokenValue"])


def presigned(stream_url: str, credentials: Any, region: str) -> str:  # noqa: ANN401
    """The StreamUrl with a SigV4 signature in its query, good for a minute.

    Since session-manager-plugin 1.2.764 the data channel's upgrade is signed (service
    `ssmmessages`, GET). A URL that carries its signature is used as it is, so the client needs no
    credentials. Signed in its https form: SigV4 knows no wss.
    """
    request = AWSRequest(method="GET", url=stream_url.replace("wss://", "https://", 1))
    SigV4QueryAuth(credentials, "ssmmessages", region, expires=_URL_LIFE_SECONDS).add_auth(request)
    return str(request.url).replace("https://", "wss://", 1)
