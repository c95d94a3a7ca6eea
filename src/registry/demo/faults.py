"""The faults planted in the synthetic city, each with the answer it should get."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.demo import signers, transcripts
from registry.demo.schools import DemoSchool
from registry.demo.signers import DemoSigner, DemoTrust

Document = dict[str, Any]
Signers = list[DemoSigner]
_WHOLE_CLASS = range(10_000)
_NAME = re.compile("<hovaten>(.*?)</hovaten>")


def _same_document(document: Document) -> Document:
    return document


def _same_signers(signers: Signers, _trust: DemoTrust, _school: DemoSchool) -> Signers:
    return signers


def _same_bytes(envelope: bytes) -> bytes:
    return envelope


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: what it changes, and the outcome, code, pointer and completeness bucket it should come to."""

    slug: str
    title: str
    outcome: str
    code: str
    pointer: str
    bucket: str
    sent: bool = True
    change: Callable[[Document], Document] = field(default=_same_document, repr=False)
    signers: Callable[[Signers, DemoTrust, DemoSchool], Signers] = field(default=_same_signers, repr=False)
    spoil: Callable[[bytes], bytes] = field(default=_same_bytes, repr=False)


def _without_number(document: Document) -> Document:
    return {**document, "sodinhdanh": ""}


def _wrong_century(document: Document) -> Document:
    """The digit after the place code says the last century of the other sex."""
    number = document["sodinhdanh"]
    return {**document, "sodinhdanh": f"{number[:3]}{'1' if number[3] in '02' else '0'}{number[4:]}"}


def _mark_of_eleven(rows: str, column: str) -> Callable[[Document], Document]:
    def change(document: Document) -> Document:
        first, *others = document[rows]
        return {**document, rows: [{**first, column: "11"}, *others]}

    return change


def _seal_of_another_school(signers: Signers, trust: DemoTrust, school: DemoSchool) -> Signers:
    other = next(seal for code, seal in trust.seals.items() if code != school.code)
    return [*signers[:2], other]


def _seal_before_principal(signers: Signers, _trust: DemoTrust, _school: DemoSchool) -> Signers:
    return [signers[0], signers[2], signers[1]]


def _swapped(envelope: bytes) -> bytes:
    parts = json.loads(envelope)
    parts["signatures"][1:] = reversed(parts["signatures"][1:])
    return json.dumps(parts, separators=(",", ":")).encode()


def _altered_after_signing(container: bytes) -> bytes:
    """Another name stands in the signed XML than the one that was signed."""
    return _NAME.sub(lambda name: f"<hovaten>{name[1][::-1]}</hovaten>", container.decode()).encode()


