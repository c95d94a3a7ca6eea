"""Who may call: vendors and offices, their scopes, purposes, units and public keys. Values and pure checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a caller may ask for at all."""

    SUBMIT = "submit"
    COMPLETENESS = "completeness"
    VERIFY = "verify"
    OPERATE = "operate"


class CallerKind(StrEnum):
    """A vendor submits for its schools; an office asks about its units."""

    VENDOR = "vendor"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class CallerKey:
    """One registered public key, as SubjectPublicKeyInfo DER."""

    key_id: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated party of a request. `schools` is what its `units` come to on the present map.

    An office with several systems is several callers: `counts_with` names the one whose limits all of them share, and `together`
    are the ids of all of them.
    """

    caller_id: str
    kind: CallerKind
    name: str
    scopes: frozenset[Scope]
    purposes: frozenset[str]
    units: frozenset[str]
    schools: frozenset[str]
    keys: Mapping[str, CallerKey]
    counts_with: str | None = None
    together: frozenset[str] = frozenset()

    @property
    def counted_as(self) -> str:
        """The name that its questions are counted under."""
        return self.counts_with or self.caller_id

    @property
    def office(self) -> tuple[str, ...]:
        """The ids whose questions count as this caller's."""
        return tuple(sorted(self.together | {self.caller_id}))


def submitting(callers: Iterable[Caller]) -> dict[str, tuple[str, ...]]:
    """Who may submit for each school: its code -> ids of callers, in their order."""
    found: dict[str, list[str]] = {}
    for caller in sorted(callers, key=lambda each: each.caller_id):
        if Scope.SUBMIT in caller.scopes:
            for school in caller.schools:
                found.setdefault(school, []).append(caller.caller_id)
    return {school: tuple(mine) for school, mine in found.items()}
