"""The signed payload (JSON or XML) read into a transcript, strictly, with everything wrong in it reported at once. Pure.

Which fields there are is in `registry.formats.fields`; how one value is read in `registry.formats.values`. What a circular
says about the content is judged by `registry.core.rules`, whose pointers `to_wire` turns into wire names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from typing import Any, Final

from registry.core import codes, ids
from registry.core.findings import Finding
from registry.core.ids import Level
from registry.core.transcript import Claims, PrimaryMark, SecondaryMark, State, Transcript, VersionReason
from registry.formats import assembling, code_lists, fields, plans, strict_json, xml_schemas
from registry.formats.fields import Family
from registry.formats.structure import Need, Rows
from registry.formats.values import Bad

_ABSENT: Final = object()
#: What has to be looked at more closely: what is wrong, and what is nothing or could not be told at once.
_OPEN = frozenset({Bad, type(None)})
_MOST_UNKNOWN = 20  # findings for unknown members of one object
_PLAIN_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,63}")
_NUMBER_LIKE = re.compile("[0-9]{5}")
_DISABLED = "cokhuyettatkhongdanhgia"
_VIETNAM = "VN"
_GRADE_WIRE, _LEVEL_WIRE = "makhoi", "macaphoc"
_MARKS = "marks"
_BIRTH_PATHS = ("birth", "birth_month", "birth_year")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read.

    `transcript` is given when every field that rules look at could be read, even beside findings that refuse it (then other
    texts that could not be read are empty): it may be checked further, but stored only when nothing refuses it.
    """

    transcript: Transcript | None
    claims: Claims
    findings: tuple[Finding, ...]
    record: xml_schemas.Record | None = field(default=None, repr=False, compare=False)  # what was read in XML


class _Sheet:
    """Findings so far, and whether something the rules need could not be read."""

    __slots__ = ("blocked", "findings")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.blocked = False


_SHARED = plans.PLANS[Family.PRIMARY]  # for the fields that both families have

#: Nothing could be read, and nothing is said about it: for a payload that never came to light.
NOTHING = Parsed(None, Claims(), ())


def parse(payload: bytes) -> Parsed:
    """Read the signed bytes of a transcript: UTF-8 JSON, an object with the published fields of the family its level names.

    Codes: those of the JSON reader, field-*, birth-date-*, transcript-year, -grade, -state, -dates, number-*, code-date;
    pointers lead into the payload. Never raises.
    """
    value, findings = strict_json.parse(payload)
    if findings:
        return Parsed(None, Claims(), tuple(findings))
    if type(value) is not dict:
        return Parsed(None, Claims(), (Finding(codes.FIELD_TYPE, "", "an object"),))
    return read(value)


def parse_xml(payload: bytes, schemas: xml_schemas.Schemas = xml_schemas.SCHEMAS) -> Parsed:
    """Read the signed bytes of a transcript in XML: the canonical form of its Transcript element.

    Codes: those of `parse`, with xml-* in the place of the JSON reader's; the same pointers. Never raises.
    """
    record = xml_schemas.read(payload, schemas)
    parsed = read(record.members) if record.members is not None else NOTHING
    return replace(parsed, findings=(*record.findings, *parsed.findings), record=record)


def read(value: Mapping[str, Any]) -> Parsed:
    """Read a transcript from its members, whatever syntax they came in. Codes: those of `parse` but the reader's."""
    plan = _plan_for(value)
    if plan is None:
        return _without_family(value)
    sheet = _Sheet()
    assessed = value.get(_DISABLED, False) is False  # anything unreadable is one finding, not one for each result too
    read = _members(value, plan.top, "", assessed, sheet)
    lists = {rows.path: _table(value, rows, row_plan, assessed, sheet) for rows, row_plan in plan.lists}
    _read_birth(read, value, sheet)
    _read_number(read, value, sheet)
    _check_head(read, sheet)
    _check_people(read.get("people"), sheet)
    _check_code_dates(value, plan.family, read.get("issued_on"), sheet)
    transcript = None if sheet.blocked else assembling.transcript(read, lists, plan.family is Family.PRIMARY)
    return Parsed(transcript, _claims(read), tuple(sheet.findings))


