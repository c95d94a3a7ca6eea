"""`registry rules forecast` on a real database, and `judge --unsigned` in both syntaxes: what they print, and their exit codes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.cli.main import app
from registry.demo import transcripts
from registry.formats import xml_transcript
from registry.services import judging, submission
from registry.services.world import World
from tests.cli.conftest import Commands, Run
from tests.small_city import NOW, PRIMARY, SECONDARY, settle, small_city, vendor

pytestmark = pytest.mark.anyio
ONE, TWO = vendor(PRIMARY, SECONDARY), vendor(PRIMARY, caller_id="vendor-b")
PLAN = """name = "Học sinh Xuất sắc"
circular = "27/2020"
grades = [1, 2, 3, 4, 5]
[effects]
rule-award = "refuse"
"""


@pytest.fixture
async def run(world: World, commands: Commands) -> Run:
    """On record: of two vendors one title each that was not earned, and a good year of each level."""
    city = small_city()
    await settle(world, city, ONE, TWO)
    titled = [city.document(seed=seed, result="HT") | {"ndungkhenthuong": "Học sinh Xuất sắc"} for seed in (1, 2)]
    for caller, document, school in (
        (ONE, titled[0], PRIMARY), (TWO, titled[1], PRIMARY), (ONE, city.document(seed=3, result="HT"), PRIMARY),
        (ONE, city.document(SECONDARY), SECONDARY),
    ):  # fmt: skip
        await submission.submit(world, caller, city.signed(document, school), judging.JOSE, NOW)
    return commands()


async def test_a_planned_rule_set_is_tried_on_what_is_on_record(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "plan.toml"
    file.write_text(PLAN, "utf-8")
    done = await run("rules", "forecast", str(file), "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["rule_set"], told["records"], told["refused"]) == (1, "Học sinh Xuất sắc", 3, 2)
    assert [(i["vendor"], i["school"], i["records"], i["refused"], i["codes"]) for i in told["impacts"]] == [
        ("vendor-a", PRIMARY.code, 2, 1, {"rule-award": 1}),
        ("vendor-b", PRIMARY.code, 1, 1, {"rule-award": 1}),
    ]
    shown = await run("rules", "forecast", str(file))
    assert "2 of 3 records would be refused; 0 could not be read; 0 of older circulars left out" in shown.stdout
    listing = tmp_path / "records.csv"
    await run("rules", "forecast", str(file), "--records", str(listing))
    rows = list(csv.DictReader(listing.read_text("utf-8").splitlines()))
    codes = [small_city().document(seed=seed, result="HT")["madinhdanhhocba"] for seed in (1, 2)]
    assert sorted((r["vendor"], r["transcript_code"], r["version"], r["codes"]) for r in rows) == [
        (caller, code, "1", "rule-award") for caller, code in zip(("vendor-a", "vendor-b"), codes, strict=True)
    ]
    assert (await run("rules", "forecast", str(file), "--records", str(tmp_path / "no" / "x.csv"))).exit_code == 2
    for circular, records in (("27/2020", 3), ("22/2021", 1)):
        as_it_is = await run("rules", "forecast", circular, "--json")
        assert as_it_is.exit_code == 0, as_it_is.output
        assert (json.loads(as_it_is.stdout)["records"], json.loads(as_it_is.stdout)["refused"]) == (records, 0)


async def test_a_plan_that_is_none(run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "plan.toml"
    wrong.write_text('circular = "27/2020"\n[effects]\nrule-retake = "refuse"\n', "utf-8")
    for rule_set in (str(wrong), "1/1999", str(tmp_path / "nowhere.toml")):
        assert (await run("rules", "forecast", rule_set)).exit_code == 2


@pytest.mark.parametrize("suffix", ["json", "xml"])
def test_a_transcript_is_judged_before_anybody_signs(tmp_path: Path, suffix: str) -> None:
    good = small_city().document()
    bad, waits = good | {"xeploai": "CHT" if good["xeploai"] != "CHT" else "HT"}, good | {"sodinhdanh": ""}
    for name, document, exit_code, codes in (
        ("good", good, 0, []), ("bad", bad, 1, ["rule-result"]), ("waits", waits, 3, ["number-absent"]),
    ):  # fmt: skip
        file = tmp_path / f"{name}.{suffix}"
        file.write_bytes(transcripts.to_bytes(document) if suffix == "json" else xml_transcript.write(document))
        done = CliRunner().invoke(app, ["judge", "--unsigned", str(file)])
        assert done.exit_code == exit_code, done.output
        assert [each["code"] for each in json.loads(done.stdout)["findings"]] == codes
