"""The rows of some schools of `registry.cli.bench_records`, made and copied by a process of its own.

What names a pupil's record follows from the pupil's position, so that a bench asks for any of them without having read anything.
"""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from registry.cli import bench_city
from registry.cli.bench_city import City, Pupil
from registry.cli.bench_limits import EVIDENCE, SIGNATURES
from registry.core.ids import SchoolYear
from registry.demo import city as cities
from registry.demo import schools, signers, transcripts
from registry.services import judging, public_codes
from registry.storage.public_codes import Key
from registry.storage.sealing import Sealer

_SAMPLES_OF_A_GRADE = 8
_PLACES = ("079", "001", "038", "040", "051", "052", "066", "072", "074", "077", "080", "082", "083")
MOST = len(_PLACES) * 10**6
_AT = datetime(2026, 6, 2, 3, tzinfo=UTC)
#: Every table that is filled, with the columns that are.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "pupil": ("pupil_id", "created_at"),
    "pupil_number": ("number_index", "pupil_id", "number_sealed", "known_since"),
    "pupil_code": ("pupil_code", "pupil_id", "known_since"),
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


def identity(what: str, position: int) -> UUID:
    """A random-looking id that follows from the pupil's position: of the transcript, the pupil, the submission..."""
    return UUID(bytes=drawn(what, position), version=4)


def drawn(what: str, position: int) -> bytes:
    """16 random-looking bytes that follow from the pupil's position."""
    return blake2b(f"{what} {position}".encode(), digest_size=16).digest()


def transcript_code(position: int) -> str:
    """The code of a pupil's transcript."""
    return str(identity("transcript", position))


def number(position: int) -> str:
    """A pupil's personal number: 12 digits, nobody's twice; not those of sex and birth."""
    return f"{_PLACES[position // 10**6]}316{position % 10**6:06d}"


@dataclass(frozen=True, slots=True)
class Sample:
    """A transcript to make others of: what comes before and after its payload in the envelope, and the payload."""

    pupil: transcripts.PupilFacts
    members: Mapping[str, Any]
    before: bytes
    after: bytes
    payload: bytes

    def of(self, pupil: Pupil) -> bytes:
        """The envelope of another pupil: number and codes are that one's, all else stays."""
        mine, other = self.pupil, pupil.position
        payload = self.payload.replace(str(self.members["madinhdanhhocba"]).encode(), transcript_code(other).encode())
        payload = payload.replace(mine.number.encode(), number(other).encode())
        payload = payload.replace(mine.pupil_code.encode(), pupil.code.encode())
        return self.before + urlsafe_b64encode(payload).rstrip(b"=") + self.after


Samples = Mapping[int, Sequence[Sample]]


def make_samples() -> Samples:
    """Some signed transcripts of every grade."""
    one = schools.all_schools()[0]
    trust = signers.make_trust([one], flawless=True)
    rng, school = Random(2), transcripts.school(Random(one.code), code=one.code, name=one.name)  # noqa: S311 - made up
    return {
        grade: [_sample(rng, grade, school, one, trust) for _ in range(_SAMPLES_OF_A_GRADE)] for grade in range(1, 13)
    }


def _sample(
    rng: Random, grade: int, school: transcripts.SchoolFacts, one: schools.DemoSchool, trust: signers.DemoTrust
) -> Sample:
    year = SchoolYear(int(bench_city.YEAR[:4]))
    pupil = transcripts.pupil(rng, grade=grade, school_year=year)
    document = transcripts.document(rng, pupil, school, class_name=one.classes[0])
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


def copy(schools_from_to: tuple[int, int]) -> int:
    """Make and copy the rows of the pupils of some schools; how many they are."""
    assert _work is not None, "begun"
    rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in COLUMNS}
    for pupil in _work.city.of_schools(*schools_from_to):
        _add(rows, _work, pupil)
    _work.loop.run_until_complete(_send(_work.connection, rows))
    return len(rows["pupil"])


async def _send(connection: asyncpg.Connection, rows: Mapping[str, Sequence[tuple[object, ...]]]) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL synchronous_commit = off")
        for table, columns in COLUMNS.items():
            if rows[table]:
                await connection.copy_records_to_table(table, records=rows[table], columns=columns)


def _add(rows: Mapping[str, list[tuple[object, ...]]], work: _Work, pupil: Pupil) -> None:
    place, year, sealer = pupil.position, bench_city.YEAR, work.sealer
    school, level, grade = work.city.school_code(pupil.school), pupil.level.value, pupil.grade
    sample = work.samples[grade][place % _SAMPLES_OF_A_GRADE]
    pupil_id, submission_id, code = identity("pupil", place), identity("submission", place), transcript_code(place)
    index, raw = sealer.number_index(number(place)), sample.of(pupil)
    fingerprint = sha256(raw).digest()
    rows["pupil"].append((pupil_id, _AT))
    rows["pupil_number"].append((index, pupil_id, sealer.seal_number(number(place)), _AT))
    rows["pupil_code"].append((pupil.code, pupil_id, _AT))
    rows["submission"].append(
        (
            submission_id,
            _AT,
            "bench",
            fingerprint,
            judging.JOSE,
            len(raw),
            year,
            school,
            level,
            grade,
            pupil.code,
            index,
            code,
        )
    )
    rows["verdict"].append((submission_id, _AT, "accepted", "[]", _EVIDENCE))
    rows["document"].append((year, fingerprint, judging.JOSE, sealer.seal_document(raw, fingerprint), _AT))
    rows["record"].append((year, pupil_id, level, identity("record", place), code, school, grade, pupil.code, 1, _AT))
    rows["record_version"].append((year, pupil_id, level, 1, submission_id, fingerprint, _AT, _SIGNATURES))
    rows["transcript_code"].append((code, year, pupil_id, level))
    key = Key(year, pupil_id, level, 1)
    kept = public_codes.sealed(sealer, key, drawn("public", place), sample.members, _SIGNED_AT)
    rows["public_code"].append((kept.code_index, year, pupil_id, level, 1, kept.code_sealed, kept.face_sealed, _AT))
