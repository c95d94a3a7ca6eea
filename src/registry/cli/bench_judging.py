"""How many documents one core judges per second: signatures, paths, revocation, policy, content; nothing stored.

Warm: the signers' paths are remembered, as they are in a worker that has seen the school before. Cold: no signer, path or
status is remembered, the trust list is read anew and three paths are built and checked for every document; only the parsed
certificates of the authorities stay.

The time goes by the size of the transcript, so the sizes are told: a primary and a secondary year as the demo has them, and the
last year of lower secondary school with certificates and competitions, whose JSON has 6 kB. Signed are all with P-256 (teacher)
and twice RSA 2048 (principal, seal). A machine's speed changes within seconds: in turns with the judging of all documents their
signatures are checked and nothing else is done, so that the ratio of both says more than either figure.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from registry.api import app
from registry.core.findings import Outcome
from registry.core.ids import SchoolYear
from registry.core.trust import TrustList
from registry.demo import city, schools, transcripts
from registry.demo.signers import DemoSigner, DemoTrust
from registry.formats import certificates, jws, signatures, xades
from registry.services import judging, trust

#: What is judged, by the grade.
TRANSCRIPTS = {"6 kB": 9, "secondary": 6, "primary": 1}
_LAST_OF_LOWER_SECONDARY: dict[str, Any] = {
    "kquathamgiacuocthi": (
        "Giải Ba môn Toán kỳ thi học sinh giỏi lớp 9 cấp Thành phố; giải Khuyến khích hội thi Tin học trẻ cấp Thành phố; "
        "tham gia hội thi Khoa học kỹ thuật dành cho học sinh trung học"
    ),
    "chungchi": [
        {"tenchungchi": "Chứng chỉ tiếng Anh bậc 3 (B1)", "loaichungchi": "Ngoại ngữ"},
        {"tenchungchi": "Chứng chỉ ứng dụng công nghệ thông tin cơ bản", "loaichungchi": "Tin học"},
    ],
    "ndunghoanthanh": "Hoàn thành chương trình trung học cơ sở",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What was measured for one transcript in one format: documents per second of processor time, and mean sizes."""

    transcript: str
    format: str
    memory: str
    per_second: float
    checks_per_second: float  # the same documents' signatures checked and nothing else, in turns with the judging
    transcript_bytes: int  # as JSON, without signatures
    document_bytes: int  # as it is sent in this format


def measure(signers: DemoTrust, seconds: float, now: datetime) -> list[Judged]:
    """Judge the same documents over and over, for so many seconds of processor time warm and cold."""
    files = {**signers.files(now), "schools.csv": schools.schools_csv().encode()}
    trust_list, problems = trust.from_files(files)
    if problems:
        raise RuntimeError("a trust list with problems measures nothing")
    moment = judging.Moment(now, now)
    app.leave_alone_what_stays()  # as each worker does before it judges
    measured = []
    for name, grade in TRANSCRIPTS.items():
        made = _made(signers, grade)
        for form, media_type in (("json", judging.JOSE), ("xml", judging.XML)):
            documents = [city.sign_document(document, by, form) for document, by in made]
            sizes = _mean_size(transcripts.to_bytes(document) for document, _ in made), _mean_size(documents)
            for warm in (True, False):
                rates = _rates(documents, media_type, trust_list, moment, seconds, warm=warm)
                measured.append(Judged(name, form, "warm" if warm else "cold", *rates, *sizes))
    return measured


def _made(signers: DemoTrust, grade: int) -> list[tuple[transcripts.Document, list[DemoSigner]]]:
    """One transcript of the grade, and who signs it, for each class of the demo whose school teaches it and whose teacher has
    a key on P-256."""
    found = []
    for school in schools.all_schools():
        if (school.grade <= 5) != (grade <= 5):
            continue
        rng = Random(f"{school.code}/{grade}")  # noqa: S311
        facts = transcripts.school(Random(school.code), code=school.code, name=school.name)  # noqa: S311
        for name in school.classes:
            by = [signers.teachers[school.code, name], signers.principals[school.code], signers.seals[school.code]]
            if not isinstance(by[0].key, ec.EllipticCurvePrivateKey):
                continue
            pupil = transcripts.pupil(rng, grade=grade, school_year=SchoolYear(2024 if grade == 9 else 2023))
            teacher = transcripts.homeroom_teacher(school.code, name)
            class_name = f"{grade}{name[1:]}"
            document = transcripts.document(rng, pupil, facts, class_name=class_name, teacher=teacher)
            if grade == 9:
                document |= _LAST_OF_LOWER_SECONDARY
            found.append((document, by))
    return found


def _mean_size(texts: Iterable[bytes]) -> int:
    return round(statistics.mean(map(len, texts)))


def _rates(
    documents: Sequence[bytes],
    media_type: str,
    trust_list: TrustList,
    moment: judging.Moment,
    seconds: float,
    *,
    warm: bool,
) -> tuple[float, float]:
    """Documents per second of processor time: judged, and their signatures alone."""
    index = certificates.TrustIndex.build(trust_list)
    for raw in documents:  # nothing is warm before everybody has been seen
        if judging.judge(raw, media_type, index, moment, schools=None).outcome is not Outcome.ACCEPTED:
            raise RuntimeError("a document that is not accepted measures nothing")
    checks = [check for raw in documents for check in _checks(raw, media_type, index)]
    done, judged, checked = 0, 0.0, 0.0
    while judged < seconds:
        begun = time.thread_time()
        for raw in documents:
            index = index if warm else certificates.TrustIndex.build(trust_list)
            judging.judge(raw, media_type, index, moment, schools=None)
        between = time.thread_time()
        if not all(signatures.signature_holds(*check) for check in checks):
            raise RuntimeError("a signature that does not hold measures nothing")
        done, judged, checked = done + len(documents), judged + between - begun, checked + time.thread_time() - between
    return round(done / judged, 1), round(done / checked, 1)


def _checks(
    raw: bytes, media_type: str, index: certificates.TrustIndex
) -> list[tuple[signatures.OpenedSignature, object]]:
    """The signatures of a good document, each with its key."""
    open_envelope = xades.open_envelope if media_type == judging.XML else jws.open_envelope
    opened = open_envelope(raw, algorithms=index.trust.policy.algorithms).signatures
    leaves = [index.read(signature.chain[0])[0] for signature in opened]
    return [(signature, leaf.public_key) for signature, leaf in zip(opened, leaves, strict=True) if leaf is not None]
