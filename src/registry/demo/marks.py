"""Made-up years of marks that end in a chosen result, built from what the circular asks of that result.

Independent of `registry.core.rules_*` on purpose: a year made here is an example to test those rules with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from registry.core.ids import Sex
from registry.core.subjects import Subject
from registry.demo import people, phrases
from registry.formats import code_lists

_S = Subject
Row = dict[str, Any]

_PRIMARY_ALWAYS = (
    _S.VIETNAMESE,
    _S.MATHEMATICS,
    _S.ETHICS,
    _S.PHYSICAL_EDUCATION,
    _S.MUSIC,
    _S.FINE_ART,
    _S.EXPERIENCE,
)
_PRIMARY_TESTED = frozenset(
    {
        _S.VIETNAMESE,
        _S.MATHEMATICS,
        _S.FOREIGN_LANGUAGE_1,
        _S.HISTORY_AND_GEOGRAPHY,
        _S.SCIENCE,
        _S.INFORMATICS,
        _S.TECHNOLOGY,
    }
)
_COMMENTED = frozenset({_S.PHYSICAL_EDUCATION, _S.MUSIC, _S.FINE_ART, _S.ART, _S.EXPERIENCE, _S.LOCAL_EDUCATION})
_LOWER = (
    *(_S.LITERATURE, _S.MATHEMATICS, _S.FOREIGN_LANGUAGE_1, _S.CIVICS, _S.HISTORY_AND_GEOGRAPHY, _S.NATURAL_SCIENCE),
    *(_S.TECHNOLOGY, _S.INFORMATICS, _S.PHYSICAL_EDUCATION, _S.MUSIC, _S.FINE_ART, _S.EXPERIENCE, _S.LOCAL_EDUCATION),
)
_UPPER = (
    *(_S.LITERATURE, _S.MATHEMATICS, _S.FOREIGN_LANGUAGE_1, _S.HISTORY, _S.DEFENCE),
    *(_S.PHYSICAL_EDUCATION, _S.EXPERIENCE, _S.LOCAL_EDUCATION),
)
_ELECTIVES = (
    *(_S.GEOGRAPHY, _S.ECONOMICS_AND_LAW, _S.PHYSICS, _S.CHEMISTRY, _S.BIOLOGY, _S.TECHNOLOGY, _S.INFORMATICS),
    *(_S.MUSIC, _S.FINE_ART),
)

_PRIMARY_LETTERS = (
    *("nangluctuhoc", "nanglucgiaotiep", "nanglucgiaiquyet", "nanglucngonngu", "nangluctinhtoan", "nangluckhoahoc"),
    *("nanglucthammi", "nanglucthechat", "phamchatyeunuoc", "phamchatnhanai", "phamchatchamchi", "phamchattrungthuc"),
    "phamchattrachnhiem",
)

#: Conduct of the year by both terms (TT 22/2021 art. 8), the combinations made up here.
_CONDUCT = (
    *(("T", "T", "T"),) * 12,
    *(("K", "T", "T"), ("T", "K", "K"), ("K", "K", "K"), ("Đ", "T", "K"), ("CĐ", "T", "K"), ("CĐ", "K", "Đ")),
    *(("T", "Đ", "K"), ("K", "Đ", "Đ"), ("Đ", "Đ", "Đ"), ("K", "CĐ", "CĐ")),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What leads to one learning result (TT 22/2021 art. 9.2, 9.3): bands in tenths for the scored subjects.

    The first `many` scored subjects draw from `high`, the next ones from `low` in turn, whatever is left from `rest`.
    """

    learning: str
    high: tuple[int, int]
    low: tuple[tuple[int, int], ...]
    rest: tuple[int, int]
    many: int = 6


#: Name -> profile; the names ending in "+" are lifted one level by art. 9.3.
SECONDARY_PROFILES: Mapping[str, Profile] = {
    "T": Profile("T", (80, 100), (), (65, 100)),
    "K": Profile("K", (65, 90), ((50, 64),), (65, 79)),
    "Đ": Profile("Đ", (50, 79), ((35, 49),), (50, 64)),
    "CĐ": Profile("CĐ", (35, 60), ((15, 34), (15, 34)), (35, 49), many=5),
    "K+": Profile("K", (80, 100), ((35, 49),), (65, 90)),
    "Đ+": Profile("Đ", (65, 79), ((10, 34),), (50, 64)),
}
_SECONDARY_WEIGHTS = {"T": 34, "K": 38, "Đ": 18, "CĐ": 6, "K+": 2, "Đ+": 2}
_PRIMARY_WEIGHTS = {"HTXS": 35, "HTT": 30, "HT": 31, "CHT": 4}


@dataclass(frozen=True, slots=True)
class PrimaryYear:
    """Rows, letters and overall result of a primary year, in wire names."""

    rows: list[Row]
    letters: Row
    overall: str


@dataclass(frozen=True, slots=True)
class SecondaryYear:
    """Rows, learning result, conduct and absences of a secondary year, in wire names."""

    rows: list[Row]
    learning: str
    conduct: Row
    absences: int | None


