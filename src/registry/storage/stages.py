"""What the stages of a campaign need beside readiness and completeness: which grades of a school are declared. One statement."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import SmallInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import TextClause

from registry.core.stages import Declared
from registry.storage.database import Reading
from registry.storage.same_pupil import REPEATED

_DECLARED = """
WITH c AS (SELECT school_code, grade FROM roster_import
            WHERE school_year = :school_year AND school_code IN (SELECT unnest(:schools)) AND grade = ANY(:grades)
            GROUP BY 1, 2 HAVING sum(joined - left_) > 0),
     d AS (SELECT DISTINCT school_code, grade FROM declaration_grade
            WHERE school_year = :school_year AND school_code IN (SELECT unnest(:schools)))
SELECT c.school_code, count(*) AS grades, count(d.grade) AS declared
  FROM c LEFT JOIN d USING (school_code, grade) GROUP BY 1
"""


_GRADES = f"""
SELECT c.school_code, c.grade, c.pupils - coalesce(o.pupils, 0) AS pupils
  FROM (SELECT school_code, grade, sum(joined - left_) AS pupils FROM roster_import
         WHERE school_year = :school_year AND school_code IN (SELECT unnest(:schools)) AND grade = ANY(:grades)
         GROUP BY 1, 2 HAVING sum(joined - left_) > 0) c
  LEFT JOIN ({REPEATED}) o USING (school_code, grade) ORDER BY 1, 2
"""  # noqa: S608 - only constants of this folder are put together


async def grades(
    tx: Reading, schools: Sequence[str], school_year: str, wanted: Sequence[int]
) -> list[tuple[str, int, int]]:
    """The grades of these schools that have pupils as (school, grade, pupils), in that order."""
    rows = await tx.execute(_asked(_GRADES, schools, school_year, wanted))
    return [(row.school_code, row.grade, int(row.pupils)) for row in rows]


async def declared(tx: Reading, schools: Sequence[str], school_year: str, grades: Sequence[int]) -> dict[str, Declared]:
    """Of each school that has pupils in these grades: how many of the grades, and how many are declared."""
    rows = (await tx.execute(_asked(_DECLARED, schools, school_year, grades))).all()
    return {school: Declared(of, declared) for school, of, declared in rows}


def _asked(statement: str, schools: Sequence[str], school_year: str, grades: Sequence[int]) -> TextClause:
    return text(statement).bindparams(
        bindparam("schools", list(schools), type_=ARRAY(Text)),
        bindparam("school_year", school_year, type_=Text),
        bindparam("grades", list(grades), type_=ARRAY(SmallInteger)),
    )
