"""The rows of some pupils of a made city (`registry.cli.bench_city`), made and copied by a process of its own."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from random import Random
from typing import Any, NamedTuple

import asyncpg

from registry.cli import bench_city
from registry.cli.bench_city import City
from registry.cli.bench_limits import EVIDENCE, SIGNATURES
from registry.demo import city as cities
from registry.demo import schools, signers, transcripts
from registry.services import judging, public_codes
from registry.storage.public_codes import Key
from registry.storage.sealing import Sealer

_SAMPLES_OF_A_GRADE = 8
_PUPILS_OF_A_CLASS = 40
#: Every table that is filled, with the columns that are.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "pupil": ("pupil_id", "created_at"),
    "pupil_number": ("number_index", "pupil_id", "number_sealed", "known_since"),
    "pupil_code": ("pupil_code", "pupil_id", "known_since"),
    "roster_import": ("import_id", "school_code", "school_year", "grade", "source", "received_at", "joined", "left_", "changed"),
    "roster_pupil": ("school_year", "school_code", "pupil_code", "joined_at", "grade", "class_name", "pupil_name", "sex", "birth_date",
                     "number_index", "number_sealed", "import_id"),
    "submission": ("submission_id", "received_at", "caller_id", "fingerprint", "media_type", "size", "school_year", "school_code",
                   "level", "grade", "pupil_code", "number_index", "transcript_code"),
    "verdict": ("submission_id", "judged_at", "outcome", "findings", "evidence"),
    "document": ("school_year", "fingerprint", "media_type", "sealed", "stored_at"),
    "record": ("school_year", "pupil_id", "level", "record_id", "transcript_code", "school_code", "grade", "pupil_code",
               "current_version", "created_at"),
    "record_version": ("school_year", "pupil_id", "level", "version", "submission_id", "fingerprint", "accepted_at", "signatures"),
    "transcript_code": ("transcript_code", "school_year", "pupil_id", "level"),
    "public_code": ("code_index", "school_year", "pupil_id", "level", "version", "code_sealed", "face_sealed", "made_at"),
}  # fmt: skip
_EVIDENCE, _SIGNATURES = json.dumps(EVIDENCE), json.dumps(SIGNATURES)
_SIGNED_AT = datetime.fromisoformat(str(SIGNATURES[-1]["signed_at"]))


@dataclass(frozen=True, slots=True)
class Sample:
    """A transcript to make others of: what comes before and after its payload in the envelope, and the payload."""

    pupil: transcripts.PupilFacts
    members: Mapping[str, Any]
    before: bytes
    after: bytes
    payload: bytes

    def of(self, pupil: int) -> bytes:
        """The envelope of another pupil: number and codes are that one's, all else stays."""
        payload = self.payload.replace(
            str(self.members["madinhdanhhocba"]).encode(), bench_city.transcript_code(pupil).encode()
        )
        payload = payload.replace(self.pupil.number.encode(), bench_city.number(pupil).encode())
        payload = payload.replace(self.pupil.pupil_code.encode(), bench_city.pupil_code(pupil).encode())
        return self.before + urlsafe_b64encode(payload).rstrip(b"=") + self.after


Samples = Mapping[int, Sequence[Sample]]


def make_samples(*, signed: bool) -> Samples:
    """Some transcripts of every grade; without `signed` there is no envelope around them."""
    one = schools.all_schools()[0]
    trust = signers.make_trust([one], flawless=True) if signed else None
    rng, school = Random(2), transcripts.school(Random(one.code), code=one.code, name=one.name)  # noqa: S311 - made up
    return {
        grade: [_sample(rng, grade, school, one, trust) for _ in range(_SAMPLES_OF_A_GRADE)]
        for grade in range(1, 13)
    }  # fmt: skip


def _sample(
    rng: Random, grade: int, school: transcripts.SchoolFacts, one: schools.DemoSchool, trust: signers.DemoTrust | None
) -> Sample:
    pupil = transcripts.pupil(rng, grade=grade, school_year=bench_city.YEAR)
    document = transcripts.document(rng, pupil, school, class_name=one.classes[0])
    if trust is None:
        return Sample(pupil, document, b"", b"", transcripts.to_bytes(document))
    signing = [trust.teachers[one.code, one.classes[0]], trust.principals[one.code], trust.seals[one.code]]
    envelope = cities.sign_document(document, signing, "json")
    encoded = json.loads(envelope)["payload"].encode()
    before, _, after = envelope.partition(encoded)
    return Sample(pupil, document, before, after, urlsafe_b64decode(encoded + b"=="))


