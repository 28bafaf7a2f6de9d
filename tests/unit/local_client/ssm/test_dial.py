"""Which addresses are spoken to, and through which proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.ssm import dial
from sshq_local.ssm.dial import NotTrusted, Target, parse_stream_url, proxy_for

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "host",
    [
        "ssmmessages.eu-west-1.amazonaws.com",
        "ssmmessages-fips.us-gov-west-1.amazonaws.com",
        "ssmmessages.cn-north-1.amazonaws.com.cn",
        "ssmmessages.eu-central-1.api.aws",
        "SSMMESSAGES.us-iso-east-1.c2s.ic.gov",
    ],
)
def test_aws_s_hosts_in_every_partition(host: str) -> None:
    path = "/v1/data-channel/s-1?role=publish_subscribe&cell-number=AAEA+/="
    target = parse_stream_url(f"wss://{host}{path}")
    assert (target.secure, target.host, target.port) == (True, host.lower(), 443)
    assert (target.authority, target.path) == (host, path)


@pytest.mark.parametrize(
    ("url", "host", "port", "secure"),
    [
        ("wss://127.0.0.1:8443/v1/x", "127.0.0.1", 8443, True),
        ("ws://127.0.0.1:8080/v1/x", "127.0.0.1", 8080, False),
        ("ws://[::1]:9/", "::1", 9, False),
        ("ws://localhost", "localhost", 80, False),
    ],
)
def test_this_computer(url: str, host: str, port: int, secure: bool) -> None:
    target = parse_stream_url(url)
    assert (target.host, target.port, target.secure) == (host, port, secure)


def test_a_vpc_endpoint_by_setting() -> None:
    host = "vpce-0a1b.ssmmessages.eu-west-1.vpce.amazonaws.com"
    with pytest.raises(NotTrusted, match="VPC endpoint"):
        parse_stream_url(f"wss://{host}/")
    assert parse_stream_url(f"wss://{host}/", hosts=(host,)).host == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://ssmmessages.eu-west-1.amazonaws.com/",
        "ws://ssmmessages.eu-west-1.amazonaws.com/",
        "wss://ssmmessages.eu-west-1.amazonaws.com.evil.example/",
        "wss://evil.example/ssmmessages.eu-west-1.amazonaws.com",
        "wss://evil.example/?@ssmmessages.eu-west-1.amazonaws.com",
        "wss://user@ssmmessages.eu-west-1.amazonaws.com/",
        "wss://xssmmessages.eu-west-1.amazonaws.com/",
        "wss://ssmmessages.eu-west-1.amazonaws.com:0/",
        "wss://ssmmessages.eu-west-1.amazonaws.com:65536/",
        "wss://ssmmessages.eu-west-1.amazonaws.com/ HTTP/1.1\r\nX: y",
        "wss://ssmmessages.eu-west-1.amazonaws.com/\n",
        "ws://127.0.0.1.evil.example/",
    ],
)
def test_all_else_is_not_trusted(url: str) -> None:
    with pytest.raises(NotTrusted):
        parse_stream_url(url)


@given(st.text(max_size=60))
def test_no_text_is_more_than_a_target_or_not_trusted(text: str) -> None:
    try:
        target = parse_stream_url(f"wss://{text}")
    except NotTrusted:
        return
    assert target.host in {"127.0.0.1", "localhost", "::1"} or "ssmmessages" in target.host


def aws(*, host: str = "ssmmessages.eu-west-1.amazonaws.com", secure: bool = True) -> Target:
    return Target(secure=secure, host=host, port=443, authority=host, path="/")


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://p:3128"),
        ({"https_proxy": "http://lower", "HTTPS_PROXY": "http://upper"}, "http://lower"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "example.com, .amazonaws.com"}, ""),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "amazonaws.com"}, ""),
        ({"HTTPS_PROXY": "http://p", "no_proxy": "*"}, ""),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "west-1.amazonaws.com,,"}, "http://p"),
    ],
)
def test_the_proxy_of_the_environment(environ: dict[str, str], proxy: str) -> None:
    assert proxy_for(aws(), environ) == proxy


def test_this_computer_needs_no_proxy() -> None:
    environ = {"HTTPS_PROXY": "http://p"}
    assert proxy_for(aws(host="127.0.0.1"), environ) == ""
    assert proxy_for(aws(secure=False), environ) == ""


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_is_no_good_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    with pytest.raises(NotTrusted, match=f"The CA file {file} can't be read: .*--ca-file"):
        dial._context(str(file), {})


def test_what_ssl_cert_file_names_counts_also_after_a_first_connection(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dial._context(None, {})
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    assert len(dial._context(None, {}).get_ca_certs()) == 1
