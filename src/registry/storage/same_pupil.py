"""Rows of today's rosters that stand beside another row of the same pupil at the same school, under another pupil code."""

from __future__ import annotations

#: By school and grade: how many rows (and how many of them without a number) another row of their pupil counts for. As in the
#: buckets (`registry.storage.completeness`), the row that joined last counts; :school_year and :schools are the question's, and the schools are
#: rows, not ANY of an array: planning would look up each of thousands in the statistics, which takes longer than carrying it out.
REPEATED = """
SELECT school_code, grade, count(*) AS pupils, count(*) FILTER (WHERE without) AS without_number FROM (
  SELECT r.school_code, r.grade, r.number_index IS NULL AS without,
         row_number() OVER (PARTITION BY r.school_code, m.pupil_id ORDER BY r.joined_at DESC, r.pupil_code) AS turn
    FROM same_pupil m JOIN roster_pupil r ON r.pupil_code = m.pupil_code
   WHERE r.school_year = :school_year AND r.school_code IN (SELECT unnest(:schools)) AND r.left_at IS NULL) t
 WHERE turn > 1 GROUP BY 1, 2
"""

#: Whether r, a row of today's rosters, is the one that counts for its pupil at its school.
COUNTS = """NOT EXISTS (
  SELECT FROM same_pupil m JOIN same_pupil g ON g.pupil_id = m.pupil_id AND g.pupil_code <> m.pupil_code
    JOIN roster_pupil o ON o.school_year = r.school_year AND o.school_code = r.school_code AND o.pupil_code = g.pupil_code
   WHERE m.pupil_code = r.pupil_code AND o.left_at IS NULL
     AND (o.joined_at > r.joined_at OR (o.joined_at = r.joined_at AND o.pupil_code < r.pupil_code)))"""

#: All pupil codes of r's pupil, its own among them.
CODES = """(ARRAY[r.pupil_code] || ARRAY(SELECT g.pupil_code FROM same_pupil m JOIN same_pupil g ON g.pupil_id = m.pupil_id
                                          WHERE m.pupil_code = r.pupil_code))"""
