"""StartSession, ResumeSession, TerminateSession, DescribeSessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sshq_sandbox.ports import SessionRequest
from sshq_sandbox.ssm_service.documents import resolved_parameters
from sshq_sandbox.ssm_service.errors import SsmError
from sshq_sandbox.ssm_service.pages import page
from sshq_sandbox.ssm_service.settings import has_advanced_tier
from sshq_sandbox.ssm_service.state import Session

if TYPE_CHECKING:
    from sshq_sandbox.ports import SessionAccess
    from sshq_sandbox.ssm_service.state import Call, Document, SsmState

DEFAULT_DOCUMENT = "SSM-SessionManagerRunShell"
_HISTORY = ("Terminated", "Failed")


def start_session(state: SsmState, call: Call) -> dict[str, Any]:
    target = call.params["Target"]
    document = _session_document(state, call)
    given = call.params.get("Parameters", {})
    parameters = resolved_parameters(document.content, given)
    if target.startswith("mi-") and not has_advanced_tier(state, call):
        raise SsmError(
            "BadRequest",
            "Enable advanced-instances tier to use Session Manager with your on-premises instances",
        )
    if state.node_of(call, target) is None or not state.service.is_connected(target):
        raise SsmError("TargetNotConnected", f"{target} is not connected.")
    owner = call.caller_arn.rsplit("/", 1)[-1]
    session_id = f"{owner}-{state.new_id(17)}"
    inputs = document.content.get("inputs") or {}
    state.sessions[session_id] = Session(
        id=session_id,
        account=call.account,
        region=call.region,
        target=target,
        document_name=document.name,
        owner_arn=call.caller_arn,
        reason=call.params.get("Reason"),
        started=state.now(),
        max_duration=inputs.get("maxSessionDuration") or None,
    )
    access = state.service.start_session(
        SessionRequest(
            session_id=session_id,
            node_id=target,
            document_name=document.name,
            document_content=document.content,
            parameters={name: ",".join(values) for name, values in parameters.items()},
            owner_arn=call.caller_arn,
        )
    )
    return _access(session_id, access)


def resume_session(state: SsmState, call: Call) -> dict[str, Any]:
    session = _session(state, call)
    try:
        access = state.service.resume_session(session.id)
    except KeyError:
        raise _unknown(session.id) from None
    return _access(session.id, access)


def terminate_session(state: SsmState, call: Call) -> dict[str, Any]:
    """Ending a session that has ended is no error."""
    session = _session(state, call)
    state.service.terminate_session(session.id, "")
    state.session_changed(session.id, "Terminated", "")
    return {"SessionId": session.id}


def describe_sessions(state: SsmState, call: Call) -> dict[str, Any]:
    history = call.params["State"] == "History"
    filters = [(item["key"], item["value"]) for item in call.params.get("Filters", [])]
    found = [
        session
        for session in reversed(state.sessions.values())
        if (session.account, session.region) == (call.account, call.region)
        and (session.status in _HISTORY) == history
        and all(_matches(session, key, value) for key, value in filters)
    ]
    shown, following = page(found, call.params, lambda session: session.id, default=200)
    return {"Sessions": [_described(session) for session in shown], **following}


def _session_document(state: SsmState, call: Call) -> Document:
    name = call.params.get("DocumentName", DEFAULT_DOCUMENT)
    document = state.neighbours.document(call, name, None)
    if document is None:
        raise SsmError("InvalidDocument", f"Document with name {name} does not exist.")
    if document.document_type != "Session":
        raise SsmError(
            "InvalidDocument",
            f"Document type: '{document.document_type}' is not supported. "
            "Only type: 'Session' is supported in Session Manager.",
        )
    return document


def _session(state: SsmState, call: Call) -> Session:
    session_id = call.params["SessionId"]
    session = state.sessions.get(session_id)
    if session is None or (session.account, session.region) != (call.account, call.region):
        raise _unknown(session_id)
    return session


def _unknown(session_id: str) -> SsmError:
    return SsmError("DoesNotExistException", f"Session {session_id} does not exist.")


def _access(session_id: str, access: SessionAccess) -> dict[str, Any]:
    return {"SessionId": session_id, "TokenValue": access.token, "StreamUrl": access.stream_url}


def _matches(session: Session, key: str, value: str) -> bool:
    if key in ("InvokedAfter", "InvokedBefore"):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise SsmError("ValidationException", f"{value} is not an ISO 8601 time.") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        after = session.started >= moment
        return after if key == "InvokedAfter" else not after
    actual = {
        "Target": session.target,
        "Owner": session.owner_arn,
        "Status": session.status,
        "SessionId": session.id,
        "AccessType": "Standard",
    }
    return actual[key] == value


def _described(session: Session) -> dict[str, Any]:
    described = {
        "SessionId": session.id,
        "Target": session.target,
        "Status": session.status,
        "StartDate": session.started,
        "EndDate": session.ended,
        "DocumentName": session.document_name,
        "Owner": session.owner_arn,
        "Reason": session.reason,
        "Details": session.details or None,
        "MaxSessionDuration": session.max_duration,
        "AccessType": "Standard",
    }
    return {name: value for name, value in described.items() if value is not None}
