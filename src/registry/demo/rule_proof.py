"""Are the rules right? Good transcripts must give no finding, broken ones exactly the expected: precision and recall by code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from registry.core import rules
from registry.demo import mutations
from registry.demo.transcripts import Document
from registry.formats import documents


@dataclass(slots=True)
class Tally:
    """What was expected and found of one code, over all transcripts."""

    expected: int = 0
    found: int = 0
    both: int = 0

    @property
    def precision(self) -> float:
        """Of what was found, the part that was expected."""
        return self.both / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Of what was expected, the part that was found."""
        return self.both / self.expected if self.expected else 1.0


@dataclass(slots=True)
class Proof:
    """The tallies by code, how many of each kind were looked at, and the first transcripts that went wrong."""

    good: int = 0
    mutations: Counter[str] = field(default_factory=Counter)
    codes: dict[str, Tally] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Precision and recall of every code are 1."""
        return all(tally.precision == tally.recall == 1 for tally in self.codes.values())

    def look(self, name: str, document: Document, expected: Iterable[tuple[str, str]]) -> None:
        """Judge one transcript and count."""
        self.count(f"{name}, grade {document['makhoi']}", findings(document), expected)

    def count(self, name: str, found: frozenset[tuple[str, str]], expected: Iterable[tuple[str, str]]) -> None:
        """Count what was found in one transcript, by whomever, against what it had to give."""
        wanted = frozenset(expected)
        for code, _pointer in wanted:
            self.codes.setdefault(code, Tally()).expected += 1
        for each in found:
            tally = self.codes.setdefault(each[0], Tally())
            tally.found += 1
            tally.both += each in wanted
        if found != wanted and len(self.wrong) < 20:
            self.wrong.append(f"{name}: expected {sorted(wanted)}, found {sorted(found)}")


def findings(document: Document) -> frozenset[tuple[str, str]]:
    """(code, pointer) of everything that reader and rules say about a transcript."""
    parsed = documents.read(document)
    found = [(f.code.slug, f.pointer) for f in parsed.findings]
    if parsed.transcript is not None:
        for each in rules.check(parsed.transcript):
            wired = documents.with_wire_pointer(each, parsed.transcript)
            found.append((wired.code.slug, wired.pointer))
        found += [(f.code.slug, f.pointer) for f in documents.name_findings(parsed.transcript)]
    return frozenset(found)


def prove(good: Iterable[Document], broken: Iterable[mutations.Mutation], step: Callable[[], None]) -> Proof:
    """Judge them all; `step` is called after each."""
    proof = Proof()
    for document in good:
        proof.good += 1
        proof.look("good", document, ())
        step()
    for mutation in broken:
        proof.mutations[mutation.name] += 1
        proof.look(mutation.name, mutation.document, mutation.expected)
        step()
    return proof
