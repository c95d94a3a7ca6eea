"""The register of signers over real HTTP: who may, what is answered, what is turned away."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from registry.client.api import RegistryClient
from registry.core.callers import Scope
from registry.core.trust import Role
from tests.api.conftest import Registry
from tests.services.test_signer_cases import CITY, DEPUTY, PERSON, made
from tests.small_city import PRIMARY, SECONDARY, settle

pytestmark = pytest.mark.anyio
CODE = PRIMARY.code
LIST, ADD, CLOSE = f"/v1/signers?school={CODE}", f"/v1/signers/{CODE}", f"/v1/signers/{CODE}/close"
TEACHER = made(Role.TEACHER, f"CCCD:{PERSON}")
PEM = TEACHER.certificate.public_bytes(Encoding.PEM).decode()
DER = base64.b64encode(TEACHER.certificate.public_bytes(Encoding.DER)).decode()
SHA256 = TEACHER.certificate.fingerprint(hashes.SHA256()).hex()
ONE = {"certificate": PEM, "role": "teacher", "valid_from": "2024-08-01", "holder": f"CCCD:{PERSON}"}
CLOSING = {"certificate": SHA256, "role": "teacher", "at": "2025-01-01", "reason": "chuyển trường"}
CITY_UNIT = frozenset({"city:79"})


@pytest.fixture
async def operator(registry: Registry) -> RegistryClient:
    await settle(registry.world, CITY)
    return await registry.caller("operator", Scope.OPERATE, units=CITY_UNIT)


async def ask(
    client: RegistryClient, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    if body is None:
        answer = await client._ask(method, path)
    elif isinstance(body, bytes):
        answer = await client._ask(method, path, content=body, headers={"Content-Type": "application/json", **headers})
    else:
        answer = await client._ask(method, path, json=body)
    return answer.status, answer.body


async def test_registered_shown_closed(operator: RegistryClient) -> None:
    sent = {"signers": [ONE]}
    none, one = (
        {"new": 0, "changed": 0, "unchanged": 0, "closed": 0},
        {"new": 1, "changed": 0, "unchanged": 0, "closed": 0},
    )
    assert await ask(operator, "POST", f"{ADD}?dry_run=true", sent) == (200, one)
    assert await ask(operator, "POST", ADD, sent) == (200, one)
    assert await ask(operator, "POST", ADD, {"signers": [ONE | {"certificate": DER}]}) == (200, none | {"unchanged": 1})
    status, body = await ask(operator, "GET", LIST)
    (mine,) = [row for row in body["signers"] if row["certificate"] == SHA256]
    assert (status, mine["holder_kind"], mine["holder_known"], mine["valid_to"]) == (200, "person", True, None)
    assert (mine["role"], mine["serial"]) == ("teacher", f"{TEACHER.certificate.serial_number:x}")
    assert PERSON not in str(body)
    status, body = await ask(operator, "POST", CLOSE, CLOSING)
    (mine,) = [row for row in body["signers"] if row["certificate"] == SHA256]
    assert (status, mine["valid_to"][:10]) == (200, "2024-12-31")  # midnight in Viet Nam
    assert mine["closed_at"] is not None
    assert await ask(operator, "POST", ADD, sent) == (200, none | {"closed": 1})
    status, body = await ask(operator, "POST", CLOSE, CLOSING)
    assert (status, body["code"]) == (404, "register-unknown")


HEAD = "certificate,school_code,role,valid_from,valid_to,holder"


def sheet(*rows: str) -> bytes:
    return "\n".join((HEAD, *rows)).encode()


async def test_registered_by_table(operator: RegistryClient) -> None:
    csv = {"Content-Type": "text/csv; charset=utf-8"}
    counts = {"new": 0, "changed": 0, "unchanged": 0, "closed": 0}
    for certificate, query, new in ((DER, "?dry_run=true", 1), (f'"{PEM}"', "", 1), (DER, "", 0)):
        raw = sheet(f"{certificate},{CODE},teacher,2024-08-01,,CCCD:{PERSON}")
        found = await ask(operator, "POST", f"{ADD}{query}", raw, **csv)
        assert found == (200, counts | {"new": new, "unchanged": 1 - new})
    assert await ask(operator, "POST", ADD, {"signers": [ONE]}) == (200, counts | {"unchanged": 1})


async def test_a_wrong_table_changes_nothing(operator: RegistryClient) -> None:
    raw = sheet(
        f"{DER},{SECONDARY.code},teacher,2024-08-01,,",
        f"{DER},{CODE},teacher,2024-08-01,,CCCD:{DEPUTY}",
        f"teacher.crt,{CODE},teacher,2024-08-01,,",
        f"{DER},{CODE},teacher,2025-08-01,,",
    )
    status, body = await ask(operator, "POST", ADD, raw, **{"Content-Type": "text/csv"})
    assert (status, {(e["code"], e["pointer"]) for e in body["errors"]}) == (
        422,
        {
            ("register-row", "/rows/2/school_code"),
            ("register-holder", "/rows/3/holder"),
            ("register-row", "/rows/4/certificate"),
        },
    )
    assert DEPUTY not in str(body)
    for code in (CODE, SECONDARY.code):
        _, held = await ask(operator, "GET", f"/v1/signers?school={code}")
        assert SHA256 not in {row["certificate"] for row in held["signers"]}
    many = sheet(*[f"x,{CODE},teacher,2024-08-01,,"] * 501)
    status, body = await ask(operator, "POST", ADD, many, **{"Content-Type": "text/csv"})
    assert (status, body["code"]) == (422, "register-row")


#: (caller, status of GET, of POST to the register, of POST to close)
CALLERS: dict[str, tuple[tuple[Scope, ...], frozenset[str], tuple[int, int, int]]] = {
    "operator of the city": ((Scope.OPERATE,), CITY_UNIT, (200, 200, 404)),
    "operator of another school": ((Scope.OPERATE,), frozenset({f"school:{SECONDARY.code}"}), (403, 403, 403)),
    "office of the school": ((Scope.COMPLETENESS,), frozenset({f"school:{CODE}"}), (200, 403, 403)),
    "office of another school": ((Scope.COMPLETENESS,), frozenset({f"school:{SECONDARY.code}"}), (403, 403, 403)),
    "office that verifies": ((Scope.VERIFY,), CITY_UNIT, (403, 403, 403)),
    "vendor of the school": ((Scope.SUBMIT,), frozenset({f"school:{CODE}"}), (403, 403, 403)),
}


@pytest.mark.parametrize("name", CALLERS)
async def test_who_may(registry: Registry, name: str) -> None:
    await settle(registry.world, CITY)
    scopes, units, statuses = CALLERS[name]
    client = await registry.caller("somebody", *scopes, units=units)
    closing = CLOSING | {"certificate": "0" * 64}
    asked = (("GET", LIST, None), ("POST", f"{ADD}?dry_run=true", {"signers": [ONE]}), ("POST", CLOSE, closing))
    answers = [await ask(client, *each) for each in asked]
    assert tuple(status for status, _ in answers) == statuses
    assert all(body["code"] in {"access-scope", "access-unit"} for status, body in answers if status == 403)


async def test_nobody_without_a_token(registry: Registry, http: Any) -> None:
    for method, path in (("GET", LIST), ("POST", ADD), ("POST", CLOSE)):
        answer = await http.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "access-token")


WRONG: list[tuple[str, Any, int, list[tuple[str, str]]]] = [
    (ADD, b"[1,", 422, [("json-syntax", "")]),
    (ADD, b'{"signers":1,"signers":2}', 422, [("json-duplicate", "/signers")]),
    (ADD, [], 400, [("request-parameter", "/body")]),
    (ADD, {"signers": []}, 400, [("request-parameter", "/body/signers")]),
    (ADD, {"signers": [ONE], "x": 1}, 400, [("request-parameter", "/body")]),
    (ADD, {"signers": [ONE, ONE | {"cccd": PERSON}]}, 400, [("request-parameter", "/body/signers/1")]),
    (ADD, {"signers": [ONE | {"role": 1}]}, 400, [("request-parameter", "/body/signers/0/role")]),
    (ADD, {"signers": [ONE] * 501}, 400, [("request-parameter", "/body/signers")]),
    (ADD, {"signers": [ONE | {"role": "boss"}]}, 422, [("register-row", "/body/signers/0/role")]),
    (ADD, {"signers": [ONE | {"certificate": "%%%"}]}, 422, [("register-row", "/body/signers/0/certificate")]),
    (ADD, {"signers": [ONE | {"holder": f"CCCD:{DEPUTY}"}]}, 422, [("register-holder", "/body/signers/0/holder")]),
    (ADD, {"signers": [ONE, ONE]}, 422, [("register-row", "/body/signers/1/valid_from")]),
    (f"{ADD}?dry=1", {"signers": [ONE]}, 400, [("request-parameter", "/query")]),
    (f"/v1/signers/{'9' * 21}", {"signers": [ONE]}, 400, [("request-parameter", "/path/school_code")]),
    (CLOSE, CLOSING | {"certificate": "00"}, 400, [("request-parameter", "/body/certificate")]),
    (CLOSE, CLOSING | {"at": "yesterday"}, 400, [("request-parameter", "/body/at")]),
    (CLOSE, CLOSING | {"reason": ""}, 400, [("request-parameter", "/body/reason")]),
    (CLOSE, CLOSING | {"reason": PERSON}, 422, [("register-row", "/reason")]),
    (CLOSE, CLOSING | {"number": PERSON}, 400, [("request-parameter", "/body")]),
]


async def test_what_is_turned_away(operator: RegistryClient) -> None:
    for path, sent, status, expected in WRONG:
        answered, body = await ask(operator, "POST", path, sent)
        assert (answered, [(e["code"], e["pointer"]) for e in body["errors"]]) == (status, expected), path
        assert PERSON not in str(body)
        assert DEPUTY not in str(body)
    large, _ = await ask(operator, "POST", ADD, b"x" * 4_000_001)
    kind, _ = await ask(operator, "POST", ADD, b"{}", **{"Content-Type": "application/xml"})
    closing, _ = await ask(operator, "POST", CLOSE, b"{}", **{"Content-Type": "text/csv"})
    assert (large, kind, closing) == (413, 415, 415)
    for query in ("", "?school=79771101&x=1", f"?school={'9' * 21}"):
        assert (await ask(operator, "GET", f"/v1/signers{query}"))[0] == 400
