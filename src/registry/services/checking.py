"""Judging a file against a folder of trust material: the same judge as a submission's, nothing stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from registry.core.verdict import Verdict
from registry.formats import certificates
from registry.services import judging, trust


def media_type_of(raw: bytes) -> str:
    """The media type of a file by its first character: XML begins with `<`, JSON never does."""
    return judging.XML if raw.lstrip()[:1] == b"<" else judging.JOSE


Checker = Callable[[bytes, datetime], Verdict]


def checker(files: Mapping[str, bytes]) -> tuple[Checker, list[str]]:
    """A function (bytes, moment of receipt) -> Verdict, and what could not be read in the folder.

    The moment stands for both receipt and now, so that a verdict of the past can be had again from the folder of that time.
    """
    trust_list, problems = trust.from_files(files)
    index = certificates.TrustIndex.build(trust_list)

    def check(raw: bytes, at: datetime) -> Verdict:
        return judging.judge(raw, media_type_of(raw), index, judging.Moment(at, at), schools=None)

    return check, [*problems, *index.problems]
