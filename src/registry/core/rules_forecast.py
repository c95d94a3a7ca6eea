"""A rule set that is not yet in force, tried on transcripts that are on record: which of them it would refuse. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registry.core import rules
from registry.core.findings import Effect
from registry.core.rule_sets import RuleSet
from registry.core.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Planned:
    """A rule set as it is planned: whose rules, for which grades, and which of them will refuse, warn or be gone (None)."""

    name: str
    rule_set: RuleSet
    grades: frozenset[int]
    effects: Mapping[str, Effect | None] = field(default_factory=dict)

    def concerns(self, transcript: Transcript) -> bool:
        """False of a year that an older circular assessed, of which the shape alone is asked: no new one will ever judge it."""
        meant = rules.named(transcript)
        return meant is not None and bool(meant.rules)

    def refused_by(self, transcript: Transcript) -> tuple[str, ...]:
        """The codes that would refuse this transcript, each once; whatever circular it names itself."""
        found = dict.fromkeys(finding.code for finding in self.rule_set.check(transcript))
        effects = {code.slug: self.effects.get(code.slug, code.effect) for code in found}
        return tuple(slug for slug, effect in effects.items() if effect is Effect.REFUSE)


def of_circular(circular: str) -> Planned | None:
    """A rule set of the table by its circular, for all of its grades, whether or not it is in force."""
    for rule_set in rules.RULE_SETS:
        if rule_set.circular == circular:
            return Planned(circular, rule_set, frozenset(rule_set.first))
    return None


def planned(content: Mapping[str, object]) -> Planned:
    """A plan from its members: circular, grades (all of the circular's), effects (code -> refuse, warn, off), name.

    Raises ValueError that names the member and what is expected there.
    """
    base = of_circular(str(content.get("circular", "")))
    if base is None:
        raise ValueError("circular: one of " + ", ".join(each.circular for each in rules.RULE_SETS))
    unknown = content.keys() - {"name", "circular", "grades", "effects"}
    if unknown:
        raise ValueError(f"{min(unknown)}: not known; name, circular, grades, effects")
    grades = content.get("grades", sorted(base.grades))
    if not isinstance(grades, list) or not grades or not set(grades) <= base.grades:
        raise ValueError(f"grades: a list out of {sorted(base.grades)}")
    return Planned(str(content.get("name", base.name)), base.rule_set, frozenset(grades), _effects(content, base))


def _effects(content: Mapping[str, object], base: Planned) -> Mapping[str, Effect | None]:
    listed = content.get("effects", {})
    words = {"refuse": Effect.REFUSE, "warn": Effect.WARN, "off": None}
    known = {rule.code.slug for rule in base.rule_set.rules}
    if not isinstance(listed, Mapping):
        raise ValueError("effects: a table of codes")
    for code, word in listed.items():
        if code not in known:
            raise ValueError(f"effects.{code}: no rule of this circular; see `registry rules list`")
        if word not in words:
            raise ValueError(f"effects.{code}: refuse, warn or off")
    return {str(code): words[str(word)] for code, word in listed.items()}
