"""/v1/declarations over HTTP: accepted, refused with both numbers, listed page by page; and signed from the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from registry.cli.main import app
from registry.core.callers import Scope
from registry.core.rosters import Place
from registry.services import rosters
from tests.api.conftest import Registry
from tests.small_city import PRIMARY, settle, small_city

pytestmark = pytest.mark.anyio
CITY = small_city()
SIGNER = CITY.signers_of(PRIMARY)[1]
PUPIL = "7000001"


def payload(**changes: Any) -> bytes:
    said = {
        "loai": "khaibao", "namhoc": "2023-2024", "matruong": PRIMARY.code, "phienban": "1", "ngaykhai": "2026-11-20",
        "khoi": [{"makhoi": CITY.document()["makhoi"], "sohocsinh": "1", "sohocba": "0"}],
        "ngoaile": [{"mahocsinh": PUPIL, "lydo": "3"}],
    }  # fmt: skip
    return json.dumps(said | changes).encode()


async def test_declare_and_list(registry: Registry) -> None:
    await settle(registry.world, CITY)
    raw = f"mahocsinh,hovaten,tenlop,ngaysinh,gioitinh,sodinhdanh\n{PUPIL},Tên,1A,,,\n".encode()
    now = datetime.now(UTC)
    await rosters.import_roster(registry.world, Place(PRIMARY.code, "2023-2024", 1), raw, now, source="test")
    vendor = await registry.caller("vendor", Scope.SUBMIT, units=frozenset({f"school:{PRIMARY.code}"}))
    office = await registry.caller("office", Scope.COMPLETENESS, units=frozenset({"city:79"}))
    refused = await vendor.declare(CITY.signed_bytes(payload(ngoaile=[]), [SIGNER]))
    assert (refused.status, refused.codes) == (422, ["declaration-missing"])
    accepted = await vendor.declare(CITY.signed_bytes(payload(), [SIGNER]))
    assert (accepted.status, accepted.outcome) == (201, "accepted")
    assert accepted.body["receipt"].keys() == {
        "submission_id", "school_year", "school_code", "version", "fingerprint", "accepted_at"
    }  # fmt: skip
    state = await vendor.state(accepted.body["submission_id"])
    assert state.body["receipt"] == accepted.body["receipt"]
    assert (await vendor.report(accepted.body["submission_id"])).status == 200
    listed = await office.declarations("city:79", "2023-2024", limit="1")
    (row,) = listed.body["declarations"]
    assert (row["school_code"], row["grade"], row["expected"], row["on_record"], row["excepted"]) == (
        PRIMARY.code, 1, 1, 0, 1
    )  # fmt: skip
    assert listed.body["next"] is None
    for unknown in ("x", f"{PRIMARY.code} 1"):
        assert (await office.declarations("city:79", "2023-2024", after=unknown)).status == 400
    then = await office.declarations("city:79", "2023-2024", map="then")
    assert then.body["declarations"] == [row]
    assert (await office.declarations("city:79", "2023-2024", map="x")).status == 400


def test_a_declaration_is_checked_before_it_is_signed(tmp_path: Path) -> None:
    key, chain, file = tmp_path / "p.key", tmp_path / "p.pem", tmp_path / "declaration.json"
    key.write_bytes(SIGNER.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    chain.write_bytes(SIGNER.certificate.public_bytes(Encoding.PEM))
    arguments = ["declaration", "sign", str(file), "--key", str(key), "--chain", str(chain)]
    file.write_bytes(payload(khoi=[]))
    wrong = CliRunner().invoke(app, arguments)
    assert (wrong.exit_code, "field-empty /khoi" in wrong.stderr) == (1, True)
    file.write_bytes(payload())
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert len(json.loads((tmp_path / "declaration.jose.json").read_bytes())["signatures"]) == 1
