"""Declarations: what is declared must be what is held, every difference is said at once, and the greatest version counts."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from registry.core import trust as trust_values
from registry.core.callers import Caller
from registry.core.findings import Outcome
from registry.core.ids import SchoolYear
from registry.core.rosters import Place
from registry.core.trust import Role
from registry.demo.signers import DemoSigner
from registry.services import checking, declaration, evidence, judging, policies, rosters, submission, trust
from registry.services.world import World
from tests.small_city import NOW, PRIMARY, SECONDARY, SmallCity, settle, small_city, vendor

pytestmark = pytest.mark.anyio
MINE, ELSEWHERE = vendor(PRIMARY), vendor(SECONDARY, caller_id="vendor-c")
CITY: SmallCity = small_city()
TEACHER, PRINCIPAL, SEAL = CITY.signers_of(PRIMARY)
ONE, TWO, THREE = (CITY.document(seed=seed) for seed in (1, 2, 3))
YEAR = SchoolYear(2023)


def codes_of(*documents: dict[str, Any]) -> list[dict[str, str]]:
    return [{"mahocsinh": d["mahocsinh"], "lydo": "4"} for d in documents]


def grade(expected: int = 2, on_record: int = 1, code: str = ONE["makhoi"]) -> dict[str, str]:
    return {"makhoi": code, "sohocsinh": str(expected), "sohocba": str(on_record)}


def statement(by: tuple[DemoSigner, ...] = (PRINCIPAL,), **changes: Any) -> bytes:
    said = {
        "loai": "khaibao",
        "namhoc": str(YEAR),
        "matruong": PRIMARY.code,
        "phienban": "1",
        "ngaykhai": "2026-11-20",
        "khoi": [grade()],
        "ngoaile": codes_of(TWO),
    }
    payload = json.dumps({k: v for k, v in (said | changes).items() if v is not None}, ensure_ascii=False)
    return CITY.signed_bytes(payload.encode(), by)


@pytest.fixture
async def settled(world: World) -> World:
    """Two pupils of grade 1 on the roster, the first with a transcript."""
    await settle(world, CITY, MINE, ELSEWHERE)
    await fill(world)
    return world


async def fill(world: World) -> None:
    rows = "".join(f"{d['mahocsinh']},{d['hovaten']},1A,,,\n" for d in (ONE, TWO))
    raw = ("mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n" + rows).encode()
    await rosters.import_roster(world, Place(PRIMARY.code, str(YEAR), 1), raw, NOW, source="test")
    await submission.submit(world, MINE, CITY.signed(ONE), judging.JOSE, NOW)


async def declare(world: World, raw: bytes, caller: Caller = MINE) -> submission.Answer:
    return await submission.declare(world, caller, raw, judging.JOSE, NOW)


def said(answer: submission.Answer) -> set[tuple[str, str]]:
    return {(finding.code.slug, finding.pointer) for finding in answer.findings}


async def counting(world: World) -> list[tuple[int, int, int, int, int]]:
    page = await declaration.page(world, None, "city:79", YEAR, ("", 0), 100, NOW)
    return [(row.grade, row.version, row.expected, row.on_record, row.excepted) for row in page.rows]


@pytest.mark.parametrize("by", [(PRINCIPAL,), (SEAL,), (PRINCIPAL, SEAL)])
async def test_principal_or_seal_declares(settled: World, by: tuple[DemoSigner, ...]) -> None:
    answer = await declare(settled, statement(by))
    assert (answer.outcome, said(answer)) == (Outcome.ACCEPTED, set())
    assert answer.declared is not None
    assert (answer.declared.version, answer.declared.school_code) == (1, PRIMARY.code)
    assert await counting(settled) == [(1, 1, 2, 1, 1)]


async def test_a_pupil_with_several_codes_is_one_pupil(settled: World) -> None:
    """The roster knows the pupil of the transcript by another code, and names a third pupil twice."""
    rows = "".join(f"{code},{d['hovaten']},1A,,,\n" for code, d in (("X1", ONE), (TWO["mahocsinh"], TWO), ("X2", TWO)))
    raw = ("mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n" + rows).encode()
    await rosters.import_roster(
        settled, Place(PRIMARY.code, str(YEAR), 1), raw, NOW + timedelta(minutes=1), source="test"
    )
    before = await declare(settled, statement())
    assert ("declaration-expected", "/khoi/0/sohocsinh") in said(before)
    second = uuid.uuid4()
    async with settled.db.hot_transaction() as tx:
        await tx.execute("INSERT INTO pupil_code SELECT 'X1', pupil_id, $2 FROM pupil_code WHERE pupil_code = $1",
                         ONE["mahocsinh"], NOW)  # fmt: skip
        await tx.execute("INSERT INTO pupil VALUES ($1, $2)", second, NOW)
        await tx.execute(
            "INSERT INTO pupil_code VALUES ($1, $3, $4), ($2, $3, $4)", TWO["mahocsinh"], "X2", second, NOW
        )
    answer = await declare(settled, statement())
    assert (answer.outcome, said(answer)) == (Outcome.ACCEPTED, set())
    assert await counting(settled) == [(1, 1, 2, 1, 1)]


async def test_the_policy_in_force_says_who_declares(settled: World) -> None:
    rows = tuple(
        replace(row, declares=trust_values.Declares.MUST if row.role is Role.SEAL else None)
        for row in policies.default().rows
    )
    await policies.import_version(settled, trust_values.Policy("seal-must", rows), NOW)
    alone = await declare(settled, statement((PRINCIPAL,)))
    assert (alone.outcome, said(alone)) == (Outcome.REFUSED, {("signer-role-missing", "/signatures")})
    both = await declare(settled, statement((PRINCIPAL, SEAL)))
    assert (both.outcome, said(both)) == (Outcome.ACCEPTED, set())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (statement((TEACHER,)), {("signer-role-order", "/signatures/0"), ("signer-role-missing", "/signatures")}),
        (statement(loai="thuhoi"), {("field-format", "/loai")}),
        (statement(khoi=[]), {("field-empty", "/khoi")}),
        (statement(ngoaile=None), {("field-missing", "/ngoaile")}),
        (statement(khoi=[grade() | {"sohocba": "-1"}]), {("field-format", "/khoi/0/sohocba")}),
        (
            statement(khoi=[grade(), grade()]),
            {("declaration-contradiction", "/khoi/0/makhoi"), ("declaration-contradiction", "/khoi/1/makhoi")},
        ),
        (statement(khoi=[grade(1, 2)]), {("declaration-contradiction", "/khoi/0/sohocba")}),
        (statement(ngoaile=codes_of(TWO, TWO)), {("declaration-contradiction", "/ngoaile/1/mahocsinh")}),
        (statement(khoi=[grade(3)]), {("declaration-expected", "/khoi/0/sohocsinh")}),
        (statement(khoi=[grade(2, 2)]), {("declaration-count", "/khoi/0/sohocba")}),
        (statement(ngoaile=[]), {("declaration-missing", "/khoi/0")}),
        (statement(ngoaile=codes_of(TWO, THREE)), {("declaration-exception", "/ngoaile/1/mahocsinh")}),
        (
            statement(khoi=[grade(3, 3)], ngoaile=codes_of(THREE)),
            {
                ("declaration-expected", "/khoi/0/sohocsinh"),
                ("declaration-count", "/khoi/0/sohocba"),
                ("declaration-missing", "/khoi/0"),
                ("declaration-exception", "/ngoaile/0/mahocsinh"),
            },
        ),
        (
            statement(khoi=[grade(), grade(5, 0, "2")]),
            {("declaration-expected", "/khoi/1/sohocsinh")},
        ),
    ],
)  # fmt: skip
async def test_what_differs_is_refused_with_all_findings(
    settled: World, raw: bytes, expected: set[tuple[str, str]]
) -> None:
    answer = await declare(settled, raw)
    assert (answer.outcome, said(answer)) == (Outcome.REFUSED, expected)
    assert await counting(settled) == []
    state = await submission.state(settled, MINE, answer.submission_id)
    assert (state.kind, state.outcome) == ("declaration", "refused")


async def test_numbers_of_both_sides_and_the_pupils_are_told(settled: World) -> None:
    answer = await declare(settled, statement(khoi=[grade(3, 2)], ngoaile=[]))
    details = {finding.code.slug: finding.detail for finding in answer.findings}
    assert details["declaration-expected"] == "declared 3, in the registry 2"
    assert details["declaration-missing"] == f"1: {TWO['mahocsinh']}"


async def test_saying_less_is_a_warning(settled: World) -> None:
    answer = await declare(settled, statement(khoi=[grade(2, 0)], ngoaile=codes_of(ONE, TWO)))
    assert (answer.outcome, said(answer)) == (
        Outcome.ACCEPTED,
        {("declaration-count-less", "/khoi/0/sohocba"), ("declaration-exception-held", "/ngoaile/0/mahocsinh")},
    )
    assert await counting(settled) == [(1, 1, 2, 0, 1)]


async def test_a_new_declaration_supersedes_and_the_old_is_kept(settled: World) -> None:
    first = statement()
    assert (await declare(settled, first)).outcome is Outcome.ACCEPTED
    await submission.submit(settled, MINE, CITY.signed(TWO), judging.JOSE, NOW)
    again = await declare(settled, statement())
    assert said(again) >= {("declaration-version", "/phienban")}
    newer = await declare(settled, statement(phienban="2", khoi=[grade(2, 2)], ngoaile=[]))
    assert newer.outcome is Outcome.ACCEPTED
    assert await counting(settled) == [(1, 2, 2, 2, 0)]
    repeated = await declare(settled, first)
    assert (repeated.outcome, repeated.repeated) == (Outcome.ACCEPTED, True)
    assert await counting(settled) == [(1, 2, 2, 2, 0)]


async def test_of_many_at_once_one_is_accepted(settled: World) -> None:
    answers = await asyncio.gather(*(declare(settled, statement()) for _ in range(6)))  # other bytes: PSS is random
    assert sorted(answer.outcome.value for answer in answers) == ["accepted", *["refused"] * 5]
    raw = statement(phienban="2")
    same = await asyncio.gather(*(declare(settled, raw) for _ in range(6)))
    assert len({answer.declared for answer in same}) == 1


async def test_nobody_declares_for_another_school_or_learns_of_its_pupils(settled: World) -> None:
    answer = await declare(settled, statement(ngoaile=[]), ELSEWHERE)
    assert said(answer) == {("scope-school", "/matruong")}


async def test_a_held_declaration_is_compared_when_its_wait_ends(world: World) -> None:
    await settle(world, CITY, MINE, lists=False)
    held = await declare(world, statement())
    assert (held.outcome, {slug for slug, _ in said(held)}) == (Outcome.HELD, {"revocation-unknown"})
    lists = {name: raw for name, raw in CITY.files.items() if name.startswith("crls/")}
    assert not (await trust.import_files(world, lists, NOW)).problems
    await fill(world)
    answer = await submission.rejudge(world, held.submission_id, NOW + timedelta(seconds=1))
    assert answer is not None
    assert answer.outcome is Outcome.ACCEPTED
    state = await submission.state(world, MINE, held.submission_id)
    assert await submission.receipt_of(world, state) == answer.declared
    assert await counting(world) == [(1, 1, 2, 1, 1)]


async def test_the_evidence_gives_the_same_verdict(settled: World) -> None:
    for raw in (statement(khoi=[grade(3)], ngoaile=codes_of(TWO, TWO)), statement()):
        answer = await declare(settled, raw)
        opened = checking.reopen(await evidence.archive(settled, answer.submission_id))
        assert not isinstance(opened, str)
        assert opened.manifest.kind == "declaration"
        assert opened.manifest.reproduced is not False
        verdict = opened.judge(raw)
        assert (verdict.outcome, verdict.findings) == (answer.outcome, answer.findings)
