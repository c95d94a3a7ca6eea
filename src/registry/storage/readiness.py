"""What readiness needs to know of schools beside the register: numbers on rosters, last contact, refusals. One statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import DateTime, SmallInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from registry.core import ids
from registry.core.readiness import Numbers
from registry.storage.database import Reading, planned_for
from registry.storage.same_pupil import REPEATED

# How many stand on a roster is the sum of what its imports did, which a few rows tell; those without a number are few, and have
# an index of their own. A pupil who stands there under two codes is one, as in the buckets. Refusals and last contacts have tables of their own, in which triggers note only what those did who speak
# for the school.
_LOOK = f"""
WITH s AS (SELECT unnest(:schools) AS school_code),
     c AS (SELECT school_code, sum(joined - left_) FILTER (WHERE school_year = :school_year
                                                        AND (:grades IS NULL OR grade = ANY(:grades))) AS pupils,
                  NOT bool_or(grade = ANY(:alike)) AS elsewhere
             FROM roster_import WHERE school_code IN (SELECT unnest(:schools)) GROUP BY 1),
     w AS (SELECT school_code, count(*) AS pupils FROM roster_pupil
            WHERE school_year = :school_year AND school_code IN (SELECT unnest(:schools)) AND left_at IS NULL AND number_index IS NULL
              AND (:grades IS NULL OR grade = ANY(:grades)) GROUP BY 1),
     o AS (SELECT school_code, sum(pupils) AS pupils, sum(without_number) AS without_number FROM ({REPEATED}) t
            WHERE :grades IS NULL OR grade = ANY(:grades) GROUP BY 1),
     r AS (SELECT school_code, count(*) AS refused FROM refusal
            WHERE school_code IN (SELECT unnest(:schools)) AND refused_at > :since GROUP BY 1),
     k AS (SELECT school_code, jsonb_object_agg(code, attempts) AS by_code FROM (
             SELECT school_code, unnest(codes) AS code, count(*) AS attempts FROM refusal
              WHERE school_code IN (SELECT unnest(:schools)) AND refused_at > :since GROUP BY 1, 2) t GROUP BY 1)
SELECT s.school_code, coalesce(c.pupils, 0) - coalesce(o.pupils, 0) AS pupils,
       coalesce(w.pupils, 0) - coalesce(o.without_number, 0) AS without_number,
       coalesce(c.elsewhere, false) AS elsewhere, t.contacted_at AS last_contact, coalesce(r.refused, 0) AS refused, k.by_code
  FROM s LEFT JOIN c USING (school_code) LEFT JOIN w USING (school_code) LEFT JOIN r USING (school_code)
  LEFT JOIN k USING (school_code) LEFT JOIN o USING (school_code)
  LEFT JOIN last_contact t USING (school_code)
"""  # noqa: S608 - only constants of this folder are put together


class Seen(NamedTuple):
    """What the database knows of one school. `elsewhere`: its rosters, of whatever year, are of other levels alone."""

    numbers: Numbers
    elsewhere: bool
    last_contact: datetime | None
    refused: int
    refusals: Mapping[str, int]


async def look(
    tx: Reading, schools: Sequence[str], school_year: str, grades: Sequence[int] | None, since: datetime
) -> dict[str, Seen]:
    """What is known of each of these schools; refusals since a moment; `grades` None: all."""
    statement = text(_LOOK).bindparams(
        bindparam("schools", list(schools), type_=ARRAY(Text)),
        bindparam("school_year", school_year, type_=Text),
        bindparam("grades", None if grades is None else list(grades), type_=ARRAY(SmallInteger)),
        bindparam("alike", None if grades is None else _of_their_levels(grades), type_=ARRAY(SmallInteger)),
        bindparam("since", since, type_=DateTime(timezone=True)),
    )
    await planned_for(tx, schools)
    rows = (await tx.execute(statement)).all()  # taken apart at once: a whole city has thousands
    return {
        school: Seen(Numbers(int(pupils), int(without_number)), elsewhere, last_contact, refused, by_code or {})
        for school, pupils, without_number, elsewhere, last_contact, refused, by_code in rows
    }


def _of_their_levels(grades: Sequence[int]) -> list[int]:
    levels = {ids.level_of(grade) for grade in grades}
    return [grade for level in levels if level is not None for grade in ids.GRADES[level]]
