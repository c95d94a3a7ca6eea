"""`registry trust check-path`: outcome, codes and the path taken as JSON, from files alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from typer.testing import CliRunner

from registry.cli.main import app
from registry.services import path_check
from tests.formats import made, pkits

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number:Warning")

AT = "2025-05-20T00:00:00+0000"


def check(*arguments: object, at: str = AT) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["trust", "check-path", *map(str, arguments), "--at", at])
    assert result.stdout.count("\n") == 1, result.output
    return result.exit_code, json.loads(result.stdout)


class Files:
    """A signer's certificate, the CAs above it and their lists, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.root = made.ca(None, "Gốc", number=1)
        self.ca = made.ca(self.root, "CA", number=2)
        self.leaf = made.leaf(self.ca)
        self.folder = folder
        for name, raw in {
            "leaf.der": self.leaf.der,
            "leaf.pem": _pem(self.leaf.der),
            "ca.der": self.ca.der,
            "anchors/government/root.pem": _pem(self.root.der),
            "crls/root.crl": self.root.crl(made.NOW, made.NOW + made.DAY),
            "crls/ca.crl": self.ca.crl(made.NOW, made.NOW + made.DAY),
            "bundle.p7b": pkcs7.serialize_certificates([self.leaf.parsed, self.ca.certificate], Encoding.DER),
        }.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(raw)

    def check(self, leaf: str, *more: object, chain: bool = True, crls: bool = True) -> tuple[int, dict[str, Any]]:
        options = ["--chain", self.folder / "ca.der"] if chain else []
        options += ["--crls", self.folder / "crls"] if crls else []
        return check(self.folder / leaf, "--anchors", self.folder / "anchors", *options, *more)


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.mark.parametrize("leaf", ["leaf.der", "leaf.pem"])
def test_accepted_with_the_path_taken(files: Files, leaf: str) -> None:
    code, answer = files.check(leaf)
    assert (code, answer["outcome"], answer["codes"], answer["problems"]) == (0, "accepted", [], [])
    assert [step["sha256"] for step in answer["path"]] == [
        made.read(der).fingerprint.hex() for der in (files.leaf.der, files.ca.der, files.root.der)
    ]
    assert [used["kind"] for used in answer["revocation"]] == ["crl", "crl"]
    assert "000000000000" in files.leaf.parsed.subject.rfc4514_string()
    assert "000000000000" not in str(answer)


@pytest.mark.parametrize(
    "at", ["2025-05-20", "2025-05-20T06:00:00", "2025-05-20T06:00:00Z", "2025-05-20T13:00:00+07:00"]
)
def test_moments_as_operators_write_them(files: Files, at: str) -> None:
    leaf, chain, crls = (files.folder / name for name in ("leaf.der", "ca.der", "crls"))
    assert check(leaf, "--chain", chain, "--anchors", files.folder / "anchors", "--crls", crls, at=at)[0] == 0


def test_bundle_with_the_chain_in_it(files: Files) -> None:
    (files.folder / "both.pem").write_bytes(_pem(files.ca.der) + _pem(files.leaf.der))
    for name in ("bundle.p7b", "both.pem"):
        assert files.check(name, chain=False)[0] == 0


def test_held_without_lists_and_refused_without_a_path(files: Files) -> None:
    code, answer = files.check("leaf.der", crls=False)
    assert (code, answer["outcome"], answer["codes"]) == (3, "held", ["revocation-unknown"])
    code, answer = files.check("leaf.der", chain=False)
    assert (code, answer["outcome"], answer["codes"], answer["path"]) == (1, "refused", ["certificate-path"], [])
    finding = answer["findings"][0]
    assert set(finding) == {"code", "effect", "pointer", "detail", "vi", "en"}


def test_purpose(files: Files) -> None:
    assert files.check("ca.der")[1]["codes"] == ["certificate-profile", "certificate-usage"]
    assert files.check("ca.der", "--purpose", "any")[0] == 0


def test_policy_asked_for(files: Files) -> None:
    assert files.check("leaf.der", "--policy", "1.2.3")[1]["codes"] == ["certificate-policy"]


def test_rubbish_is_an_answer(files: Files) -> None:
    (files.folder / "rubbish").write_bytes(base64.b64encode(b"nothing"))
    code, answer = files.check("rubbish")
    assert (code, answer["codes"], len(answer["problems"])) == (1, ["certificate-malformed"], 1)
    assert files.check("leaf.der", "--ocsp", files.folder / "rubbish")[0] == 0


SAMPLE = [
    "4.1.1",
    "4.4.19",
    "4.5.6",
    "4.8.1.3",
    "4.10.1.1",
    "4.10.1.3",
    "4.12.3.2",
    "4.14.22",
    "4.14.33",
    "4.15.5",
    "4.15.3",
]


@pytest.mark.parametrize("number", SAMPLE)
def test_sample_of_pkits(number: str, tmp_path: Path) -> None:
    case = next(case for case in pkits.cases() if case.number == number)
    names = [tmp_path / f"{n}.crt" for n in range(len(pkits.authorities()))]
    along = pkits.unordered(pkits.chains()[case.der])
    for name, der in zip(names, along, strict=False):
        name.write_bytes(der)
    asked: list[object] = []
    if case.settings.policies != path_check.PolicySettings().policies:
        asked = [word for oid in sorted(case.settings.policies) for word in ("--policy", oid)]
    asked += ["--explicit-policy"] * case.settings.explicit + ["--inhibit-mapping"] * case.settings.inhibit_mapping
    asked += ["--inhibit-any"] * case.settings.inhibit_any
    code, answer = check(
        pkits.DATA / "certs" / f"{case.leaf}EE.crt", "--chain", *names[: len(along)],
        "--anchors", pkits.DATA / "certs" / "TrustAnchorRootCertificate.crt", "--crls", pkits.DATA / "crls", *asked,
        at=pkits.AT.strftime("%Y-%m-%dT%H:%M:%S%z"),
    )  # fmt: skip
    assert (code == 0) == case.valid == (answer["outcome"] == "accepted")
