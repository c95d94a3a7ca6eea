"""`registry verify --qr`: genuine, altered, foreign key, and what differs on the paper."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.cli.main import app
from registry.formats import qr_text
from tests.formats.test_qr_text import KEY, KEYS, PAPER, TEXT, another, published, read, with_values


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(KEYS), encoding="utf-8")
    return file


def test_genuine(keys: Path) -> None:
    done = CliRunner().invoke(app, ["verify", "--qr", TEXT, "--keys", str(keys), "--grade", "5"])
    assert done.exit_code == 0, done.output
    for value in (PAPER.school_name, PAPER.school_year, PAPER.code):
        assert value in done.output


@pytest.mark.parametrize(
    ("qr", "more", "said"),
    [
        (with_values(TEXT, result="x"), [], "qr-altered /result"),
        (TEXT, ["--result", "Hoàn thành xuất sắc"], "qr-altered /paper/result"),
        (TEXT[:-4], [], "qr-malformed"),
        (TEXT.replace("https://", "https://evil."), ["--issuer", "https://hocba.example"], "qr-altered /address"),
        (TEXT.replace(KEYS["keys"][0]["kid"][:8], "AAAAAAAA"), [], "qr-key"),
    ],
)
def test_what_is_wrong_is_named(keys: Path, qr: str, more: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["verify", "--qr", qr, "--keys", str(keys), *more])
    assert done.exit_code == 1
    assert said in done.output


def test_where_it_leads_is_compared_or_said(keys: Path) -> None:
    good = CliRunner().invoke(
        app, ["verify", "--qr", TEXT, "--keys", str(keys), "--issuer", TEXT.partition("/v/")[0] + "/"]
    )
    assert good.exit_code == 0, good.output
    assert "--issuer" not in good.output
    assert "--issuer" in CliRunner().invoke(app, ["verify", "--qr", TEXT, "--keys", str(keys)]).output


def test_keys_that_cannot_be_read(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("[]", encoding="utf-8")
    for file in (bad, tmp_path / "none.json"):
        assert CliRunner().invoke(app, ["verify", "--qr", TEXT, "--keys", str(file)]).exit_code == 2
    assert replace(PAPER) == qr_text.check(TEXT, read(KEYS))


def test_papers_of_a_rotated_key(tmp_path: Path) -> None:
    new = another()
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(published(KEY, new)), encoding="utf-8")
    for text in (TEXT, qr_text.text(new, "https://hocba.example", PAPER)):
        done = CliRunner().invoke(app, ["verify", "--qr", text, "--keys", str(file)])
        assert done.exit_code == 0, done.output
