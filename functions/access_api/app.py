"""AccessApi: what sshq-local asks for. Each request is signed; answers are typed; errors are RFC 9457."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from sshq.api_document import described
from sshq.composition import live
from sshq.domain import access
from sshq.domain.client_package import FILE, install_command
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.request_signatures import SignedRequest
from sshq.problems import problem
from sshq.use_cases import health as job_health
from sshq.use_cases import lease_requests
from sshq.use_cases.authenticate import bearer_of, holder_of, opener_of
from sshq.use_cases.redeem import redeem

logger = Logger()
app = APIGatewayHttpResolver(enable_validation=True)
app.configure_openapi(title="sshq access API", version="1.0.0")

Tail = Annotated[int, Query(ge=1, le=1000)]
# One position for each container that ever ran.
After = Annotated[str, Query(max_length=6000)]
Id = Annotated[str, Path(pattern="^[A-Za-z0-9._-]{1,128}$")]


@app.post("/v1/redeem")
def redeem_ticket(body: access.RedeemBody) -> access.LeaseAnswer:
    """Redeem a one-time ticket with a new key.

    With `Prefer: sshq-session=<rank>`, covered by the signature, a new lease brings its first session.
    """
    nonce, rank = bearer_of(live(), _request(), body.public_key)
    source = app.current_event.request_context.http.source_ip
    return redeem(live(), body, nonce=nonce, source=source, rank=rank)


@app.get("/v1/leases/<lease>")
def lease_state(lease: Id) -> access.LeaseStateAnswer:
    """A lease and its job's state."""
    return lease_requests.state(live(), *holder_of(live(), _request(), lease))


@app.delete("/v1/leases/<lease>", status_code=204)
def end_lease(lease: Id) -> Response[None]:
    """Give a lease back; its sessions end."""
    found, _ = holder_of(live(), _request(), lease)
    lease_requests.close_lease(live(), found)
    return Response(status_code=204)


@app.post("/v1/leases/<lease>/sessions", status_code=201)
def start_session(lease: Id, body: access.SessionBody) -> access.SessionAnswer:
    """Start an SSM session on one of the job's nodes."""
    found, job, nonce = opener_of(live(), _request(), lease)
    return lease_requests.open_session(live(), found, job, body.rank, nonce=nonce)


@app.get("/v1/leases/<lease>/sessions")
def sessions(lease: Id) -> access.SessionsAnswer:
    """The lease's open sessions."""
    found, _ = holder_of(live(), _request(), lease)
    return lease_requests.list_sessions(live(), found)


@app.post("/v1/leases/<lease>/sessions/<session>/resume")
def resume_session(lease: Id, session: Id) -> access.ResumeAnswer:
    """A new StreamUrl and token for a session whose connection was lost."""
    found, _ = holder_of(live(), _request(), lease)
    return lease_requests.resume_session(live(), found, session)


@app.delete("/v1/leases/<lease>/sessions/<session>", status_code=204)
def end_session(lease: Id, session: Id) -> Response[None]:
    """End one session."""
    found, _ = holder_of(live(), _request(), lease)
    lease_requests.close_session(live(), found, session)
    return Response(status_code=204)


@app.get("/v1/leases/<lease>/health")
def health(lease: Id) -> access.HealthAnswer:
    """What the bot sees of the lease's job, for the laptop's doctor."""
    _, job = holder_of(live(), _request(), lease)
    return job_health.health(live(), job)


@app.post("/v1/leases/<lease>/certificate")
def new_certificate(lease: Id) -> access.CertificateAnswer:
    """A new short SSH certificate."""
    return lease_requests.new_certificate(live(), *holder_of(live(), _request(), lease))


@app.post("/v1/leases/<lease>/stop")
def stop_job(lease: Id) -> access.JobAnswer:
    """Stop the lease's job."""
    return lease_requests.ask_to_stop(live(), *holder_of(live(), _request(), lease))


@app.post("/v1/leases/<lease>/extend")
def extend_job(lease: Id, body: access.ExtendBody) -> access.JobAnswer:
    """Let the lease's job run longer, up to its hard cap."""
    return lease_requests.ask_to_extend(live(), *holder_of(live(), _request(), lease), body.until)


