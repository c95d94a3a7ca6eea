"""Makes `openapi/example/` anew and shows it in `openapi/envelope.md`: `python -m tests.openapi.make_example`.

The payload comes from a seed; keys, certificates and signatures are new each time, so it is run only when the envelope
changes. Everything in it is made up, private keys included: they are there to be read, and sign nothing else.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from registry.client import signing
from registry.core.ids import SchoolYear
from registry.core.trust import Algorithm
from registry.demo import pki, transcripts
from registry.formats import jws_signing

OPENAPI = Path(__file__).resolve().parents[2] / "openapi"
EXAMPLE = OPENAPI / "example"
ROLES = ("teacher", "principal", "seal")
SCHOOL_CODE, SCHOOL_NAME = "79771101", "Trường Tiểu học Hoa Sen (thử nghiệm)"
CA_FROM, CA_TO = datetime(2022, 8, 1, tzinfo=UTC), datetime(2034, 8, 1, tzinfo=UTC)
SIGNERS_FROM, SIGNERS_TO = datetime(2023, 8, 1, tzinfo=UTC), datetime(2033, 8, 1, tzinfo=UTC)
#: Fresh for as long as the certificates, so that a document signed with these keys today is accepted today as well.
LISTS_FROM, LISTS_TO = datetime(2024, 6, 1, tzinfo=UTC), SIGNERS_TO
#: The client assertion of the example; a real one lives for minutes and has a `jti` of its own.
ASSERTION_AT = datetime(2024, 6, 20, tzinfo=UTC)
CALLER, KEY_ID, ISSUER = "vendor-example", "k1", "https://registry.example"
_BEGIN, _END = "<!-- example: begin (made by tests/openapi/make_example.py) -->", "<!-- example: end -->"


@dataclass(frozen=True, slots=True)
class Signer:
    """A signer of the example with the CA that vouches for it."""

    role: str
    key: pki.PrivateKey
    certificate: x509.Certificate
    issuer: pki.Authority


def document() -> dict[str, Any]:
    """The transcript of a made-up pupil of grade 1 in 2023-2024."""
    rng = Random("openapi/example")
    school = transcripts.school(rng, code=SCHOOL_CODE, name=SCHOOL_NAME)
    pupil = transcripts.pupil(rng, grade=1, school_year=SchoolYear(2023), pupil_code="7910100001")
    return transcripts.document(rng, pupil, school, class_name="1A", result="HTT")


def payload() -> bytes:
    """Its bytes, with line breaks for the reader: what is signed is exactly this file."""
    return (json.dumps(document(), ensure_ascii=False, indent=2) + "\n").encode()


def signing_times(issued: date) -> list[datetime]:
    """Nine, ten and eleven o'clock in Viet Nam on the day of issue."""
    start = datetime(issued.year, issued.month, issued.day, 2, tzinfo=UTC)
    return [start + timedelta(hours=hour) for hour in range(len(ROLES))]


def main(folder: Path) -> None:
    """Write the example into the folder, in place of what is there."""
    government = pki.make_government(CA_FROM, CA_TO)
    public = pki.make_public(CA_FROM, CA_TO)
    licensed = public.licensed[0]
    signers = (
        _signer("teacher", pki.new_key("p256"), "Giáo viên chủ nhiệm lớp 1A (THỬ NGHIỆM)", licensed),
        _signer("principal", pki.new_key("rsa2048"), "Hiệu trưởng (THỬ NGHIỆM)", government.agencies),
        _signer("seal", pki.new_key("rsa2048"), SCHOOL_NAME, government.agencies),
    )
    shutil.rmtree(folder / "trust", ignore_errors=True)
    _write(folder, _trust_files(government, public.root, licensed, signers))
    _write(folder, _key_files(signers))
    _write(folder, {"payload.json": payload(), "units.csv": units()})
    _write(folder, {"transcript.jose.json": _signed(folder)})
    _write(folder, {"steps.json": _json(steps(folder)), "assertion.json": _json(_assertion(folder))})


def steps(folder: Path) -> dict[str, Any]:
    """Every intermediate value between payload.json and transcript.jose.json."""
    raw = (folder / "transcript.jose.json").read_bytes()
    envelope = json.loads(raw)
    return {
        "payload": {"sha256": sha256(payload()).hexdigest(), "base64url": envelope["payload"]},
        "signatures": [
            _step(role, signature, envelope["payload"])
            for role, signature in zip(ROLES, envelope["signatures"], strict=True)
        ],
        "envelope": {"bytes": len(raw), "sha256": sha256(raw).hexdigest()},
    }


def shown(made: dict[str, Any]) -> str:
    """The part of envelope.md that shows the values of `steps`."""
    lines = [_BEGIN, "", f"SHA-256 of the payload's {_size(made)} bytes: `{made['payload']['sha256']}`", ""]
    for number, step in enumerate(made["signatures"], start=1):
        lines += [f"**Signature {number}: {step['signer']}** ({step['header']['alg']}). The header:", "", "```json"]
        lines += [json.dumps(_shortened(step["header"]), ensure_ascii=False, indent=1), "```", ""]
        lines += ["| value | |", "| --- | --- |"]
        lines += [f"| {label} | `{value}` |" for label, value in _rows(step)]
        lines += [""]
    lines += [
        f"The finished file has {made['envelope']['bytes']} bytes, SHA-256 `{made['envelope']['sha256']}`.",
        "",
        _END,
    ]
    return "\n".join(lines)


