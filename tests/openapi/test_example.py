"""The worked example of the envelope, and an outsider who has read nothing but `openapi/envelope.md`."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from typer.testing import CliRunner

from registry.cli.main import app
from tests.openapi.make_example import EXAMPLE, OPENAPI, payload, shown, steps

AT = "2024-06-20"


def verdict(file: Path, at: str = AT) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["judge", str(file), "--trust", str(EXAMPLE / "trust"), "--at", at])
    return result.exit_code, json.loads(result.stdout)


def test_the_example_is_accepted() -> None:
    code, found = verdict(EXAMPLE / "transcript.jose.json")
    assert (code, found["outcome"], found["findings"]) == (0, "accepted", [])


def test_its_payload_is_what_the_maker_makes() -> None:
    assert (EXAMPLE / "payload.json").read_bytes() == payload()


def test_the_steps_and_the_page_show_the_values_of_the_file() -> None:
    made = steps(EXAMPLE)
    assert json.loads((EXAMPLE / "steps.json").read_text(encoding="utf-8")) == made
    assert shown(made) in (OPENAPI / "envelope.md").read_text(encoding="utf-8")


# --- the outsider: the standard library and `cryptography`, and what envelope.md says ----------------------------------------


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed_value(key: Any, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def outsider(document: bytes, start: datetime, names: tuple[str, ...] = ("teacher", "principal", "seal")) -> bytes:
    body, signatures, link = b64(document), [], ""
    for number, name in enumerate(names):
        key = load_pem_private_key((EXAMPLE / f"keys/{name}.pem").read_bytes(), None)
        chain = x509.load_pem_x509_certificates((EXAMPLE / f"certificates/{name}.pem").read_bytes())
        header: dict[str, Any] = {
            "alg": "PS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256",
            "cty": "json",
            "iat": int((start + timedelta(minutes=number)).timestamp()),
            "x5c": [base64.b64encode(c.public_bytes(Encoding.DER)).decode() for c in chain],
        }
        if link:
            header |= {"prev": link, "crit": ["prev"]}
        protected = b64(json.dumps(header).encode())
        signature = b64(signed_value(key, f"{protected}.{body}".encode()))
        link = b64(hashlib.sha256(f"{protected}.{body}.{signature}".encode()).digest())
        signatures.append({"protected": protected, "signature": signature})
    return json.dumps({"payload": body, "signatures": signatures}).encode()


@pytest.mark.parametrize(("at", "start"), [(AT, datetime(2024, 6, 19, 8, tzinfo=UTC)),
                                           ("2026-11-20", datetime(2026, 11, 19, 8, tzinfo=UTC))])  # fmt: skip
def test_an_outsider_s_document_is_accepted(tmp_path: Path, at: str, start: datetime) -> None:
    file = tmp_path / "mine.jose.json"
    file.write_bytes(outsider((EXAMPLE / "payload.json").read_bytes(), start))
    code, found = verdict(file, at)
    assert (code, found["outcome"], found["findings"]) == (0, "accepted", [])


def test_an_outsider_s_mistake_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.jose.json"
    document = json.loads((EXAMPLE / "payload.json").read_bytes()) | {"Hovaten": "x"}
    file.write_bytes(outsider(json.dumps(document).encode(), datetime(2024, 6, 19, 8, tzinfo=UTC), ("teacher", "seal")))
    code, found = verdict(file)
    assert (code, found["outcome"]) == (1, "refused")
    assert {("field-unknown", "/Hovaten")} <= {(f["code"], f["pointer"]) for f in found["findings"]}
    assert any(f["code"].startswith(("policy-", "signer-")) for f in found["findings"])


def test_the_assertion_of_the_example_is_signed_with_its_key() -> None:
    made = json.loads((EXAMPLE / "assertion.json").read_text(encoding="utf-8"))
    header, claims, signature = made["compact"].split(".")
    key: Any = load_pem_private_key((EXAMPLE / "keys/api.pem").read_bytes(), None)
    raw = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.public_key().verify(der, f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    assert json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))) == made["claims"]
