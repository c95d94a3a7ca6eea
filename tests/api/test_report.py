"""Report and evidence over real HTTP: who may read them, their published shape, and no personal data beside the document."""

from __future__ import annotations

import io
import json
import zipfile
from uuid import uuid4

import httpx
import jsonschema
import pytest

from registry.api.app import create_app
from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.core.findings import Outcome
from registry.services import checking
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, SECONDARY, SmallCity, settle, small_city

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
def city() -> SmallCity:
    return small_city()


@pytest.fixture
async def vendor(registry: Registry, city: SmallCity) -> RegistryClient:
    await settle(registry.world, city)
    return await registry.caller("vendor-a", Scope.SUBMIT, units=frozenset({f"school:{PRIMARY.code}"}))


async def get(http: httpx.AsyncClient, client: RegistryClient | None, path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {await client.token()}"} if client else {}
    return await http.get(path, headers=headers)


@pytest.mark.parametrize("what", ["report", "evidence"])
async def test_who_may_read(
    registry: Registry, vendor: RegistryClient, http: httpx.AsyncClient, city: SmallCity, what: str
) -> None:
    sent = await vendor.submit(city.signed())
    path = f"/v1/submissions/{sent.body['submission_id']}/{what}"
    rival = await registry.caller("vendor-b", Scope.SUBMIT, units=frozenset({f"school:{SECONDARY.code}"}))
    office = await registry.caller("office", Scope.OPERATE, units=frozenset({"city:79"}))
    elsewhere = await registry.caller("elsewhere", Scope.OPERATE, units=frozenset({f"school:{SECONDARY.code}"}))
    asker = await registry.caller("asker", Scope.VERIFY, Scope.COMPLETENESS)
    for client, status, code in (
        (vendor, 200, None),
        (office, 200, None),
        (rival, 404, "submission-unknown"),
        (elsewhere, 404, "submission-unknown"),
        (asker, 403, "access-scope"),
        (None, 401, "access-token"),
    ):
        answer = await get(http, client, path)
        assert answer.status_code == status
        assert answer.headers["cache-control"] == "no-store"
        if code:
            assert answer.json()["code"] == code
    assert (await get(http, vendor, f"/v1/submissions/{uuid4()}/{what}")).status_code == 404
    assert (await get(http, vendor, f"/v1/submissions/x/{what}")).status_code == 400


async def test_a_report_says_for_each_signature_what_it_is(
    registry: Registry, vendor: RegistryClient, http: httpx.AsyncClient, city: SmallCity
) -> None:
    document = city.document() | {"ghichu": "x"}
    envelope = json.loads(city.signed(document))
    value = envelope["signatures"][2]["signature"]
    envelope["signatures"][2]["signature"] = ("A" if value[0] != "A" else "B") + value[1:]
    sent = await vendor.submit(json.dumps(envelope).encode())
    answer = await get(http, vendor, f"/v1/submissions/{sent.body['submission_id']}/report")
    body = answer.json()
    schemas = create_app(registry.settings).openapi()["components"]["schemas"]
    jsonschema.validate(body, {"$ref": "#/components/schemas/ReportBody", "components": {"schemas": schemas}})
    assert [(s["indication"], s["sub_indication"], s["role"]) for s in body["signatures"]] == [
        ("TOTAL-PASSED", None, "teacher"),
        ("TOTAL-PASSED", None, "principal"),
        ("TOTAL-FAILED", "SIG_CRYPTO_FAILURE", "seal"),
    ]
    assert body["outcome"] == "refused"
    assert [f["code"] for f in body["findings"]] == ["field-unknown"]
    failed = body["signatures"][2]
    assert [f["code"] for f in failed["findings"]] == ["signature-invalid"]
    for finding in (*body["findings"], *failed["findings"]):
        assert all(finding[language][part] for language in ("vi", "en") for part in ("title", "fix"))
    first = body["signatures"][0]
    assert first["signer"].startswith("Giáo viên 1A")
    assert first["path"][-1]["name"].startswith("Root CA Quốc gia")
    assert [len(first["path"]), len(first["revocation"])] == [3, 2]
    assert all(used["kind"] == "crl" and used["number"] and used["issuer_name"] for used in first["revocation"])
    assert (first["proof"], first["proven_at"]) == ("receipt", body["received_at"])
    for secret in (document["sodinhdanh"], document["hovaten"], document["mahocsinh"], "CCCD"):
        assert secret not in answer.text


async def test_the_archive_gives_the_verdict_and_reading_it_leaves_a_line(
    registry: Registry, vendor: RegistryClient, http: httpx.AsyncClient, city: SmallCity, log_text: io.StringIO
) -> None:
    raw = city.signed()
    sent = await vendor.submit(raw)
    path = f"/v1/submissions/{sent.body['submission_id']}"
    answer = await get(http, vendor, f"{path}/evidence")
    assert answer.headers["content-type"] == "application/zip"
    opened = checking.reopen(answer.content)
    assert isinstance(opened, checking.Reopened)
    assert opened.document == raw
    assert opened.judge(raw).outcome is Outcome.ACCEPTED
    with zipfile.ZipFile(io.BytesIO(answer.content)) as source:
        assert json.loads(source.read("report.json")) == (await vendor.report(sent.body["submission_id"])).body
    lines = [json.loads(line) for line in log_text.getvalue().splitlines()]
    read = [line for line in lines if str(line.get("route", "")).endswith(("/evidence", "/report"))]
    assert [(line["caller"], line["submission"]) for line in read] == [("vendor-a", sent.body["submission_id"])] * 2
    assert city.document()["sodinhdanh"] not in log_text.getvalue()
