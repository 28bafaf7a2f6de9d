from __future__ import annotations

import base64
import calendar
import json

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sshq_sandbox.agent.signatures import Credentials, rsa_signature, sigv4_headers

ENDPOINT = "http://127.0.0.1:4566"
TARGET = "AmazonSSM.UpdateInstanceInformation"


def test_headers_are_those_of_botocore() -> None:
    payload = json.dumps({"InstanceId": "mi-1"}).encode()
    headers = sigv4_headers(
        endpoint=ENDPOINT,
        region="eu-west-1",
        target=TARGET,
        payload=payload,
        credentials=Credentials("AKIA", "secret", "session", 0.0),
        now=calendar.timegm((2026, 11, 22, 10, 0, 0)),
    )

    request = AWSRequest(
        "POST",
        ENDPOINT + "/",
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET},
        data=payload,
    )
    signer = SigV4Auth(BotocoreCredentials("AKIA", "secret", "session"), "ssm", "eu-west-1")
    request.context["timestamp"] = "20261122T100000Z"
    request.headers["X-Amz-Date"] = "20261122T100000Z"
    request.headers["X-Amz-Security-Token"] = "session"
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)

    assert headers["Authorization"].endswith(f"Signature={signature}")
    assert headers["X-Amz-Security-Token"] == "session"


def test_the_bare_numbers_sign_like_the_key() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    numbers = key.private_numbers()

    signature = rsa_signature(numbers.public_numbers.n, numbers.d, "an Authorization header")

    expected = key.sign(b"an Authorization header", padding.PKCS1v15(), hashes.SHA256())
    assert base64.b64decode(signature) == expected
