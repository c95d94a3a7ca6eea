"""XML signatures (XMLDSig, XAdES-B) opened: one container, the transcript and each signature side by side, references by Id.

    <SignedTranscript xmlns="urn:hocbaso:signed:1"><Transcript Id="t">...</Transcript><Signatures><ds:Signature>...

A reference is compared with the Ids of elements that stand where this profile puts them; nothing is ever looked up by Id, so
that wrapped, moved and doubled elements have nowhere to stand. Opening only reads; `registry.formats.signatures` verifies. What
one signature holds is read in `registry.formats.xades_signature`.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice

from lxml import etree

from registry.core import codes
from registry.core.findings import Finding
from registry.core.trust import Algorithm
from registry.formats import xml_guard, xml_walk
from registry.formats.signatures import Envelope
from registry.formats.xades_names import CONTAINER, SIGNATURE, SIGNATURES, TRANSCRIPT
from registry.formats.xades_signature import Earlier, open_signature

_MOST_REPEATED = 20
#: The values of all attributes called Id, in whatever namespace and however it is spelt.
_IDENTIFIERS = etree.XPath("//@*[translate(local-name(), 'ID', 'id') = 'id']", smart_strings=False)


def open_envelope(raw: bytes, *, algorithms: frozenset[Algorithm], max_signatures: int = 16) -> Envelope:
    """Open a signed XML container without trusting anything in it; the payload is the canonical form of its Transcript.

    Codes: xml-*, reference-*, envelope-signatures, header-algorithm, header-time, header-certificate, header-key-injection,
    signature-unsigned, certificate-size, -malformed, -mismatch. Pointers lead to /signatures/<n>/<element>... Never raises.
    """
    tree = xml_guard.parse(raw)
    if tree.root is None:
        return Envelope(None, (), tree.findings)
    walk = xml_walk.Walk()
    try:
        return _open(tree.root, algorithms, max_signatures, walk)
    except xml_walk.NoCanonicalFormError as error:
        return Envelope(None, (), (*walk.found, Finding(codes.XML_CONSTRUCT, "", str(error))))


def _open(root: etree._Element, algorithms: frozenset[Algorithm], max_signatures: int, walk: xml_walk.Walk) -> Envelope:
    transcript, given = _container(root, walk)
    if transcript is None:
        return Envelope(None, (), tuple(walk.found))
    _note_repeated_ids(root, walk)
    if not 1 <= len(given) <= max_signatures:
        walk.note(codes.ENVELOPE_SIGNATURES, "/signatures", f"1 to {max_signatures} signatures")
        return Envelope(xml_walk.canonical(transcript), (), tuple(walk.found))
    earlier = Earlier(transcript)
    opened = [open_signature(element, index, earlier, algorithms, walk) for index, element in enumerate(given)]
    return Envelope(earlier.canonical(transcript), tuple(opened), tuple(walk.found))


def _container(root: etree._Element, walk: xml_walk.Walk) -> tuple[etree._Element | None, list[etree._Element]]:
    if root.tag != CONTAINER:
        walk.note(codes.XML_STRUCTURE, "", "SignedTranscript of urn:hocbaso:signed:1 as the root")
        return None, []
    walk.only(root, "", children=(TRANSCRIPT, SIGNATURES))
    transcript, signatures = walk.one(root, TRANSCRIPT, ""), walk.one(root, SIGNATURES, "")
    if transcript is None or signatures is None:
        return None, []
    walk.attributes(transcript, "/Transcript", ("Id",))
    walk.only(signatures, "/signatures", children=(SIGNATURE,))
    return transcript, signatures.findall(SIGNATURE)


def _identifiers(root: etree._Element) -> list[str]:
    found = _IDENTIFIERS(root)
    return [str(value) for value in found] if isinstance(found, list) else []


def _note_repeated_ids(root: etree._Element, walk: xml_walk.Walk) -> None:
    """An Id, however it is spelt, stands for one element; the values themselves are the sender's and not repeated."""
    counted = Counter(_identifiers(root))
    for _ in islice((value for value, count in counted.items() if count > 1), _MOST_REPEATED):
        walk.note(codes.XML_ID, "", "each Id once in the document")
