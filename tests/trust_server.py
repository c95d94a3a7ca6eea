"""A real HTTP server on 127.0.0.1 that gives out trust material, well or badly, and an OCSP responder behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from registry.demo import pki


@dataclass
class Reply:
    """What a path answers: bytes (or a function of the request's body), status, headers, seconds of pause between octets."""

    body: bytes | Callable[[bytes], bytes] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: float = 0.0


@dataclass
class Site:
    """Paths with their replies, and what was asked: (method, path, headers)."""

    replies: dict[str, Reply | list[Reply]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    base: str = ""

    def url(self, path: str) -> str:
        return f"{self.base}{path}"

    def next_reply(self, path: str) -> Reply:
        """A list of replies is given out one by one, the last for ever."""
        found = self.replies.get(path, Reply(status=404))
        if isinstance(found, Reply):
            return found
        return found.pop(0) if len(found) > 1 else found[0]


@contextmanager
def serving() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            self._reply()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

        def _reply(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            site.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            reply = site.next_reply(self.path)
            etag = reply.headers.get("ETag")
            if etag is not None and self.headers.get("If-None-Match") == etag:
                self.send_response(304)
                self.end_headers()
                return
            body = reply.body if isinstance(reply.body, bytes) else reply.body(sent)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                if reply.drip:
                    for octet in body:
                        self.wfile.write(bytes([octet]))
                        time.sleep(reply.drip)
                else:
                    self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@dataclass
class Responder:
    """Answers OCSP requests about certificates it knows, for one CA. `delegate` (certificate, key) signs instead of the CA."""

    authority: pki.Authority
    known: dict[int, x509.Certificate]
    this_update: datetime
    next_update: datetime | None
    revoked: frozenset[int] = frozenset()
    delegate: tuple[x509.Certificate, pki.PrivateKey] | None = None
    hashed: type[hashes.SHA1] | type[hashes.SHA256] = hashes.SHA1

    def answer(self, request: bytes) -> bytes:
        serial = ocsp.load_der_ocsp_request(request).serial_number
        certificate = self.known.get(serial)
        if certificate is None:
            refused = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
            return refused.public_bytes(Encoding.DER)
        return self.about(certificate)

    def about(self, certificate: x509.Certificate) -> bytes:
        revoked = certificate.serial_number in self.revoked
        signer, key = self.delegate or (self.authority.certificate, self.authority.key)
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate,
            self.authority.certificate,
            self.hashed(),
            ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            self.this_update,
            self.next_update,
            self.this_update if revoked else None,
            None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, signer)
        if self.delegate is not None:
            builder = builder.certificates([signer])
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
