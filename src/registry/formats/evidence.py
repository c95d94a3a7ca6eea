"""The evidence archive: one ZIP file with everything a verdict rests on <-> values. Pure.

    manifest.json   moments, versions, and the SHA-256 of every other file
    report.json     the report as the registry gives it
    document.json   the bytes as received (document.xml for XML); absent when they were refused, since those are not stored
    trust/...       anchors, path certificates, revocation data, signers, schools, policy (layout: `registry.formats.trust_files`)

The same values give the same bytes. An archive comes back from outside: nothing in it is believed before the limits, the
names and the digests have been looked at.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from registry.formats import strict_json

FORMAT = "hocba-registry-evidence-1"
MOST_BYTES = 128 * 1024 * 1024
MOST_FILES = 4096
_MANIFEST, _REPORT, _TRUST = "manifest.json", "report.json", "trust/"
_LARGEST_MANIFEST = 4 * 1024 * 1024
_ENDING = {"application/jose+json": "json", "application/xml": "xml"}
_NAME = re.compile(
    r"[a-z0-9][a-z0-9_-]{0,99}(\.[a-z0-9]{1,8})?(/[a-z0-9][a-z0-9_-]{0,99}(\.[a-z0-9]{1,8})?){0,4}", re.ASCII
)
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
#: The first moment a ZIP file can name; a real one would make every archive different.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
#: Moments are reckoned with: none so near the end of the calendar that a clock's skew goes beyond it.
_YEARS = range(1990, 9000)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CarriedFinding:
    """A finding that rests on the registry's other records, not on the document: it is carried along, not found again."""

    code: str
    pointer: str
    detail: str


#: What an archive is about.
TRANSCRIPT, WITHDRAWAL, DECLARATION = KINDS = ("transcript", "withdrawal", "declaration")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Under which circumstances a verdict was made.

    `reproduced`: whether the same verdict came out of this archive when it was made; None when the document is not in it.
    """

    submission_id: str | None
    sha256: str | None  # of the document, in hex
    media_type: str | None
    received_at: datetime
    judged_at: datetime
    skew: timedelta
    outcome: str
    generation: int | None
    policy_version: str
    rules_version: str
    school_in_scope: bool
    carried: tuple[CarriedFinding, ...] = ()
    reproduced: bool | None = None
    kind: str = TRANSCRIPT  # or one of the other KINDS


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive's content. `trust` is {relative posix path: content}; `document` None when it is not stored."""

    manifest: Manifest
    report: bytes
    trust: Mapping[str, bytes]
    document: bytes | None


def pack(archive: Archive) -> bytes:
    """The archive as a ZIP file."""
    files = {_TRUST + name: raw for name, raw in archive.trust.items()}
    files[_REPORT] = archive.report
    if archive.document is not None:
        files[_document_name(archive.manifest.media_type)] = archive.document
    files[_MANIFEST] = _json(_manifest_row(archive, files))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, files[name], compresslevel=6)
    return packed.getvalue()


def unpack(raw: bytes) -> Archive | str:
    """Open an archive, or say why it is not taken; names limits, never content. Never raises."""
    if len(raw) > MOST_BYTES:
        return f"more than {MOST_BYTES} octets"
    try:
        files = _files(raw)
        return _archive(files)
    except _UnusableError as reason:
        return str(reason)
    except Exception:  # zipfile and zlib complain in many classes
        return "not a ZIP file that can be read"


class _UnusableError(Exception):
    """Why an archive is not taken. Does not leave this module."""


def _files(raw: bytes) -> dict[str, bytes]:
    """Every file within the limits; the declared sizes are looked at first, and not relied upon."""
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(raw)) as source:
        entries = source.infolist()
        _look_at(entries)
        room = MOST_BYTES
        for entry in entries:
            with source.open(entry) as stream:
                content = stream.read(room + 1)
            room -= len(content)
            if room < 0:
                raise _UnusableError(f"more than {MOST_BYTES} octets when unpacked")
            files[entry.filename] = content
    return files


