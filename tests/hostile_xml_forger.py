"""A good signed XML document of the small city, and the means to spoil it and to sign it again over what was spoilt."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from registry.demo.city import sign_document
from registry.demo.signers import DemoSigner
from registry.formats.xades_names import ds
from registry.formats.xml_walk import canonical
from tests.small_city import PRIMARY, SmallCity

Element = etree._Element
Change = Callable[[Element], object]


@dataclass(frozen=True, slots=True)
class Case:
    """One document; `code` and `pointer` (None: anywhere) must be among the findings."""

    name: str
    raw: bytes
    code: str
    pointer: str | None = None


class Forger:
    """A good document of the small city, and the means to spoil it and to sign it again."""

    def __init__(self, city: SmallCity) -> None:
        self.city = city
        self.signers = city.signers_of(PRIMARY)

    @cached_property
    def good(self) -> bytes:
        return sign_document(self.city.document(), self.signers, "xml")

    def tree(self) -> Element:
        return etree.fromstring(self.good)

    def spoilt(self, change: Change) -> bytes:
        """Changed after signing."""
        root = self.tree()
        change(root)
        return etree.tostring(root, encoding="utf-8")

    def signed_over(self, change: Change, signers: list[DemoSigner] | None = None) -> bytes:
        """Changed, then every digest that can be found and every signature value made anew."""
        root = self.tree()
        change(root)
        for signature, signer in zip(signatures(root), signers or self.signers, strict=False):
            _reseal(root, signature, signer)
        return etree.tostring(root, encoding="utf-8")


def signatures(root: Element) -> list[Element]:
    return list(root.iter(ds("Signature")))


def _reseal(root: Element, signature: Element, signer: DemoSigner) -> None:
    info, value = signature.find(ds("SignedInfo")), signature.find(ds("SignatureValue"))
    if info is None or value is None:
        return
    for reference in info.findall(ds("Reference")):
        uri, digest = reference.get("URI") or "", reference.find(ds("DigestValue"))
        target = next((e for e in root.iter() if uri and e.get("Id") == uri[1:]), None)
        method = reference.find(ds("DigestMethod"))
        name = (method.get("Algorithm") or "").rpartition("#")[2] if method is not None else ""
        if target is not None and digest is not None and name in ("sha1", "sha256", "sha384", "sha512", "md5"):
            digest.text = b64encode(hashlib.new(name, canonical(target)).digest()).decode()
    value.text = b64encode(signer.signing_key.sign(canonical(info))).decode()


def copy(element: Element, **attributes: str) -> Element:
    made: Element = etree.fromstring(etree.tostring(element))
    for name, value in attributes.items():
        made.set(name, value)
    return made


def reference(info: Element, uri: str) -> Element:
    return next(r for r in info.findall(ds("Reference")) if r.get("URI") == uri)


def drop(element: Element, name: str) -> None:
    del element.attrib[name]
