"""What one document may cost in cryptography: one allowance, shared by all its signatures, time-stamps and OCSP answers.

Counted, never timed, and the same whether an answer is remembered or not, so that a verdict comes out the same on every machine
and years later. The unit is about half a millisecond: one check of a signature by the slowest kind of key that is taken, P-521.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

#: Sixteen signers, each under two CAs that nobody holds and with everything in `x5c`, come to 240. What is asked for last may
#: go beyond: it is priced when it is done.
LIMIT = 240
#: Different certificates that come along to build paths, over a whole document; sixteen providers with three each.
MOST_CERTIFICATES = 48

#: Prices of a certificate in a path that is validated (the library parses and checks each once more), and of a time-stamp token.
VALIDATED, TOKEN = 3, 6
#: So many comparisons of names with name constraints, or statuses in an OCSP answer, cost as much as one check.
NAME_CHECKS, STATUSES = 50, 8

TOO_MUCH = "fewer certificates and signatures of theirs to check in one document"


class Allowance:
    """What a document has been charged so far: prices by what was asked for, each thing once."""

    def __init__(self) -> None:
        self.bill: dict[Hashable, int] = {}

    @property
    def spent(self) -> int:
        """The sum of the bill."""
        return sum(self.bill.values())

    def admits(self, what: Hashable) -> bool:
        """True when it was paid for already, or something is left."""
        return what in self.bill or self.spent < LIMIT

    def pay(self, bill: Mapping[Hashable, int]) -> None:
        """Charge what is not paid yet."""
        self.bill |= bill
