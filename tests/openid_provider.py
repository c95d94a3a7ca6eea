"""A real OpenID provider on 127.0.0.1 for tests: discovery, keys, authorization, tokens; it can be told to lie in one way."""

from __future__ import annotations

import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT = "registry"
SECRET = "a secret of the provider and the registry"


@dataclass
class OpenIdProvider:
    """`lie` changes the next tokens: claims (None removes one), `alg`, `key`; everything else is as the standard says."""

    issuer: str = ""
    subject: str = "can-bo-1"
    lie: dict[str, Any] = field(default_factory=dict)
    keys: list[Any] = field(default_factory=lambda: [ECKey.generate_key("P-256", {"kid": "e1", "use": "sig"})])
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def authorize(self, query: dict[str, str]) -> str:
        """The address the browser is sent back to."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.issuer})}"

    def token(self, form: dict[str, str]) -> dict[str, Any] | None:
        """The answer for a code, once; None when it is refused."""
        query = self.codes.pop(form.get("code", ""), None)
        if query is None or form["redirect_uri"] != query["redirect_uri"] or form.get("client_secret") != SECRET:
            return None
        if create_s256_code_challenge(form["code_verifier"]) != query["code_challenge"]:
            return None
        return {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(query["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": self.subject, "aud": CLIENT, "nonce": nonce, "iat": now, "exp": now + 300}
        lie = dict(self.lie)
        key, algorithm = lie.pop("key", self.keys[-1]), lie.pop("alg", "ES256")
        claims = {name: value for name, value in {**claims, **lie}.items() if value is not None}
        if algorithm == "HS256":
            return signed_with_public_key(claims, key)
        return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, algorithms=[algorithm])

    def document(self, path: str) -> dict[str, Any] | None:
        """The discovery document and the key set."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys"}  # fmt: skip
        if path == "/keys":
            return {"keys": [key.as_dict(private=False) for key in self.keys]}
        return None


def rsa_key(bits: int) -> RSAKey:
    return RSAKey.generate_key(bits, {"kid": "r1", "use": "sig"})


def signed_with_public_key(claims: dict[str, Any], public: ECKey) -> str:
    """HS256 with the public key's own text as the secret: what a verifier that trusts the header's `alg` falls for."""
    parts = ({"alg": "HS256", "kid": public.kid}, claims)
    signed = ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    mac = hmac.new(public.as_pem(private=False), signed.encode(), sha256).digest()
    return f"{signed}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


@contextmanager
def running() -> Iterator[OpenIdProvider]:
    """A provider at its issuer's address."""
    provider = OpenIdProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            if parts.path == "/authorize":
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.end_headers()
                return
            self._answer(provider.document(parts.path), 404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(provider.token({name: values[0] for name, values in parse_qs(body).items()}), 400)

        def _answer(self, found: dict[str, Any] | None, otherwise: int) -> None:
            raw = json.dumps(found or {"error": "invalid_grant"}).encode()
            self.send_response(200 if found else otherwise)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_arguments: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
