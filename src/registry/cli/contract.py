"""`registry openapi`: writes the published contract into openapi/, or says where it differs."""

from __future__ import annotations

import csv
import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from registry.api.app import create_app
from registry.core import codes, rules
from registry.core.rule_sets import Rule
from registry.demo import rule_cases
from registry.formats import code_lists, schema, xml_transcript, xsd
from registry.formats.fields import Family
from registry.settings import Settings

_out = Console()
_LISTS = Path(code_lists.__file__).parent / "lists"


def openapi(
    folder: Annotated[Path, typer.Option(help="Where the contract lies.")] = Path("openapi"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 when a file differs.")] = False,
) -> None:
    """Write the OpenAPI document, the table of codes and the transcript schemas, all generated from the code."""
    differing = 0
    for name, text in _documents().items():
        file = folder / name
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        if before == text:
            continue
        differing += 1
        if check:
            lines = difflib.unified_diff(
                before.splitlines(), text.splitlines(), str(file), "generated", lineterm="", n=1
            )
            typer.echo("\n".join(list(lines)[:40]))
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            _out.print(f"{file} written")
    if check and differing:
        _out.print(f"{differing} files of the contract differ: run `registry openapi` and commit them")
        raise typer.Exit(1)


class _InFull(yaml.SafeDumper):
    """Writes what occurs twice twice: not every reader of OpenAPI understands YAML's anchors."""

    def ignore_aliases(self, data: object) -> bool:
        """Always."""
        return True


def _documents() -> dict[str, str]:
    app = create_app(Settings())
    return {
        "registry.yaml": yaml.dump(app.openapi(), Dumper=_InFull, allow_unicode=True, sort_keys=False, width=120),
        "problems.md": _problems(),
        "rules.md": _rules(),
        **_examples(),
        **{f"code-lists/{file.name}": file.read_text("utf-8") for file in sorted(_LISTS.glob("*.csv"))},
        "transcript-primary.schema.json": _json(schema.schema(Family.PRIMARY)),
        "transcript.xsd": xsd.document().decode(),
        "transcript-secondary.schema.json": _json(schema.schema(Family.SECONDARY)),
    }


#: One good transcript for each group of grades with a form of its own.
_EXAMPLES = {"grades-1-2": 1, "grade-3": 3, "grades-4-5": 5, "grades-6-9": 9, "grades-10-12": 11}


def _examples() -> dict[str, str]:
    """The same transcript in both syntaxes, unsigned, for each group of grades; made-up pupils."""
    found = {}
    for name, grade in _EXAMPLES.items():
        document = rule_cases.seeded(grade, grade)
        found[f"examples/{name}.json"] = _json(document)
        found[f"examples/{name}.xml"] = xml_transcript.write(document).decode() + "\n"
    return found


_RULES_HEAD = """# Quy tắc kiểm tra học bạ / Rules for transcripts

Lịch sử các quy tắc mà hệ thống áp dụng; thay đổi được công bố ở đây trước ngày áp dụng. Quy tắc dựa trên hiểu biết chưa kiểm
chứng chỉ cảnh báo. Điều thông tư giao cho hiệu trưởng không bao giờ bị từ chối.
The dated history of what the registry checks; a change is announced here before it binds. What rests on unverified knowledge
only warns. What the circulars leave to the principal is never refused."""


def _rules() -> str:
    """The rules with their clauses and history, made from the same values that judge."""
    lines = [_RULES_HEAD, ""]
    for change in reversed(rules.CHANGES):
        lines += [f"## {change.version}, from {change.binds_from}", ""]
        lines += [f"* {vi}  \n  {en}" for vi, en in zip(change.vi, change.en, strict=True)] + [""]
    lines += ["## Mọi học bạ / Every transcript", "", *_rule_table(rules.GENERAL)]
    for rule_set in rules.RULE_SETS:
        years = ", ".join(
            f"{grade}: {first}{f' – {rule_set.last[grade]}' if rule_set.last else ''}"
            for grade, first in sorted(rule_set.first.items())
        )
        lines += [f"## TT {rule_set.circular}", "", f"Lớp: năm học / grade: school year. {years}", ""]
        lines += (
            _rule_table(rule_set.rules) if rule_set.rules else ["Chỉ kiểm tra hình thức. Shape alone is checked.", ""]
        )
    lines += _own_values()
    lines += ["## Dựa trên hiểu biết chưa kiểm chứng / Resting on unverified knowledge", ""]
    listed = [*rules.GENERAL, *(rule for rule_set in rules.RULE_SETS for rule in rule_set.rules)]
    lines += [f"* `{rule.code.slug}` ({rule.clause}): {rule.vi}. {rule.en}." for rule in listed if rule.unverified]
    return "\n".join(lines) + "\n"


_OWN_HEAD = """## Giá trị của hệ thống / Values of the project's own

Cấu trúc đã công bố nêu tên các danh mục nhưng không nêu giá trị. Mã, tên và ngày bắt đầu dưới đây do hệ thống đặt, không phải của
Bộ hay Sở; khi có giá trị chính thức, tệp cùng tên trong thư mục REGISTRY_CODE_LISTS thay thế mà không cần bản phát hành mới. Mã lạ bị
từ chối (`field-code`) vì không đọc được nghĩa của nó; mã dân tộc lạ (`code-unlisted`), tên khác (`code-name`) và ngày (`code-date`) chỉ
cảnh báo.
The published structure names its lists without their values. Codes, names and first days below are the registry's own, not the
Ministry's or the Department's; once there are official ones, a file of the same name in the folder REGISTRY_CODE_LISTS takes their
place without a release. An unknown code is refused (`field-code`), since it can't be told what it means; an unknown people
(`code-unlisted`), another name (`code-name`) and the dates (`code-date`) only warn.

| danh mục / list | codes | from | own |
| --- | --- | --- | --- |"""
_OWN_LISTS = {
    "subjects": "mã, ngày / codes, dates",
    "levels": "mã, ngày / codes, dates",
    "grades": "mã, ngày / codes, dates",
    "peoples": "theo thứ tự của danh mục thống kê 1979, chưa so với QCVN 109:2017; ngày / in the order of the statistics list of 1979, not compared with QCVN 109:2017; dates",
    "nationalities": "mã ISO 3166-1; tên, ngày / codes of ISO 3166-1; names, dates",
}
_OWN_FIELDS = """
Trường do hệ thống thêm / fields that the registry adds: `lydophienban` (1 đính chính / correction, 2 sau hè / summer, 3 hộ tịch / civil
status, 4 khác / other), `noidunglydo`; `sogiaytoxnc` đã công bố ở nơi khác, không có trong cấu trúc học bạ / is published elsewhere, not in
the transcript's structure.

Giá trị do hệ thống chọn cho trường đã công bố / values chosen for published fields: `xeploai` HTXS, HTT, HT, CHT (TT 27/2020 art. 9.2; cấu
trúc chỉ nêu độ dài / the structure gives a length alone); `phienbanthongtinhocba` 1, 2, 3…; `madinhdanhhocba`, `matruong`, `mahocsinh`:
chữ không dấu, chữ số, gạch nối / letters without marks, digits, hyphens.
"""


def _own_values() -> list[str]:
    """What no publication gives a value for, and the registry had to choose: the lists as they are in this installation's code."""
    rows = []
    for name, own in _OWN_LISTS.items():
        table = list(csv.DictReader((_LISTS / f"{name}.csv").read_text("utf-8").splitlines()))
        first = ", ".join(sorted({row["valid_from"] for row in table}))
        rows.append(f"| [{name}](code-lists/{name}.csv) | {len({row['code'] for row in table})} | {first} | {own} |")
    return [_OWN_HEAD, *rows, _OWN_FIELDS]


def _rule_table(listed: Iterable[Rule]) -> list[str]:
    rows = [f"| {r.vi}<br>{r.en} | `{r.code.slug}` | {r.clause} | {r.effect.value} |" for r in listed]
    return ["| quy tắc / rule | code | clause | effect |", "| --- | --- | --- | --- |", *rows, ""]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _problems() -> str:
    """The table of codes for people, with the same words as the answers."""
    lines = [
        "# Codes",
        "",
        "Every answer of the registry names one of these codes. A code never changes its meaning and is never used again.",
        "Effect: `refuse` nothing is stored; `hold` kept and judged again by itself; `warn` accepted all the same.",
        "",
        "| code | effect | Tiếng Việt | English |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{c.slug}` | {c.effect.value} | **{c.title_vi}.** {c.fix_vi} | **{c.title_en}.** {c.fix_en} |"
        for c in codes.all_codes()
    ]
    return "\n".join(lines).replace("|| ", "| ") + "\n"
