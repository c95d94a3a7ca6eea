"""`registry sign`: the same transcript in both syntaxes, and what it doesn't sign."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner, Result

from registry.cli.main import app
from registry.cli.submit import undelivered
from registry.core.findings import Outcome
from registry.demo import transcripts
from registry.formats import certificates, xml_transcript
from registry.services import checking, judging
from tests.small_city import PRIMARY, small_city

_CITY = small_city()


def signed(folder: Path, name: str, transcript: bytes, *options: str) -> tuple[Result, Path]:
    """The result of signing with the three keys of the school, and where it should lie."""
    file = folder / name
    file.write_bytes(transcript)
    arguments: list[str] = []
    for signer in _CITY.signers_of(PRIMARY):
        key, chain = folder / f"{signer.role}.key", folder / f"{signer.role}.pem"
        key.write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        chain.write_bytes(signer.certificate.public_bytes(Encoding.PEM))
        arguments += ["--key", str(key), "--chain", str(chain)]
    result = CliRunner().invoke(app, ["sign", str(file), *arguments, *options])
    return result, file.with_suffix(".signed.xml" if "xml" in options else ".jose.json")


@pytest.mark.parametrize("form", ["json", "xml"])
def test_what_is_signed_now_is_accepted_now(tmp_path: Path, form: str) -> None:
    result, file = signed(tmp_path, "t.json", transcripts.to_bytes(_CITY.document()), "--format", form)
    assert result.exit_code == 0
    index = certificates.TrustIndex.build(_CITY.trust_list)
    now = datetime.now(UTC)
    raw = file.read_bytes()
    verdict = judging.judge(raw, checking.media_type_of(raw), index, judging.Moment(now, now), schools=None)
    assert {finding.code.slug for finding in verdict.findings} <= {"revocation-missing", "revocation-stale"}
    assert verdict.outcome is not Outcome.REFUSED


def test_a_record_in_xml_is_signed_as_it_is(tmp_path: Path) -> None:
    record = xml_transcript.write(_CITY.document())
    result, file = signed(tmp_path, "t.xml", record, "--format", "xml")
    assert result.exit_code == 0
    assert record in file.read_bytes()
    assert signed(tmp_path, "t.xml", record)[0].exit_code == 2


@pytest.mark.parametrize(
    "transcript", [b"", b"[]", b"{", b"{}", b"<x", b"<!DOCTYPE x><x/>", b'{"macaphoc":"02","dsbangdiem":1}']
)
def test_what_is_no_transcript_is_told_in_a_line(tmp_path: Path, transcript: bytes) -> None:
    result, file = signed(tmp_path, "t.json", transcript, "--format", "xml")
    assert (result.exit_code, file.exists()) == (1, False)
    assert isinstance(result.exception, SystemExit)


def test_why_nothing_was_delivered_is_told_in_a_sentence() -> None:
    request = httpx.Request("POST", "https://registry.example/oauth/token")
    said = {"code": "access-assertion", "en": {"fix": "Sign with a registered key."}}
    refused = httpx.Response(401, json={"errors": [said]}, request=request)
    other = httpx.Response(502, text="<html>", request=request)
    told = [undelivered(httpx.HTTPStatusError("", request=request, response=each)) for each in (refused, other)]
    assert told[0] == "no access token: access-assertion. Sign with a registered key."
    assert told[1] == "no access token: the address answered with status 502"
    assert undelivered(httpx.ConnectError("refused")) == "ConnectError: refused"
