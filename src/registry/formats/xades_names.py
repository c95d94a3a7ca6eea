"""Names and identifiers of signed XML: namespaces, elements, algorithms. Data only."""

from __future__ import annotations

from functools import cache
from typing import Final

from registry.core.trust import Algorithm

ENVELOPE_NAMESPACE: Final = "urn:hocbaso:signed:1"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"

CONTAINER = f"{{{ENVELOPE_NAMESPACE}}}SignedTranscript"
TRANSCRIPT = f"{{{ENVELOPE_NAMESPACE}}}Transcript"
SIGNATURES = f"{{{ENVELOPE_NAMESPACE}}}Signatures"
SIGNATURE = f"{{{DS}}}Signature"

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"

#: RFC 9231 and XML Signature 1.1; SHA-1 is in none of these tables.
METHODS = {
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": Algorithm.RS256,
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": Algorithm.PS256,
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": Algorithm.ES256,
    "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519": Algorithm.EDDSA,
}
METHOD_OF = {algorithm: method for method, algorithm in METHODS.items()}
#: To the names `hashlib` knows.
DIGESTS = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


@cache
def ds(name: str) -> str:
    """An element of XML Signature."""
    return f"{{{DS}}}{name}"


@cache
def xades(name: str) -> str:
    """An element of XAdES 1.3.2."""
    return f"{{{XADES}}}{name}"