def of_the_year(value: Mapping[str, Any], *, marks: bool) -> Transcript | None:
    """What a transcript that was accepted says of how the year went, and its marks if they are wanted; texts, names, numbers and its
    other lists are left empty, and nothing is judged again: that takes a quarter of the time of `read`. None when it can't be read."""
    plan = _plan_for(value)
    if plan is None:
        return None
    sheet, assessed = _Sheet(), value.get(_DISABLED, False) is False
    read = _steps(value, plan.of_the_year, "", assessed, sheet)
    lists = {
        rows.path: _table(value, rows, row_plan, assessed, sheet)
        if marks and rows.path == _MARKS
        else assembling.NO_ROWS
        for rows, row_plan in plan.lists
    }
    return None if sheet.blocked else assembling.transcript(read, lists, plan.family is Family.PRIMARY)


def members(value: Mapping[str, object], plan: plans.Plan) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """One object read by a plan: its values by their places, and what is wrong with it. Codes: field-*, transcript-year."""
    sheet = _Sheet()
    return _members(value, plan, "", True, sheet), tuple(sheet.findings)


def members_and_lists(
    value: Mapping[str, object], plan: plans.Plan, lists: Sequence[tuple[Rows, plans.Plan]]
) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]], tuple[Finding, ...]]:
    """The same of an object with child lists, whose rows come by the places of their lists."""
    sheet = _Sheet()
    read = _members(value, plan, "", True, sheet)
    found = {rows.path: _rows(value, rows, of_rows, True, sheet) for rows, of_rows in lists}
    return read, found, tuple(sheet.findings)


def name_findings(transcript: Transcript) -> list[Finding]:
    """code-name (WARN) where a subject's name is none of the spellings its code stands for; subjects go by their code."""
    results = transcript.primary or transcript.secondary
    rows: Sequence[PrimaryMark | SecondaryMark] = results.marks if results is not None else ()
    found = []
    for index, row in enumerate(rows):
        if not code_lists.is_name_of(row.subject, row.subject_name):
            name = code_lists.ROW_OF[row.subject].name
            found.append(Finding(codes.CODE_NAME, wire_pointer(f"/marks/{index}/subject_name", transcript.level), name))
    return found


def with_wire_pointer(finding: Finding, transcript: Transcript) -> Finding:
    """A finding about a transcript, its pointer in the registry's words (`/marks/3/test_mark`) turned into a payload pointer."""
    return replace(finding, pointer=wire_pointer(finding.pointer, transcript.level))


def wire_pointer(pointer: str, level: Level) -> str:
    """The payload pointer for a pointer into a transcript of the level; one that names no field comes back unchanged."""
    wires = plans.PLANS[fields.family_of(level)].wires
    path = pointer.removeprefix("/")
    if path in wires:
        return f"/{wires[path]}"
    head, _, rest = path.partition("/")
    index, _, tail = rest.partition("/")
    if head not in wires or not index.isdecimal():
        return pointer
    member = wires.get(f"{head}/*/{tail}")
    return f"/{wires[head]}/{index}" + (f"/{member}" if member else "")


def _plan_for(value: Mapping[str, object]) -> plans.FamilyPlan | None:
    """By the level; where that can't be read by the grade, so that the rest of the document can still be checked."""
    level = _coded(code_lists.LEVELS, value.get(_LEVEL_WIRE))
    if level is None:
        grade = _coded(code_lists.GRADES, value.get(_GRADE_WIRE))
        level = None if grade is None else ids.level_of(grade)
    return None if level is None else plans.PLANS[fields.family_of(level)]


def _coded(codes_of: code_lists.CodeList, value: object) -> Any:
    return codes_of.values.get(value) if type(value) is str else None