def primary_year(rng: Random, grade: int, overall: str | None) -> PrimaryYear:
    """A year that ends in the overall result (TT 27/2020 art. 9.2), drawn when not given."""
    overall = overall or _draw(rng, _PRIMARY_WEIGHTS)
    rows = [_primary_row(rng, subject, overall) for subject in _primary_subjects(grade)]
    names = (*_PRIMARY_LETTERS, "nangluccongnghe", "nangluctinhoc") if grade >= 3 else _PRIMARY_LETTERS
    letters = {name: "T" if overall in ("HTXS", "HTT") or rng.random() < 0.6 else "Đ" for name in names}
    if overall == "HTT":
        rows[0]["diemkiemtradinhky"] = str(rng.randint(7, 8))  # one test below 9 is enough
    elif overall == "HT":
        rows[rng.randrange(len(rows))]["mucdatduoc"] = "H"
    elif overall == "CHT":
        rows[1] |= {"mucdatduoc": "C", "diemkiemtradinhky": str(rng.randint(1, 4))}
    return PrimaryYear(rows, letters, overall)


def secondary_year(rng: Random, grade: int, profile: str | None) -> SecondaryYear:
    """A year of the profile, the same in both terms so that the year's averages stay in the same bands."""
    chosen = SECONDARY_PROFILES[profile or _draw(rng, _SECONDARY_WEIGHTS)]
    listed = _LOWER if grade < 10 else (*_UPPER, *_chosen_electives(rng))
    scored = [subject for subject in listed if subject not in _COMMENTED]
    bands = _bands(rng, chosen, scored)
    rows = [_scored_row(rng, s, bands[s]) if s in bands else _comment_row(rng, s) for s in listed]
    absences = rng.choice((None, None, None, rng.randint(1, 12), rng.randint(1, 44)))
    term1, term2, year = rng.choice(_CONDUCT)
    conduct = {"renluyenhocky1": term1, "renluyenhocky2": term2, "renluyencanam": year}
    return SecondaryYear(rows, chosen.learning, conduct, absences)


def _draw(rng: Random, weights: Mapping[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _primary_subjects(grade: int) -> Sequence[Subject]:
    early = (_S.NATURE_AND_SOCIETY,) if grade <= 3 else (_S.HISTORY_AND_GEOGRAPHY, _S.SCIENCE)
    late = (_S.FOREIGN_LANGUAGE_1, _S.INFORMATICS, _S.TECHNOLOGY) if grade >= 3 else ()
    return (*_PRIMARY_ALWAYS[:2], *late, *_PRIMARY_ALWAYS[2:], *early)


def _primary_row(rng: Random, subject: Subject, overall: str) -> Row:
    lowest = {"HTXS": 9, "HTT": 7, "HT": 5, "CHT": 5}[overall]
    level = "T" if overall in ("HTXS", "HTT") or rng.random() < 0.5 else "H"
    row = {**_subject_members(subject), "mucdatduoc": level}
    return row | {"diemkiemtradinhky": str(rng.randint(lowest, 10))} if subject in _PRIMARY_TESTED else row


def _subject_members(subject: Subject) -> Row:
    row = code_lists.ROW_OF[subject]
    return {"mamonhoc": row.code, "tenmonhoc": row.short}


def _chosen_electives(rng: Random) -> Sequence[Subject]:
    """Four electives, at most one of them comment-assessed."""
    scored = rng.sample(_ELECTIVES[:7], 4)
    return (*scored[:3], rng.choice(_ELECTIVES[7:])) if rng.random() < 0.1 else scored


def _bands(rng: Random, profile: Profile, scored: Sequence[Subject]) -> Mapping[Subject, tuple[int, int]]:
    order = rng.sample(scored, len(scored))
    drawn = (*(profile.high,) * profile.many, *profile.low)
    return {subject: drawn[i] if i < len(drawn) else profile.rest for i, subject in enumerate(order)}


def _scored_row(rng: Random, subject: Subject, band: tuple[int, int]) -> Row:
    term1, term2 = rng.randint(*band), rng.randint(*band)
    year = (2 * (term1 + 2 * term2) + 3) // 6  # tenths, half up (art. 9.1.b)
    return _secondary_members(rng, subject, _written(term1), _written(term2), _written(year))


def _comment_row(rng: Random, subject: Subject) -> Row:
    return _secondary_members(rng, subject, "Đ", "Đ", "Đ")


def _written(tenths: int) -> str:
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)


def _secondary_members(rng: Random, subject: Subject, term1: str, term2: str, year: str) -> Row:
    sex = rng.choice((Sex.MALE, Sex.FEMALE))
    return {
        **_subject_members(subject),
        "diemhocky1": term1,
        "diemhocky2": term2,
        "diemcanam": year,
        "nxetmonhoc": phrases.subject(rng),
        "soddcngvbm": people.personal_number(rng, sex=sex, birth_year=rng.randint(1965, 1999)),
        "gvbm": people.name(rng, sex),
    }
