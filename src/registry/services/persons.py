"""Birth date and sex of whom a number belongs to: taken from accepted documents, kept sealed, compared and never shown."""

from __future__ import annotations

import logging

from registry.core.pupils import Person, differences
from registry.core.transcript import Transcript
from registry.storage.sealing import SealBrokenError, Sealer

log = logging.getLogger(__name__)


def of(transcript: Transcript) -> Person:
    """Whom a transcript is about."""
    return Person(transcript.birth, transcript.sex, transcript.school_year, transcript.version)


def opened(sealer: Sealer, sealed: bytes | None, number_index: bytes) -> Person | None:
    """What was sealed with a number; None where nothing was, or it no longer opens."""
    if sealed is None:
        return None
    try:
        return Person.parse(sealer.open_person(sealed, number_index))
    except (SealBrokenError, ValueError):  # ValueError: cut shorter than a nonce
        log.error("what is known about a person no longer opens; the next document brings it again")
        return None


def sealed_if_newer(sealer: Sealer, known: bytes | None, transcript: Transcript, number_index: bytes) -> bytes | None:
    """What is to be kept after this transcript; None when a later one has been heard already."""
    before, told = opened(sealer, known, number_index), of(transcript)
    if before is not None and not told.told_later_than(before):
        return None
    return sealer.seal_person(str(told), number_index)


def differing(
    sealer: Sealer, known: bytes | None, transcript: Transcript, number_index: bytes | None
) -> tuple[str, ...]:
    """Which of birth_date and sex the known holder of the number has otherwise."""
    if number_index is None:
        return ()
    before = opened(sealer, known, number_index)
    return () if before is None else differences(before, of(transcript))