@app.get("/v1/leases/<lease>/logs")
def job_log(lease: Id, tail: Tail = 100, after: After = "") -> access.LogAnswer:
    """The last lines of the job's log, or those after an earlier answer."""
    _, job = holder_of(live(), _request(), lease)
    return lease_requests.read_log(live(), job, tail=tail, after=after)


# Powertools' validation would make text of the bytes.
@app.get("/client/<file>", include_in_schema=False, enable_validation=False)
def client_package(file: str) -> Response[bytes]:
    """The wheel of sshq-local that belongs to this stack, for pipx, pip or uv: no secret is in it."""
    wheel = live().client_package.read() if file == FILE else None
    if wheel is None:
        raise NotFoundError
    return Response(status_code=200, content_type="application/octet-stream", body=wheel)


@app.get("/v1/openapi.json", include_in_schema=False)
def openapi() -> Response[str]:
    """The document that this code is."""
    document = json.dumps(described(json.loads(app.get_openapi_json_schema())))
    return Response(status_code=200, content_type="application/json", body=document)


@app.exception_handler(Refusal)  # type: ignore[untyped-decorator]
def on_refusal(error: Refusal) -> Response[str]:
    """A refusal in the client's form."""
    return _problem(error)


@app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]
def on_invalid(error: RequestValidationError) -> Response[str]:
    """A body that isn't what the document says."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return _problem(Refusal(Reason.BAD_REQUEST, problem=f"{where}: {first['msg']}"))


@app.exception_handler([UnicodeDecodeError, RecursionError])  # type: ignore[untyped-decorator]
def on_unreadable(_error: Exception) -> Response[str]:
    """A body that is no text, or JSON nested without end."""
    return _problem(Refusal(Reason.BAD_REQUEST, problem="the body isn't JSON"))


@app.exception_handler([RequestUnsupportedContentType, ValueError])  # type: ignore[untyped-decorator]
def on_other_type(error: Exception) -> Response[str]:
    """A body that doesn't say that it is JSON. (Powertools takes forms apart before it asks.)"""
    if app.current_event.headers.get("content-type", "").startswith("application/json"):
        return _bug(error)
    refusal = Refusal(Reason.BAD_REQUEST, problem="a body has Content-Type: application/json")
    return _problem(refusal, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


@app.not_found
def on_unknown_path(_error: NotFoundError) -> Response[str]:
    """No such path, or one that doesn't know the method."""
    path = app.current_event.path
    allowed = _methods_of(path)
    if allowed and app.current_event.http_method not in allowed:
        refusal = Refusal(Reason.BAD_REQUEST, problem=f"{path} takes {', '.join(allowed)} only")
        answer = _problem(refusal, HTTPStatus.METHOD_NOT_ALLOWED)
        answer.headers["Allow"] = ", ".join(allowed)
        return answer
    return _problem(
        Refusal(Reason.BAD_REQUEST, problem=f"there is no {path}"), HTTPStatus.NOT_FOUND
    )


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def on_bug(error: Exception) -> Response[str]:
    """A bug: logged with the request's id, which the client shows."""
    return _bug(error)


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
    """An HTTP API event (payload 2.0)."""
    live().audit.begin(event["requestContext"]["requestId"])
    return app.resolve(event, context)


def _request() -> SignedRequest:
    event = app.current_event
    body = event.decoded_body or ""
    return SignedRequest(
        method=event.http_method,
        path=event.raw_path,
        headers=event.headers,
        body=body.encode(),
        query=event.raw_query_string or "",
    )


def _methods_of(path: str) -> list[str]:
    routes = (*app._static_routes, *app._dynamic_routes)  # noqa: SLF001  it tells nobody else
    return sorted({str(route.method) for route in routes if route.rule.match(path)})


def _bug(error: Exception) -> Response[str]:
    correlation = app.current_event.request_context.request_id
    logger.error("unexpected", exc_info=error, correlation=correlation)
    return _problem(Refusal(Reason.INTERNAL, correlation=correlation))


def _problem(error: Refusal, status: HTTPStatus | None = None) -> Response[str]:
    upgrade = install_command(app.current_event.request_context.domain_name, again=True)
    code, body = problem(error, live().settings.language, upgrade=upgrade, status=status)
    return Response(status_code=code, content_type="application/problem+json", body=body)
