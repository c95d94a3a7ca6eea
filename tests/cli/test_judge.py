"""`registry judge` without a database: verdicts as JSON lines, exit codes by the worst of them."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from rich.console import Console
from typer.testing import CliRunner

from registry.cli import report_table
from registry.cli.main import app
from registry.cli.trust import folder_files
from registry.core import rules
from registry.demo.signers import CERTIFICATES_FROM
from registry.formats import evidence as archives
from registry.formats import trust_files_writing
from registry.services import policies
from tests.small_city import NOW, PRIMARY, SCHOOLS, SmallCity, small_city

AT = NOW.strftime("%Y-%m-%dT%H:%M:%S%z")


@pytest.fixture(scope="module")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
def trust(tmp_path: Path, city: SmallCity) -> Path:
    folder = tmp_path / "trust"
    rows = [f"{school.code},{school.name},{school.ownership.value}" for school in SCHOOLS]
    files = city.files | {"schools.csv": ("school_code,name,ownership\n" + "\n".join(rows) + "\n").encode()}
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    return folder


def judge(trust: Path, *files: Path, at: str = AT) -> tuple[int, list[dict[str, Any]]]:
    result = CliRunner().invoke(app, ["judge", *map(str, files), "--trust", str(trust), "--at", at])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def written(folder: Path, name: str, raw: bytes) -> Path:
    (folder / name).write_bytes(raw)
    return folder / name


def test_exit_code_is_that_of_the_worst(tmp_path: Path, trust: Path, city: SmallCity) -> None:
    good = written(tmp_path, "good.json", city.signed())
    held = written(tmp_path, "held.json", city.signed(city.document() | {"sodinhdanh": ""}))
    refused = written(tmp_path, "refused.json", city.signed(city.document() | {"ghichu": "x"}))
    table = [((good,), 0, ["accepted"]), ((good, held), 3, ["accepted", "held"]),
             ((refused, held, good), 1, ["refused", "held", "accepted"])]  # fmt: skip
    for files, expected, outcomes in table:
        code, lines = judge(trust, *files)
        assert (code, [line["outcome"] for line in lines]) == (expected, outcomes)
        assert [line["file"] for line in lines] == [str(file) for file in files]
    finding = judge(trust, refused)[1][0]["findings"][0]
    assert (finding["code"], finding["pointer"]) == ("field-unknown", "/ghichu")
    assert finding["vi"]
    assert finding["en"]


def test_nothing_trusted_or_long_after_is_never_accepted(tmp_path: Path, trust: Path, city: SmallCity) -> None:
    good = written(tmp_path, "good.json", city.signed())
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "accepted" not in [line["outcome"] for line in judge(empty, good)[1]]
    code, lines = judge(trust, good, at="2027-06-01")  # every list is stale by then
    assert (code, lines[0]["outcome"]) == (3, "held")


def test_an_answer_in_the_folder_counts_beside_the_lists(tmp_path: Path, trust: Path, city: SmallCity) -> None:
    file = written(tmp_path, "good.json", city.signed())
    principal = city.signers_of(PRIMARY)[1]
    answer = ocsp.OCSPResponseBuilder().add_response(
        principal.certificate, principal.issuer.certificate, hashes.SHA1(), ocsp.OCSPCertStatus.REVOKED,
        NOW, None, CERTIFICATES_FROM, None,
    )  # fmt: skip
    answer = answer.responder_id(ocsp.OCSPResponderEncoding.NAME, principal.issuer.certificate)
    (trust / "ocsp").mkdir()
    der = answer.sign(principal.issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)
    (trust / "ocsp" / "principal.der").write_bytes(der)
    code, lines = judge(trust, file)
    assert (code, [(f["code"], f["pointer"]) for f in lines[0]["findings"]]) == (
        1,
        [("certificate-revoked", "/signatures/1")],
    )


def test_arguments_that_are_none(tmp_path: Path, trust: Path) -> None:
    file = written(tmp_path, "x.json", b"{}")
    assert judge(trust, tmp_path / "missing.json")[0] == 2
    assert judge(trust, file, at="yesterday")[0] == 2
    assert judge(tmp_path / "nowhere", file)[0] == 2


def test_a_report_has_every_reason(tmp_path: Path, trust: Path, city: SmallCity) -> None:
    good = written(tmp_path, "good.json", city.signed())
    result = CliRunner().invoke(app, ["judge", str(good), "--trust", str(trust), "--at", AT, "--report"])
    report = json.loads(result.stdout)
    assert (report["outcome"], report["file"], report["submission_id"]) == ("accepted", str(good), None)
    assert [s["indication"] for s in report["signatures"]] == ["TOTAL-PASSED"] * 3
    assert report["received_at"] == report["judged_at"] == NOW.isoformat()
    screen = Console(file=io.StringIO(), width=120, force_terminal=True)
    report_table.show(screen, report, "good.json")
    shown = screen.file.getvalue()  # type: ignore[attr-defined]
    for text in ("TOTAL-PASSED", "Giáo viên 1A", "principal", "accepted", report["policy"]):
        assert text in shown


def test_evidence_needs_its_own_document(tmp_path: Path, trust: Path, city: SmallCity) -> None:
    raw, other = city.signed(city.document() | {"ghichu": "x"}), written(tmp_path, "other.json", city.signed())
    file = written(tmp_path, "refused.json", raw)
    manifest = archives.Manifest(
        None, sha256(raw).hexdigest(), "application/jose+json", NOW, NOW, timedelta(minutes=5), "refused", 3,
        "2024-1", rules.version, True,
    )  # fmt: skip
    packed = archives.pack(archives.Archive(manifest, b"{}", folder_files(trust), None))
    archive = written(tmp_path, "evidence.zip", packed)
    table = [
        ((str(file), "--evidence", str(archive)), 1, ["refused"]),
        ((str(other), "--evidence", str(archive)), 1, []),
        (("--evidence", str(archive)), 1, []),
        ((str(file), "--evidence", str(archive), "--at", AT), 2, []),
        ((str(file), "--evidence", str(archive), "--trust", str(trust)), 2, []),
        ((str(file), "--evidence", str(other)), 1, []),
        ((str(file),), 2, []),
        (("--trust", str(trust)), 2, []),
    ]
    for arguments, code, outcomes in table:
        result = CliRunner().invoke(app, ["judge", *arguments])
        lines = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
        assert (result.exit_code, [line["outcome"] for line in lines]) == (code, outcomes), arguments


def test_an_archive_with_its_document_is_judged_as_it_is(tmp_path: Path, trust: Path, city: SmallCity) -> None:
    raw = city.signed()
    manifest = archives.Manifest(
        None, sha256(raw).hexdigest(), "application/jose+json", NOW, NOW, timedelta(minutes=5), "accepted", 3,
        "2024-1", "1990-1", True, (archives.CarriedFinding("record-version", "/phienbanthongtinhocba", ""),),
    )  # fmt: skip
    material = folder_files(trust) | {"policy.csv": trust_files_writing.policy(policies.default())}
    archive = written(tmp_path, "e.zip", archives.pack(archives.Archive(manifest, b"{}", material, raw)))
    result = CliRunner().invoke(app, ["judge", "--evidence", str(archive)])
    line = json.loads(result.stdout)
    assert (result.exit_code, line["outcome"], [f["code"] for f in line["findings"]]) == (
        1,
        "refused",
        ["record-version"],
    )
    assert "rules" in result.stderr
