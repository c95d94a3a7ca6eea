"""Makes the XML half of `openapi/example/` from its keys and payload: `python -m tests.openapi.make_example_xml`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lxml import etree

from registry.client import signing
from registry.formats.xades_names import ds
from registry.formats.xml_walk import canonical
from tests.openapi.make_example import EXAMPLE, ROLES, document, payload, signing_times

SIGNED = "transcript.signed.xml"


def main(folder: Path) -> None:
    """Write the signed container and its canonical parts."""
    keys = [signing.KeyFiles(folder / f"keys/{role}.pem", folder / f"certificates/{role}.pem").load() for role in ROLES]
    times = signing_times(date.fromisoformat(document()["ngaykyphathanh"]))
    (folder / SIGNED).write_bytes(signing.sign_transcript_xml(payload(), keys, times))
    for name, octets in parts(folder).items():
        (folder / name).write_bytes(octets)


def parts(folder: Path) -> dict[str, bytes]:
    """The canonical bytes of the signed file that a maker can compare with."""
    root = etree.parse(folder / SIGNED).getroot()
    infos = root.iter(ds("SignedInfo"))
    named = {f"signed-info-{n}.c14n": canonical(info) for n, info in enumerate(infos, start=1)}
    return {"transcript.c14n": canonical(root[0]), **named}


if __name__ == "__main__":
    main(EXAMPLE)