def with_example(page: str, made: dict[str, Any]) -> str:
    """The text of envelope.md with the shown values in their place."""
    before, rest = page.split(_BEGIN)
    return before + shown(made) + rest.split(_END)[1]


def _size(made: dict[str, Any]) -> int:
    return len(base64.urlsafe_b64decode(made["payload"]["base64url"] + "=="))


def _shortened(header: dict[str, Any]) -> dict[str, Any]:
    return {**header, "x5c": [f"{text[:24]}... ({len(text)} characters)" for text in header["x5c"]]}


def _rows(step: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("`protected`: first characters", f"{step['protected'][:48]}..."),
        ("`protected`: length", str(len(step["protected"]))),
        ("SHA-256 of the signing input", step["signing_input_sha256"]),
        ("`signature`: first characters", f"{step['signature'][:48]}..."),
        ("`signature`: length", str(len(step["signature"]))),
        ("link = `prev` of the next", step["link"]),
    ]


def _step(role: str, signature: dict[str, str], payload_text: str) -> dict[str, Any]:
    protected = signature["protected"]
    header = base64.urlsafe_b64decode(protected + "=" * (-len(protected) % 4)).decode()
    signing_input = f"{protected}.{payload_text}"
    link = sha256(f"{signing_input}.{signature['signature']}".encode()).digest()
    return {
        "signer": role,
        "header_text": header,
        "header": json.loads(header),
        "protected": protected,
        "signing_input_sha256": sha256(signing_input.encode()).hexdigest(),
        "signature": signature["signature"],
        "link": base64.urlsafe_b64encode(link).rstrip(b"=").decode(),
    }


def _signer(role: str, key: pki.PrivateKey, title: str, issuer: pki.Authority) -> Signer:
    subject = pki.name(title, SCHOOL_NAME)
    return Signer(role, key, issuer.issue_leaf(subject, key.public_key(), SIGNERS_FROM, SIGNERS_TO), issuer)


def _trust_files(
    government: pki.Government, public_root: pki.Authority, licensed: pki.Authority, signers: tuple[Signer, ...]
) -> dict[str, bytes]:
    rows = ["certificate,school_code,role,valid_from,valid_to"]
    rows += [f"signers/{s.role}.pem,{SCHOOL_CODE},{s.role},2023-08-01," for s in signers]
    files = {
        "anchors/government/root.pem": _pem(government.root.certificate),
        "anchors/public/root.pem": _pem(public_root.certificate),
        "intermediates/agencies.pem": _pem(government.agencies.certificate),
        "intermediates/licensed.pem": _pem(licensed.certificate),
        "signers.csv": ("\n".join(rows) + "\n").encode(),
        "schools.csv": f"school_code,name,ownership\n{SCHOOL_CODE},{SCHOOL_NAME},public\n".encode(),
    }
    files |= {f"signers/{s.role}.pem": _pem(s.certificate) for s in signers}
    for authority in (government.root, government.agencies, public_root, licensed):
        files[f"crls/{authority.slug}.crl"] = authority.crl(LISTS_FROM, LISTS_TO)
    return {f"trust/{name}": raw for name, raw in files.items()}


def units() -> bytes:
    """The map with the school on it, as `registry unit import` takes it; schools.csv is for `registry judge` alone."""
    rows = ["kind,code,name,parents,valid_from,valid_to,ownership", "city,79,Thành phố Hồ Chí Minh,,2020-01-01,,"]
    return "\n".join([*rows, f"school,{SCHOOL_CODE},{SCHOOL_NAME},city:79,2020-01-01,,public", ""]).encode()


def _key_files(signers: tuple[Signer, ...]) -> dict[str, bytes]:
    api = pki.new_key("p256")
    files = {f"keys/{s.role}.pem": _private(s.key) for s in signers}
    files |= {f"certificates/{s.role}.pem": _pem(s.certificate) + _pem(s.issuer.certificate) for s in signers}
    public = api.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {**files, "keys/api.pem": _private(api), "keys/api.pub.pem": public}


def _signed(folder: Path) -> bytes:
    keys = [signing.KeyFiles(folder / f"keys/{role}.pem", folder / f"certificates/{role}.pem").load() for role in ROLES]
    issued = date.fromisoformat(document()["ngaykyphathanh"])
    return signing.sign_transcript(payload(), keys, signing_times(issued))


def _assertion(folder: Path) -> dict[str, Any]:
    at = int(ASSERTION_AT.timestamp())
    claims = {"iss": CALLER, "sub": CALLER, "aud": ISSUER, "iat": at, "exp": at + 60, "jti": "example-0000000000000001"}
    key = signing.load_private_key(folder / "keys/api.pem")
    compact = jws_signing.sign_compact(claims, key, Algorithm.ES256, KEY_ID)
    return {"header": {"alg": "ES256", "kid": KEY_ID, "typ": "JWT"}, "claims": claims, "compact": compact}


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, raw in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _private(key: pki.PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


if __name__ == "__main__":
    if "--page" not in sys.argv:
        main(EXAMPLE)
    page = OPENAPI / "envelope.md"
    page.write_text(with_example(page.read_text(encoding="utf-8"), steps(EXAMPLE)), encoding="utf-8")