def _without_family(value: Mapping[str, object]) -> Parsed:
    """Neither level nor grade could be read: what to expect is not known, so only these two are reported."""
    sheet = _Sheet()
    read = _steps(value, _SHARED.top.steps, "", True, sheet)
    _read_number(read, value, sheet)
    pointers = (f"/{_LEVEL_WIRE}", f"/{_GRADE_WIRE}")
    return Parsed(None, _claims(read), tuple(finding for finding in sheet.findings if finding.pointer in pointers))


def _members(
    value: Mapping[str, object], plan: plans.Plan, pointer: str, assessed: bool, sheet: _Sheet
) -> dict[str, Any]:
    """Read one object; the answer maps places in the transcript (or wire names of fields not carried) to values."""
    way = plans.way(plan, tuple(value), assessed)
    if way is not None:
        try:
            found = [read_value(given) for read_value, given in zip(way.readers, way.values(value), strict=True)]
        except TypeError:  # an object or a list in the place of a code
            found = [None]
        if _OPEN.isdisjoint(map(type, found)):
            return dict(zip(way.keys, found, strict=True))
    read = _steps(value, plan.steps, pointer, assessed, sheet)
    if not value.keys() <= plan.names:
        _report_unknown(value, plan, pointer, sheet)
    return read


def _steps(
    value: Mapping[str, object], steps: tuple[plans.Step, ...], pointer: str, assessed: bool, sheet: _Sheet
) -> dict[str, Any]:
    read: dict[str, Any] = {}
    get, absent, optional = value.get, _ABSENT, Need.OPTIONAL
    for wire, read_value, need, key, blocking, _ in steps:
        given = get(wire, absent)
        if given is None or given is absent:
            if need is optional or (need is Need.ASSESSED and not assessed):
                continue
            result: object = (
                Bad(codes.FIELD_MISSING, "") if given is absent else Bad(codes.FIELD_TYPE, "a value, not null")
            )
        else:
            result = read_value(given)
        if type(result) is Bad:
            sheet.findings.append(Finding(result.code, f"{pointer}/{wire}", result.detail))
            sheet.blocked |= blocking
        else:
            read[key] = result
    return read


def _report_unknown(value: Mapping[str, object], plan: plans.Plan, pointer: str, sheet: _Sheet) -> None:
    """Unknown members; a name goes into the pointer only if it is a plain field name (a name can carry personal data)."""
    unknown = [name for name in value if name not in plan.names]
    for name in unknown[:_MOST_UNKNOWN]:
        known = plan.folded.get(name.casefold())
        detail = f"did you mean {known}" if known else ""
        plain = _PLAIN_NAME.fullmatch(name) and not _NUMBER_LIKE.search(name)
        sheet.findings.append(Finding(codes.FIELD_UNKNOWN, f"{pointer}/{name}" if plain else pointer, detail))
    if len(unknown) > _MOST_UNKNOWN:
        more = f"{len(unknown) - _MOST_UNKNOWN} more unknown fields"
        sheet.findings.append(Finding(codes.FIELD_UNKNOWN, pointer, more))


def _table(
    value: Mapping[str, object], rows: Rows, plan: plans.Plan, assessed: bool, sheet: _Sheet
) -> assembling.Table:
    """A child list for assembling; a row that could not be read in full is left out."""
    found = _columns(value.get(rows.wire), rows, plan, assessed)
    return assembling.Table.of(_rows(value, rows, plan, assessed, sheet)) if found is None else found


def _columns(given: object, rows: Rows, plan: plans.Plan, assessed: bool) -> assembling.Table | None:
    """A list read column by column, as can be done where all rows have the same members and nothing is wrong; else None."""
    if type(given) is not list or not 1 < len(given) <= rows.most or set(map(type, given)) != {dict}:
        return None
    members = set(map(tuple, given))
    way = plans.way(plan, members.pop(), assessed) if len(members) == 1 else None
    if way is None:
        return None
    columns = zip(way.readers, zip(*map(way.values, given), strict=True), strict=True)
    try:
        found = [list(map(read_value, column)) for read_value, column in columns]
    except TypeError:  # an object or a list in the place of a code
        return None
    if not _OPEN.isdisjoint(map(type, chain.from_iterable(found))):
        return None
    return assembling.Table(len(given), dict(zip(way.keys, found, strict=True)))


