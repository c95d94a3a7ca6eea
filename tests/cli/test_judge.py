"""`registry judge` without a database: verdicts as JSON lines, exit codes by the worst of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registry.cli.main import app
from tests.small_city import NOW, SCHOOLS, SmallCity, small_city

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


def test_arguments_that_are_none(tmp_path: Path, trust: Path) -> None:
    file = written(tmp_path, "x.json", b"{}")
    assert judge(trust, tmp_path / "missing.json")[0] == 2
    assert judge(trust, file, at="yesterday")[0] == 2
    assert judge(tmp_path / "nowhere", file)[0] == 2
