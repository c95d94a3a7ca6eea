"""The rules find what is broken and nothing else, and the proof itself would notice if they did not."""

from __future__ import annotations

import ast
import json
from collections import Counter
from pathlib import Path
from random import Random
from types import ModuleType

import pytest
from typer.testing import CliRunner

from registry.cli.main import app
from registry.core import rules
from registry.demo import (
    marks,
    mutable,
    mutations,
    mutations_general,
    mutations_primary,
    mutations_secondary,
    rule_cases,
    rule_proof,
    signed_mutations,
    transcripts,
)


def test_good_and_broken_transcripts_are_told_apart() -> None:
    proof = rule_proof.prove(rule_cases.every(7, 2), mutations.every(7, 600), lambda: None)
    assert proof.wrong == []
    assert proof.holds
    assert proof.mutations.total() >= 600


#: Asked of signatures and certificates, which a transcript by itself does not have.
OF_SIGNATURES = {"signer-person", "signer-role-missing", "certificate-policy", "signer-time-stamp"}


def test_every_rule_is_broken_by_some_mutation_in_every_grade_it_has() -> None:
    made = list(mutations.every(3, 900))
    broken = {code for mutation in made for code, _ in mutation.expected}
    of_sets = {rule.code.slug for each in rules.RULE_SETS for rule in each.rules}
    general = {rule.code.slug for rule in rules.GENERAL} - OF_SIGNATURES
    assert of_sets | general <= broken
    asked_besides = {"birth-date-conflict", "birth-date-missing", "transcript-grade", "transcript-dates"}
    numbers = {"number-absent", "number-shape", "number-place", "number-sex", "number-year"}
    assert broken - of_sets - general == asked_besides | numbers
    assert {mutation.document["makhoi"] for mutation in made} == {str(grade) for grade in range(1, 13)}
    named = {mutation.document["thongtu"] for mutation in made}
    assert all(any(each.circular in name for name in named) for each in rules.RULE_SETS)


def test_every_rule_of_signatures_is_broken_in_every_grade() -> None:
    made = list(signed_mutations.Signatures.make().every(3, 1))
    assert {code for case in made for code, _ in case.expected} == OF_SIGNATURES
    assert {case.grade for case in made} == set(range(1, 13))
    assert sum(not case.expected for case in made) == 12


def test_every_breaker_finds_transcripts_to_break() -> None:
    made = Counter(mutation.name for mutation in mutations.every(5, 900))
    breakers = {breaker for grade in range(1, 13) for breaker in mutations.breakers(grade)}
    assert set(made) == {breaker.__name__.removeprefix("_") for breaker in breakers}


MAKERS = [mutable, mutations, mutations_general, mutations_primary, mutations_secondary, rule_cases, marks, transcripts]


@pytest.mark.parametrize("module", [*MAKERS, signed_mutations])
def test_who_makes_and_breaks_transcripts_never_asks_the_rules(module: ModuleType) -> None:
    """Nothing that judges is within reach: neither the rules nor the reader."""
    assert module.__file__ is not None
    names = {
        name
        for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (getattr(node, "module", "") or "", *(alias.name for alias in node.names))
    }
    assert not {name for name in names if name.rpartition(".")[2].startswith(("rules", "documents", "judging"))}


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
    assert told["mutations"] >= 200  # a hundred, and each way to sign wrongly in each grade
    assert {code: told["codes"][code]["expected"] > 0 for code in OF_SIGNATURES} == dict.fromkeys(OF_SIGNATURES, True)
    listed = json.loads(CliRunner().invoke(app, ["rules", "list", "--json"]).stdout)
    assert {row["code"] for row in listed["rules"]} >= {code for code in told["codes"] if code.startswith("rule-")}
    assert all(row["effect"] == "warn" for row in listed["rules"] if row["unverified"])


def test_what_rests_on_unverified_knowledge_is_listed_and_only_warns() -> None:
    """The list that vendors read; a rule that leaves it has been verified, and says by which text."""
    listed = [*rules.GENERAL, *(rule for each in rules.RULE_SETS for rule in each.rules)]
    unverified = {rule.code.slug for rule in listed if rule.unverified}
    assert unverified == {
        "rule-circular-unsure", "rule-subject-grade", "rule-subject-missing", "rule-test-missing", "rule-mark-decimal",
        "rule-comment-year", "rule-result-liberal", "rule-retake-unusual", "rule-retake-result", "code-name", "code-date",
        "rule-one-term", "rule-term-missing", "rule-electives", "rule-competency-missing", "rule-subject-parts", "code-unlisted",
    }  # fmt: skip
    assert {rule.effect.value for rule in listed if rule.unverified} == {"warn"}
    published = (Path(__file__).parents[2] / "openapi" / "rules.md").read_text("utf-8")
    last = published.partition("## Dựa trên hiểu biết chưa kiểm chứng")[2]
    assert {line.split("`")[1] for line in last.splitlines() if line.startswith("* ")} == unverified