def _rows(
    value: Mapping[str, object], rows: Rows, plan: plans.Plan, assessed: bool, sheet: _Sheet
) -> list[dict[str, Any]]:
    """Read a child list; a row that could not be read in full is left out."""
    given, pointer = value.get(rows.wire), f"/{rows.wire}"
    if given is None and (rows.need is Need.OPTIONAL or rows.wire not in value):
        trouble = None if rows.need is Need.OPTIONAL else Bad(codes.FIELD_MISSING, "")
    elif type(given) is not list:
        trouble = Bad(codes.FIELD_TYPE, "a list of objects")
    elif len(given) > rows.most:
        trouble = Bad(codes.FIELD_LENGTH, f"at most {rows.most} rows")
    else:
        return _read_rows(given, rows, plan, assessed, sheet)
    if trouble is not None:
        sheet.findings.append(Finding(trouble.code, pointer, trouble.detail))
        sheet.blocked |= rows.need is Need.REQUIRED
    return []


def _read_rows(
    given: list[object], rows: Rows, plan: plans.Plan, assessed: bool, sheet: _Sheet
) -> list[dict[str, Any]]:
    found, blocked = [], sheet.blocked
    for index, row in enumerate(given):
        pointer, before = f"/{rows.wire}/{index}", len(sheet.findings)
        if type(row) is not dict:
            sheet.findings.append(Finding(codes.FIELD_TYPE, pointer, "an object"))
            sheet.blocked = True
            continue
        read = _members(row, plan, pointer, assessed, sheet)
        if rows.need is Need.REQUIRED or len(sheet.findings) == before:
            found.append(read)
    if rows.need is not Need.REQUIRED:
        sheet.blocked = blocked  # rules look at no other list than the marks
    return found


def _read_birth(read: dict[str, Any], value: Mapping[str, object], sheet: _Sheet) -> None:
    """Put the most precise of the birth date fields under "birth"; they may not contradict each other, one must be there."""
    given: list[ids.BirthDate] = [read[path] for path in _BIRTH_PATHS if path in read]
    wires = [_SHARED.wires[path] for path in _BIRTH_PATHS]
    if not given:
        if all(value.get(wire) is None for wire in wires):
            sheet.findings.append(Finding(codes.BIRTH_DATE_MISSING, f"/{wires[0]}", f"one of {', '.join(wires)}"))
        return
    read["birth"] = given[0]
    for path, wire in zip(_BIRTH_PATHS, wires, strict=True):
        if path in read and not given[0].agrees_with(read[path]):
            sheet.findings.append(Finding(codes.BIRTH_DATE_CONFLICT, f"/{wire}", "the same date in every form given"))
            del read["birth"]
            return


def _read_number(read: dict[str, Any], value: Mapping[str, object], sheet: _Sheet) -> None:
    """The personal number: absent, null and "" hold the document, anything else must agree with sex and birth date."""
    number, pointer = value.get("sodinhdanh"), "/sodinhdanh"
    foreign = read.get("nationality") not in (None, _VIETNAM)
    if "entry_document" in read and read.get("nationality") == _VIETNAM:
        sheet.findings.append(Finding(codes.ENTRY_DOCUMENT, "/sogiaytoxnc", "only with another nationality than VN"))
    if number is None or number == "":
        if foreign and "entry_document" in read:
            return
        sheet.findings.append(Finding(codes.NUMBER_ABSENT, pointer, ""))
    elif type(number) is not str:
        sheet.findings.append(Finding(codes.FIELD_TYPE, pointer, "text"))
    else:
        birth = read.get("birth")
        sheet.findings += ids.number_findings(number, sex=read.get("sex"), birth=birth, pointer=pointer)
        if ids.number_fits(number):
            read["number"] = number