class _Work(NamedTuple):
    """What a process of the pool works with."""

    loop: asyncio.AbstractEventLoop
    connection: asyncpg.Connection
    sealer: Sealer
    samples: Samples
    city: City


_work: _Work | None = None


def begin(dsn: str, master: bytes, samples: Samples, city: City) -> None:
    """At the start of a process: a connection of its own."""
    global _work
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(dsn))
    _work = _Work(loop, connection, Sealer(master), samples, city)


def copy(chunk: tuple[int, int]) -> int:
    """Make and copy the rows of the pupils from the first number to before the second; how many they are."""
    assert _work is not None, "begun"
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in COLUMNS}
    for pupil in range(*chunk):
        _add(rows, _work, pupil)
    _work.loop.run_until_complete(_send(_work.connection, rows))
    return chunk[1] - chunk[0]


async def _send(connection: asyncpg.Connection, rows: Mapping[str, Sequence[tuple[object, ...]]]) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL synchronous_commit = off")
        for table, columns in COLUMNS.items():
            if rows[table]:
                await connection.copy_records_to_table(table, records=rows[table], columns=columns)


def _add(rows: Mapping[str, list[tuple[object, ...]]], work: _Work, pupil: int) -> None:
    at, year, sealer = bench_city.ACCEPTED_AT, str(bench_city.YEAR), work.sealer
    school = pupil // bench_city.PER_SCHOOL
    school_code, level, grade = bench_city.school_code(school), bench_city.level(school).value, bench_city.grade(pupil)
    sample = work.samples[grade][pupil % _SAMPLES_OF_A_GRADE]
    pupil_id, submission_id = bench_city.identity("pupil", pupil), bench_city.identity("submission", pupil)
    code, pupil_code, number = bench_city.transcript_code(pupil), bench_city.pupil_code(pupil), bench_city.number(pupil)
    index, number_sealed = sealer.number_index(number), sealer.seal_number(number)
    raw = sample.of(pupil)
    fingerprint = sha256(raw).digest()
    rows["pupil"].append((pupil_id, at))
    rows["pupil_number"].append((index, pupil_id, number_sealed, at))
    rows["pupil_code"].append((pupil_code, pupil_id, at))
    _add_to_roster(rows, work.city, sample, pupil, (pupil_code, index, number_sealed))
    rows["submission"].append(
        (
            submission_id,
            at,
            "bench",
            fingerprint,
            judging.JOSE,
            len(raw),
            year,
            school_code,
            level,
            grade,
            pupil_code,
            index,
            code,
        )
    )
    rows["verdict"].append((submission_id, at, "accepted", "[]", _EVIDENCE))
    rows["record"].append(
        (year, pupil_id, level, bench_city.identity("record", pupil), code, school_code, grade, pupil_code, 1, at)
    )
    rows["record_version"].append((year, pupil_id, level, 1, submission_id, fingerprint, at, _SIGNATURES))
    rows["transcript_code"].append((code, year, pupil_id, level))
    if work.city.documents:
        rows["document"].append((year, fingerprint, judging.JOSE, sealer.seal_document(raw, fingerprint), at))
        key = Key(year, pupil_id, level, 1)
        kept = public_codes.sealed(sealer, key, bench_city.drawn("public", pupil), sample.members, _SIGNED_AT)
        rows["public_code"].append((kept.code_index, year, pupil_id, level, 1, kept.code_sealed, kept.face_sealed, at))


def _add_to_roster(
    rows: Mapping[str, list[tuple[object, ...]]], city: City, sample: Sample, pupil: int, keys: tuple[str, bytes, bytes]
) -> None:
    """A stay on the roster; with the first pupil of a grade, the import that all of the grade came with."""
    at, year, school, grade = (
        bench_city.ACCEPTED_AT,
        str(bench_city.YEAR),
        pupil // bench_city.PER_SCHOOL,
        bench_city.grade(pupil),
    )
    school_code, first = bench_city.school_code(school), school * bench_city.PER_SCHOOL
    import_id = bench_city.identity(f"roster {grade}", school)
    facts, (pupil_code, index, sealed) = sample.pupil, keys
    class_name = f"{grade}A{(pupil - first) // _PUPILS_OF_A_CLASS + 1}"
    rows["roster_pupil"].append(
        (year, school_code, pupil_code, at, grade, class_name, facts.name, facts.sex.value,
         facts.birth.isoformat(), index, sealed, import_id)
    )  # fmt: skip
    if pupil == first or bench_city.grade(pupil - 1) != grade:
        last = min(first + bench_city.PER_SCHOOL, city.pupils)
        joined = sum(bench_city.grade(each) == grade for each in range(pupil, last))
        rows["roster_import"].append((import_id, school_code, year, grade, "bench", at, joined, 0, 0))