MISSING = Fault("missing", "lớp không gửi / a class never sent", "-", "-", "", "missing", sent=False)
NO_NUMBER = Fault(
    "no-number", "chưa có số định danh / no personal number", "held", "number-absent", "/sodinhdanh", "awaiting_number",
    change=_without_number,
)  # fmt: skip
NO_NUMBER_SILENT = Fault(
    "no-number-unsent", "chưa có số, chưa gửi / no number, not sent", "-", "-", "", "awaiting_number", sent=False
)
REVOKED = Fault(
    "revoked-teacher", "chứng thư giáo viên bị thu hồi / revoked teacher", "refused", "certificate-revoked", "/signatures/0",
    "refused",
)  # fmt: skip
OTHER_SEAL = Fault(
    "other-seal", "con dấu trường khác / seal of another school", "refused", "signer-school", "/signatures/2", "refused",
    signers=_seal_of_another_school,
)  # fmt: skip
BROKEN = Fault(
    "broken-digest", "nội dung đổi sau khi ký / changed after signing", "refused", "reference-digest",
    "/signatures/0/SignedInfo/Reference/0/DigestValue", "refused", spoil=_altered_after_signing,
)  # fmt: skip
SWAPPED = Fault(
    "swapped", "đảo chỗ hai chữ ký / two signatures swapped", "refused", "header-prev-mismatch",
    "/signatures/1/protected/prev", "refused", spoil=_swapped,
)  # fmt: skip
WRONG_ORDER = Fault(
    "wrong-order", "con dấu ký trước hiệu trưởng / seal before principal", "refused", "signer-role-order", "/signatures/2",
    "refused", signers=_seal_before_principal,
)  # fmt: skip
CENTURY = Fault(
    "century-digit", "sai chữ số thế kỷ / wrong century digit", "refused", "number-sex", "/sodinhdanh", "refused",
    change=_wrong_century,
)  # fmt: skip
ELEVEN_PRIMARY = Fault(
    "mark-of-11", "điểm 11 (tiểu học) / a mark of 11", "refused", "rule-mark-scale", "/dsbangdiem/0/diemkiemtradinhky",
    "refused", change=_mark_of_eleven("dsbangdiem", "diemkiemtradinhky"),
)  # fmt: skip
ELEVEN_SECONDARY = Fault(
    "mark-of-11-thcs", "điểm 11 (THCS) / a mark of 11", "refused", "rule-mark-scale", "/bangdiem/0/diemhocky1", "refused",
    change=_mark_of_eleven("bangdiem", "diemhocky1"),
)  # fmt: skip
UNKNOWN_FIELD = Fault(
    "unknown-field", "trường dữ liệu lạ / unknown field", "refused", "field-unknown", "/ghichu", "refused",
    change=lambda document: {**document, "ghichu": "x"},
)  # fmt: skip
NO_LIST = Fault(
    "no-revocation-list", "CA chưa có danh sách thu hồi / no revocation list yet", "held", "revocation-unknown",
    "/signatures/0", "held",
)  # fmt: skip
OTHER_VENDOR = Fault(
    "other-vendor",
    "nhà cung cấp khác gửi / sent by the other vendor",
    "refused",
    "scope-school",
    "/matruong",
    "present",
)

#: Not a fault: the corrected version that a school sends later.
CORRECTED = Fault(
    "second-version", "bản đính chính / a corrected version", "accepted", "", "", "present",
    change=lambda document: transcripts.revised(document, 2),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """Which pupil of which class carries which fault."""

    faults: dict[tuple[str, str], dict[range, Fault]]
    intrusion: tuple[str, str, int] | None

    def fault_of(self, school_code: str, class_name: str, position: int) -> Fault | None:
        """The fault of the pupil at this position of the class, or None."""
        here = self.faults.get((school_code, class_name), {})
        return next((fault for positions, fault in here.items() if position in positions), None)

    def intrudes(self, school_code: str, class_name: str, position: int) -> bool:
        """True for the one pupil whose transcript the competing vendor sends as well."""
        return (school_code, class_name, position) == self.intrusion


#: No fault anywhere.
FLAWLESS = Plan({}, None)


def plan(all_schools: Sequence[DemoSchool]) -> Plan:
    """Where each fault is planted; the first fourteen schools are primary, the others lower secondary."""
    one = range(1)
    placed: list[tuple[int, int, range, Fault]] = [
        (0, 3, _WHOLE_CLASS, MISSING),
        (1, 0, range(5), NO_NUMBER),
        (3, 0, one, OTHER_SEAL),
        (5, 0, one, BROKEN),
        (6, 0, one, SWAPPED),
        (6, 1, one, WRONG_ORDER),
        (7, 0, one, CENTURY),
        (8, 0, one, ELEVEN_PRIMARY),
        (9, 0, one, UNKNOWN_FIELD),
        (15, 0, range(3), NO_NUMBER_SILENT),
        (16, 0, one, ELEVEN_SECONDARY),
    ]
    where: dict[tuple[str, str], dict[range, Fault]] = {}
    for position, class_position, positions, fault in placed:
        place = (all_schools[position].code, all_schools[position].classes[class_position])
        where.setdefault(place, {})[positions] = fault
    for (school, class_name), fault in (
        (signers.class_of_revoked_teacher(all_schools), REVOKED),
        (signers.class_without_list(all_schools), NO_LIST),
    ):
        where[school.code, class_name] = {_WHOLE_CLASS: fault}
    return Plan(where, (all_schools[4].code, all_schools[4].classes[0], 0))