def _check_head(read: Mapping[str, Any], sheet: _Sheet) -> None:
    """State, grade of level, order of dates."""
    found = sheet.findings
    if read.get("state") is State.WITHDRAWN:
        found.append(Finding(codes.TRANSCRIPT_STATE, "/trangthaithongtinhocba", "1"))
    level, grade = read.get("level"), read.get("grade")
    if level is not None and grade is not None and not ids.grade_fits(level, grade):
        grades = ids.GRADES[level]
        found.append(Finding(codes.TRANSCRIPT_GRADE, f"/{_GRADE_WIRE}", f"{grades[0]} to {grades[-1]} for this level"))
        sheet.blocked = True
    made, issued = read.get("made_on"), read.get("issued_on")
    if made is not None and issued is not None and issued < made:
        found.append(Finding(codes.TRANSCRIPT_DATES, "/ngaykyphathanh", "not before ngaytao"))
    _check_reason(read, found)


def _check_people(code: str | None, sheet: _Sheet) -> None:
    """code-unlisted (WARN): the list of peoples has not been compared with the official one, and no rule asks for the people."""
    if code is not None and code not in code_lists.PEOPLES.values:
        sheet.findings.append(Finding(codes.CODE_UNLISTED, "/dantoc", f"a code of the list {code_lists.PEOPLES.title}"))


def _check_code_dates(value: Mapping[str, Any], family: Family, issued_on: date | None, sheet: _Sheet) -> None:
    """code-date (WARN) for each known code of a dated list that was not in force on the day of issue."""
    dated = plans.DATED[family]
    if issued_on is None or dated.settled_from <= issued_on <= dated.settled_to:
        return
    found = sheet.findings
    for wire, codes_of in dated.top:
        _check_code_date(value.get(wire), codes_of, issued_on, f"/{wire}", found)
    for rows_wire, wire, codes_of in dated.rows:
        rows = value.get(rows_wire)
        for index, row in enumerate(rows if type(rows) is list else ()):
            if type(row) is dict:
                _check_code_date(row.get(wire), codes_of, issued_on, f"/{rows_wire}/{index}/{wire}", found)


def _check_code_date(
    given: object, codes_of: code_lists.CodeList, day: date, pointer: str, found: list[Finding]
) -> None:
    if type(given) is str and not codes_of.in_force(given, day):
        periods = ", ".join(f"{first} to {last}" for first, last in codes_of.periods[given])
        found.append(Finding(codes.CODE_DATE, pointer, f"issued {periods.replace(' to 9999-12-31', ' or later')}"))


def _check_reason(read: Mapping[str, Any], found: list[Finding]) -> None:
    """Why there is a version: said of every version but the first; in words where the code does not say it all."""
    version, reason = read.get("version"), read.get("version_reason")
    if version is None:
        return
    if version > 1 and reason is None:
        if any(finding.pointer == "/lydophienban" for finding in found):
            return  # it is there and could not be read
        found.append(Finding(codes.VERSION_REASON, "/lydophienban", "with every version after the first"))
    elif version == 1 and reason is not None:
        found.append(Finding(codes.VERSION_REASON, "/lydophienban", "not with the first version"))
    elif reason is not None and reason is not VersionReason.SUMMER and "version_note" not in read:
        found.append(Finding(codes.VERSION_REASON, "/noidunglydo", "the reason in words"))


def _claims(read: Mapping[str, Any]) -> Claims:
    return Claims(
        transcript_code=read.get("code"),
        version=read.get("version"),
        school_year=read.get("school_year"),
        school_code=read.get("school_code"),
        level=read.get("level"),
        grade=read.get("grade"),
        pupil_code=read.get("pupil_code"),
        number=read.get("number"),
        nationality=read.get("nationality"),
        entry_document=read.get("entry_document"),
        extract=read.get("extract") is True,
    )
