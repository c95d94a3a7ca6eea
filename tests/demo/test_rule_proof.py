"""The rules find what is broken and nothing else, and the proof itself would notice if they did not."""

from __future__ import annotations

import json
from collections import Counter
from random import Random

from typer.testing import CliRunner

from registry.cli.main import app
from registry.core import rules
from registry.demo import mutations, rule_cases, rule_proof


def test_good_and_broken_transcripts_are_told_apart() -> None:
    proof = rule_proof.prove(rule_cases.every(7, 2), mutations.every(7, 600), lambda: None)
    assert proof.wrong == []
    assert proof.holds
    assert proof.mutations.total() >= 600


def test_every_rule_is_broken_by_some_mutation() -> None:
    broken = {code for mutation in mutations.every(3, 600) for code, _ in mutation.expected}
    listed = {rule.code.slug for each in rules.RULE_SETS for rule in each.rules} | {"rule-circular"}
    assert broken == listed


def test_every_breaker_finds_transcripts_to_break() -> None:
    made = Counter(mutation.name for mutation in mutations.every(5, 600))
    breakers = (*mutations._BOTH, *mutations._PRIMARY, *mutations._SECONDARY)
    assert set(made) == {breaker.__name__.removeprefix("_") for breaker in breakers}


def test_a_wrong_expectation_is_noticed() -> None:
    proof = rule_proof.Proof()
    document = rule_cases.good(Random(1), 4, "HTXS")
    proof.look("made up", document, {("rule-result", "/xeploai")})
    proof.look("made up", document | {"xeploai": "HT"}, ())
    assert not proof.holds
    assert (proof.codes["rule-result"].precision, proof.codes["rule-result"].recall) == (0, 0)
    assert len(proof.wrong) == 2


def test_the_command_says_what_was_found() -> None:
    run = CliRunner().invoke(app, ["rules", "prove", "--mutations", "100", "--json"])
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    assert told["holds"]
    assert told["mutations"] >= 100
    listed = json.loads(CliRunner().invoke(app, ["rules", "list", "--json"]).stdout)
    assert {row["code"] for row in listed["rules"]} >= set(told["codes"])
    assert all(row["effect"] == "warn" for row in listed["rules"] if row["unverified"])
