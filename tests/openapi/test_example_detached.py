"""An outsider who has read nothing but section 9 of `openapi/envelope.md`: form B, flattened, compact."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from tests.openapi.make_example import EXAMPLE
from tests.openapi.test_example import b64, signed_value, verdict

START = datetime(2024, 6, 19, 8, tzinfo=UTC)


def digest(octets: bytes) -> str:
    return b64(hashlib.sha256(b64(octets).encode()).digest())


def key_and_header(name: str, number: int) -> tuple[Any, dict[str, Any]]:
    key = load_pem_private_key((EXAMPLE / f"keys/{name}.pem").read_bytes(), None)
    chain = x509.load_pem_x509_certificates((EXAMPLE / f"certificates/{name}.pem").read_bytes())
    return key, {
        "alg": "PS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256",
        "iat": int((START + timedelta(minutes=number)).timestamp()),
        "x5c": [base64.b64encode(c.public_bytes(Encoding.DER)).decode() for c in chain],
    }


def detached(document: bytes) -> dict[str, Any]:
    signatures: list[dict[str, str]] = []
    for number, name in enumerate(("teacher", "principal", "seal")):
        key, header = key_and_header(name, number)
        earlier = [f"{s['protected']}..{s['signature']}".encode() for s in signatures]
        header["sigD"] = {
            "mId": "http://uri.etsi.org/19182/ObjectIdByURIHash",
            "pars": ["document", *(f"signatures/{n}" for n in range(number))],
            "hashM": "S256",
            "hashV": [digest(document), *map(digest, earlier)],
            "ctys": ["json", *["jose"] * number],
        }
        header["crit"] = ["sigD"]
        protected = b64(json.dumps(header).encode())
        signatures.append({"protected": protected, "signature": b64(signed_value(key, f"{protected}.".encode()))})
    return {"document": b64(document), "signatures": signatures}


def test_an_outsider_s_detached_document_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "mine.jose.json"
    file.write_text(json.dumps(detached((EXAMPLE / "payload.json").read_bytes())))
    code, found = verdict(file)
    assert (code, found["outcome"], found["findings"]) == (0, "accepted", [])


@pytest.mark.parametrize("form", ["flattened", "compact"])
def test_an_outsider_s_single_signature_is_one_too_few(tmp_path: Path, form: str) -> None:
    key, header = key_and_header("seal", 0)
    protected, body = b64(json.dumps(header | {"cty": "json"}).encode()), b64((EXAMPLE / "payload.json").read_bytes())
    signature = b64(signed_value(key, f"{protected}.{body}".encode()))
    file = tmp_path / "mine"
    flattened = json.dumps({"payload": body, "protected": protected, "signature": signature})
    file.write_text(flattened if form == "flattened" else f"{protected}.{body}.{signature}")
    code, found = verdict(file)
    assert (code, found["outcome"]) == (1, "refused")
    assert {f["code"] for f in found["findings"]} == {"signer-role-missing"}
