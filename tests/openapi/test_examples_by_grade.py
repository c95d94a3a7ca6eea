"""The published examples of each group of grades fit both published schemas and obey the rules; the code lists can be replaced."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from lxml import etree

from registry.core import rules
from registry.core.subjects import Subject
from registry.formats import code_lists, documents
from tests.formats.test_xml_transcript import payload

OPENAPI = Path(__file__).parents[2] / "openapi"
JSON_FILES = sorted((OPENAPI / "examples").glob("*.json"))
SUBJECTS = OPENAPI / "code-lists" / "subjects.csv"


def test_every_group_of_grades_has_an_example() -> None:
    grades = {json.loads(file.read_text("utf-8"))["makhoi"] for file in JSON_FILES}
    assert grades == {"1", "3", "5", "9", "11"}


@pytest.mark.parametrize("file", JSON_FILES, ids=lambda file: file.stem)
def test_an_example_fits_schema_and_rules(file: Path) -> None:
    document = json.loads(file.read_text("utf-8"))
    family = "primary" if "dsbangdiem" in document else "secondary"
    schema = json.loads((OPENAPI / f"transcript-{family}.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(document)
    parsed = documents.parse(file.read_bytes())
    assert parsed.findings == ()
    assert parsed.transcript is not None
    assert rules.check(parsed.transcript) == documents.name_findings(parsed.transcript) == []
    xml = documents.parse_xml(payload(file.with_suffix(".xml").read_bytes().strip()))
    assert xml.transcript == parsed.transcript
    etree.XMLSchema(etree.parse(OPENAPI / "transcript.xsd")).assertValid(etree.parse(file.with_suffix(".xml")))


def started_with(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """A program that starts with the code lists of a folder."""
    environment = {**os.environ, "REGISTRY_CODE_LISTS": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_code_list_is_replaced_without_a_release(tmp_path: Path) -> None:
    text = SUBJECTS.read_text("utf-8").replace("MTH,fine_art,Mĩ thuật,", "901,fine_art,Mỹ thuật mới,")
    (tmp_path / "subjects.csv").write_text(text, "utf-8")
    told = started_with(
        tmp_path,
        "from registry.formats import code_lists, documents, fields\n"
        "print(sorted(set(code_lists.SUBJECTS.names) - {'TVI'})[:1], len(code_lists.PEOPLES.names))",
    )
    assert told.stdout.split() == ["['901']", "55"], told.stderr


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("MTH2,fine_art,Mĩ thuật,,,2026-11-01,", "line 2: code"),
        ("MTH,drawing,Mĩ thuật,,,2026-11-01,", "line 2: subject"),
        ("MTH,fine_art,,,,2026-11-01,", "line 2: code, name"),
        ("MTH,fine_art,Mĩ thuật,,,01/11/2026,", "line 2: Invalid isoformat"),
        ("MTH,fine_art,Mĩ thuật,,,2026-11-02,2026-11-01", "line 2: valid_to"),
        ("MTH,fine_art,Mĩ thuật,,,,\nMTH,fine_art,Mỹ thuật,,,2027-01-01,", "line 3: code"),
        ("MTH,fine_art,Mĩ thuật,,,,2026-12-31\nMTH,music,Mỹ thuật,,,2027-01-01,", "line 3: code"),
        ("", "no rows"),
    ],
)
def test_a_list_that_can_not_be_read_lets_nothing_start(tmp_path: Path, line: str, problem: str) -> None:
    header = "code,subject,name,short,variants,valid_from,valid_to"
    (tmp_path / "subjects.csv").write_text(f"{header}\n{line}\n", "utf-8")
    told = started_with(tmp_path, "from registry.formats import code_lists")
    assert told.returncode != 0
    assert problem in told.stderr


def test_a_dated_code_counts_on_the_day_of_issue(tmp_path: Path) -> None:
    """A list whose code for Mĩ thuật ends, and comes back under another name: the day of issue decides; it only warns."""
    old = "MTH,fine_art,Mĩ thuật,,,2011-09-01,2024-12-31\nMTH,fine_art,Hội hoạ,,,2026-01-01,"
    lines = SUBJECTS.read_text("utf-8").splitlines()
    text = "\n".join(old if line.startswith("MTH,") else line for line in lines)
    (tmp_path / "subjects.csv").write_text(text + "\n", "utf-8")
    (tmp_path / "peoples.csv").write_text("code,name,valid_from,valid_to\n01,Kinh,2025-01-01,\n", "utf-8")
    told = started_with(
        tmp_path,
        "from random import Random\n"
        "from registry.formats import code_lists, documents\n"
        "from registry.demo import rule_cases\n"
        "good = rule_cases.good(Random(1), 10)\n"
        "row = {**good['bangdiem'][0], 'mamonhoc': 'MTH', 'tenmonhoc': 'Hội hoạ'}\n"
        "for day in ('2024-12-31', '2025-01-01', '2025-12-31', '2026-01-01'):\n"
        "    sent = good | {'dantoc': '01', 'bangdiem': [row], 'ngaykyphathanh': day}\n"
        "    print(*(f'{f.code.slug} {f.pointer}' for f in documents.read(sent).findings), sep=', ')\n"
        "print(code_lists.is_name_of('fine_art', 'hoi hoa'), code_lists.is_name_of('fine_art', 'my thuat'))",
    )
    assert told.stdout.splitlines() == [
        "code-date /dantoc",
        "code-date /bangdiem/0/mamonhoc",
        "code-date /bangdiem/0/mamonhoc",
        "",
        "True True",
    ], told.stderr


def test_published_lists_are_the_built_in_ones() -> None:
    with SUBJECTS.open(encoding="utf-8") as file:
        published = {row["code"]: row["name"] for row in csv.DictReader(file)}
    assert published == dict(code_lists.SUBJECTS.names)
    assert all(len(row.short) <= 20 for row in code_lists.SUBJECT_ROWS)


@pytest.mark.parametrize("name", ["Mĩ thuật", "Mỹ thuật", "MỸ THUẬT", "My thuat", "Nghệ thuật (Mĩ thuật)"])
def test_spellings_of_a_subject(name: str) -> None:
    assert code_lists.is_name_of(Subject.FINE_ART, name)
    assert not code_lists.is_name_of(Subject.MUSIC, name)