def _look_at(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_FILES:
        raise _UnusableError(f"more than {MOST_FILES} files")
    if len({entry.filename for entry in entries}) != len(entries):
        raise _UnusableError("a name appears twice")
    for entry in entries:
        # orig_filename is what stands in the file: zipfile cuts names at NUL and turns other separators.
        if entry.orig_filename != entry.filename or not _NAME.fullmatch(entry.filename) or entry.is_dir():
            raise _UnusableError("a name that is not one of an evidence archive")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise _UnusableError("encrypted, or packed by another method than deflate")
        if (entry.external_attr >> 16) & 0o170000 not in (0, 0o100000):
            raise _UnusableError("something else than plain files")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise _UnusableError(f"more than {MOST_BYTES} octets when unpacked")


def _archive(files: dict[str, bytes]) -> Archive:
    raw = files.pop(_MANIFEST, b"")
    if not 0 < len(raw) <= _LARGEST_MANIFEST:
        raise _UnusableError("no manifest.json")
    row, broken = strict_json.parse(raw)
    if broken or type(row) is not dict or row.get("format") != FORMAT:
        raise _UnusableError(f"manifest.json is not one of format {FORMAT}")
    digests = {name: sha256(content).hexdigest() for name, content in files.items()}
    if row.get("files") != digests:
        raise _UnusableError("the files are not those that manifest.json lists by SHA-256")
    try:
        manifest = _manifest(row)
        document_name = _document_name(manifest.media_type)
    except (KeyError, TypeError, ValueError) as error:
        raise _UnusableError("manifest.json lacks a member, or one has the wrong type") from error
    document = files.pop(document_name, None)
    report = files.pop(_REPORT, None)
    trust = {name.removeprefix(_TRUST): content for name, content in files.items() if name.startswith(_TRUST)}
    if report is None or len(trust) != len(files):
        raise _UnusableError("a file is missing or does not belong here")
    if document is not None and sha256(document).hexdigest() != manifest.sha256:
        raise _UnusableError("the document is not the one the verdict is about")
    return Archive(manifest, report, trust, document)


def _manifest_row(archive: Archive, files: Mapping[str, bytes]) -> dict[str, Any]:
    m = archive.manifest
    return {
        "format": FORMAT,
        "submission_id": m.submission_id,
        "kind": m.kind,
        "document": {"sha256": m.sha256, "media_type": m.media_type, "present": archive.document is not None},
        "received_at": m.received_at.isoformat(),
        "judged_at": m.judged_at.isoformat(),
        "skew_seconds": int(m.skew.total_seconds()),
        "outcome": m.outcome,
        "generation": m.generation,
        "policy": m.policy_version,
        "rules": m.rules_version,
        "school_in_scope": m.school_in_scope,
        "carried_findings": [{"code": f.code, "pointer": f.pointer, "detail": f.detail} for f in m.carried],
        "reproduced": m.reproduced,
        "files": {name: sha256(raw).hexdigest() for name, raw in sorted(files.items())},
    }


def _manifest(row: dict[str, Any]) -> Manifest:
    document = row["document"]
    return Manifest(
        submission_id=_optional_text(row["submission_id"]),
        sha256=_digest(document["sha256"]),
        media_type=_optional_text(document["media_type"]),
        received_at=_moment(row["received_at"]),
        judged_at=_moment(row["judged_at"]),
        skew=timedelta(seconds=min(max(_integer(row["skew_seconds"]), 0), 86_400)),
        outcome=_text(row["outcome"]),
        generation=None if row["generation"] is None else _integer(row["generation"]),
        policy_version=_text(row["policy"]),
        rules_version=_text(row["rules"]),
        school_in_scope=_truth(row["school_in_scope"]),
        carried=tuple(
            CarriedFinding(_text(each["code"]), _text(each["pointer"]), _text(each["detail"]))
            for each in _list(row["carried_findings"])
        ),
        reproduced=None if row["reproduced"] is None else _truth(row["reproduced"]),
        kind=_kind(row.get("kind", TRANSCRIPT)),
    )


def _document_name(media_type: str | None) -> str:
    return f"document.{_ENDING.get(media_type or '', 'bin')}"


def _kind(value: object) -> str:
    if value not in KINDS:
        raise ValueError
    return _text(value)


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _digest(value: object) -> str | None:
    if value is not None and not _HEX.fullmatch(_text(value)):
        raise ValueError
    return None if value is None else _text(value)


def _integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _list(value: object) -> list[Any]:
    if type(value) is not list:
        raise TypeError
    return value


def _truth(value: object) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None or moment.year not in _YEARS:
        raise ValueError
    return moment


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
