"""Archives of evidence: the same bytes each time, and nothing believed of one that comes from outside."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.formats import evidence
from registry.formats.evidence import Archive, CarriedFinding, Manifest

AT = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
DOCUMENT = b'{"payload":""}'
MANIFEST = Manifest(
    "0193-1", sha256(DOCUMENT).hexdigest(), "application/jose+json", AT, AT + timedelta(hours=1), timedelta(minutes=5),
    "held", 7, "p", "r", True, (CarriedFinding("record-version", "/x", ""),), True,
)  # fmt: skip
ARCHIVE = Archive(MANIFEST, b"{}", {"crls/aa.crl": b"1", "anchors/public/bb.crt": b"2", "policy.csv": b"3"}, DOCUMENT)
PACKED = evidence.pack(ARCHIVE)
Files = dict[str, bytes]


def contents(packed: bytes = PACKED) -> Files:
    with zipfile.ZipFile(io.BytesIO(packed)) as source:
        return {name: source.read(name) for name in source.namelist()}


def zipped(files: Files, change: Callable[[zipfile.ZipInfo], None] | None = None, listed: bool = True) -> bytes:
    """The files as a ZIP whose manifest lists them."""
    if listed and "manifest.json" in files:
        row = json.loads(files["manifest.json"])
        row["files"] = {n: sha256(r).hexdigest() for n, r in files.items() if n != "manifest.json"}
        files = files | {"manifest.json": json.dumps(row).encode()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, raw in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if change is not None and name != "manifest.json":
                change(entry)
            target.writestr(entry, raw)
    return packed.getvalue()


def with_manifest(**members: Any) -> bytes:
    files = contents()
    return zipped(files | {"manifest.json": json.dumps({**json.loads(files["manifest.json"]), **members}).encode()})


def test_what_is_packed_comes_back_and_the_same_values_give_the_same_bytes() -> None:
    assert evidence.unpack(PACKED) == ARCHIVE
    turned = replace(ARCHIVE, trust=dict(reversed(list(ARCHIVE.trust.items()))))
    assert evidence.pack(turned) == PACKED
    assert evidence.unpack(zipped(contents())) == ARCHIVE


def test_without_a_document_and_as_xml() -> None:
    refused = replace(ARCHIVE, document=None, manifest=replace(MANIFEST, reproduced=None))
    assert evidence.unpack(evidence.pack(refused)) == refused
    xml = replace(ARCHIVE, manifest=replace(MANIFEST, media_type="application/xml"))
    assert "document.xml" in contents(evidence.pack(xml))
    assert evidence.unpack(evidence.pack(xml)) == xml
    never = replace(refused, manifest=replace(refused.manifest, sha256=None, media_type=None, generation=None))
    assert evidence.unpack(evidence.pack(never)) == never


@pytest.mark.parametrize(
    "name",
    ["trust/../../x.csv", "/trust/x.csv", "trust\\x.csv", "trust//x.csv", "trust/./x.csv", "C:/x.csv", "trust/x.csv/",
     "trust/.x", "trust/Ấ.csv", "trust/" + "a" * 101, "trust/a/b/c/d/e/f.crt", "trust/con crt"],
)  # fmt: skip
def test_names_that_lead_elsewhere(name: str) -> None:
    assert evidence.unpack(zipped(contents() | {name: b"x"})) == "a name that is not one of an evidence archive"


def test_twice_the_same_name() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name, raw in contents().items():
            target.writestr(name, raw)
        with pytest.warns(UserWarning, match="Duplicate"):
            target.writestr("trust/policy.csv", b"4")
    assert evidence.unpack(packed.getvalue()) == "a name appears twice"


def test_links_devices_and_ciphers() -> None:
    def link(entry: zipfile.ZipInfo) -> None:
        entry.external_attr = 0o120777 << 16

    def bzip(entry: zipfile.ZipInfo) -> None:
        entry.compress_type = zipfile.ZIP_BZIP2

    assert evidence.unpack(zipped(contents(), link)) == "something else than plain files"
    assert evidence.unpack(zipped(contents(), bzip)) == "encrypted, or packed by another method than deflate"
    locked = bytearray(PACKED)
    at = locked.index(b"PK\x01\x02") + 8  # the flags in the first entry of the central directory
    locked[at] |= 1
    assert evidence.unpack(bytes(locked)) == "encrypted, or packed by another method than deflate"


def test_bombs() -> None:
    bomb = zipped(contents() | {"trust/crls/cc.crl": bytes(evidence.MOST_BYTES)})
    assert len(bomb) < 1_000_000
    assert evidence.unpack(bomb) == f"more than {evidence.MOST_BYTES} octets when unpacked"
    lying = bytearray(bomb)
    for mark, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = lying.rindex(mark) + place  # declared size of the last file
        lying[at : at + 4] = (10).to_bytes(4, "little")
    assert isinstance(evidence.unpack(bytes(lying)), str)
    many = zipped({f"trust/crls/{n}.crl": b"" for n in range(evidence.MOST_FILES + 1)}, listed=False)
    assert evidence.unpack(many) == f"more than {evidence.MOST_FILES} files"


def test_what_the_manifest_does_not_list_or_list_otherwise() -> None:
    other = "the files are not those that manifest.json lists by SHA-256"
    for files in (
        contents() | {"trust/policy.csv": b"4"},
        contents() | {"trust/schools.csv": b""},
        {n: r for n, r in contents().items() if n != "trust/policy.csv"},
    ):
        assert evidence.unpack(zipped(files, listed=False)) == other
    assert evidence.unpack(zipped(contents() | {"notes.csv": b""})) == "a file is missing or does not belong here"
    less = {n: r for n, r in contents().items() if n != "report.json"}
    assert evidence.unpack(zipped(less)) == "a file is missing or does not belong here"
    swapped = contents() | {"document.json": b"{}"}
    assert evidence.unpack(zipped(swapped)) == "the document is not the one the verdict is about"
    assert evidence.unpack(zipped({"report.json": b"{}"})) == "no manifest.json"


@pytest.mark.parametrize(
    "members",
    [
        {"format": "other"}, {"received_at": "yesterday"}, {"received_at": "2026-05-04T03:02:01"}, {"judged_at": 5},
        {"received_at": "9999-12-31T23:59:59+00:00"}, {"judged_at": "0001-01-01T00:00:00+14:00"},
        {"skew_seconds": "5"}, {"skew_seconds": True}, {"document": []}, {"document": {"sha256": "zz", "media_type": "x"}},
        {"carried_findings": {}}, {"carried_findings": [1]}, {"school_in_scope": "no"}, {"policy": None}, {"generation": "1"},
    ],
)  # fmt: skip
def test_a_manifest_of_another_shape(members: dict[str, Any]) -> None:
    opened = evidence.unpack(with_manifest(**members))
    assert isinstance(opened, str)


@given(st.integers(0, len(PACKED) - 1), st.integers(0, 255))
def test_any_byte_changed_is_noticed_or_of_no_matter(place: int, value: int) -> None:
    opened = evidence.unpack(PACKED[:place] + bytes([value]) + PACKED[place + 1 :])
    assert isinstance(opened, str) or opened == ARCHIVE


@given(st.binary(max_size=300))
def test_whatever_the_bytes_nothing_is_raised(raw: bytes) -> None:
    assert isinstance(evidence.unpack(raw), str)
    evidence.unpack(PACKED[: len(raw)] + raw)
