"""The registry over HTTP: access tokens by private_key_jwt, submissions, states, rosters, completeness, verifications.

Busy answers (429, 503) and lost connections are tried again with the pause the registry names; sending the same bytes
again is always safe, since it gives the same receipt.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx
import tenacity

from registry.formats import jws_signing
from registry.formats.jws_signing import PrivateKey

JOSE = "application/jose+json"
COMPACT = "application/jose"
XML = "application/xml"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BATCHES = "/v1/verifications/batches"
_BUSY = {429, 503}
#: Who is told to come back later than this is told so at once: a limit of a day or a year is no busy moment.
_LONGEST_PAUSE_SECONDS = 30
JWT = "application/jwt"
_ASSERTION_SECONDS = 60
_RENEW_BEFORE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Result:
    """One answer: HTTP status and the decoded JSON body."""

    status: int
    body: dict[str, Any]
    signed: str = ""  # an answer that came signed (a compact JWS), as received

    @property
    def codes(self) -> list[str]:
        """The slugs of all findings."""
        return [error["code"] for error in self.body.get("errors", [])]

    @property
    def outcome(self) -> str:
        """accepted, held or refused for a submission; "error" when it was not judged."""
        return str(self.body.get("outcome", "error"))


class _BusyError(Exception):
    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"status {response.status_code}")
        self.response = response


class RegistryClient:
    """One caller's connection to a registry; use it as an async context manager."""

    def __init__(
        self,
        base_url: str,
        caller_id: str,
        key: PrivateKey,
        key_id: str,
        *,
        issuer: str | None = None,
        http: httpx.AsyncClient | None = None,
        connections: int = 16,
        tries: int = 6,
    ) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = http or httpx.AsyncClient(base_url=base_url, limits=limits, timeout=30)
        self._issuer = issuer or base_url.rstrip("/")
        self._caller_id, self._key, self._key_id, self._tries = caller_id, key, key_id, tries
        self._token, self._good_until = "", 0.0

    async def __aenter__(self) -> RegistryClient:
        return self

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def submit(self, envelope: bytes) -> Result:
        """Submit one signed transcript, JSON, compact or XML as its first characters tell; 201, 200, 202, 422 and the rest come back as a Result, never as an exception."""
        media_type = XML if envelope.lstrip()[:1] == b"<" else COMPACT if envelope[:1] == b"e" else JOSE
        return await self._ask("POST", "/v1/submissions", content=envelope, headers={"Content-Type": media_type})

    async def withdraw(self, envelope: bytes) -> Result:
        """Submit one signed withdrawal of a version of a transcript; answers as `submit` does."""
        media_type = COMPACT if envelope[:1] == b"e" else JOSE
        return await self._ask("POST", "/v1/withdrawals", content=envelope, headers={"Content-Type": media_type})

    async def declare(self, envelope: bytes) -> Result:
        """Submit one signed declaration of a school's year; answers as `submit` does."""
        media_type = COMPACT if envelope[:1] == b"e" else JOSE
        return await self._ask("POST", "/v1/declarations", content=envelope, headers={"Content-Type": media_type})

    async def declarations(self, unit: str, school_year: str, **more: str) -> Result:
        """One page of what the schools of a unit have declared."""
        return await self._ask("GET", "/v1/declarations", params={"unit": unit, "school_year": school_year, **more})

    async def state(self, submission_id: str) -> Result:
        """What became of a submission."""
        return await self._ask("GET", f"/v1/submissions/{submission_id}")

    async def report(self, submission_id: str) -> Result:
        """Why it became that: every reason, signature by signature."""
        return await self._ask("GET", f"/v1/submissions/{submission_id}/report")

    async def put_roster(self, school_code: str, school_year: str, grade: int, csv_text: bytes) -> Result:
        """Replace the roster of one school, year and grade by a diff."""
        path = f"/v1/rosters/{school_code}/{school_year}/{grade}"
        return await self._ask("PUT", path, content=csv_text, headers={"Content-Type": "text/csv"})

    async def put_rosters(self, school_year: str, csv_text: bytes, **more: str) -> Result:
        """Replace every roster that a list of many schools names by a diff; `dry_run="true"` writes nothing."""
        kind = {"Content-Type": "text/csv"}
        return await self._ask("PUT", f"/v1/rosters/{school_year}", content=csv_text, headers=kind, params=more)

    async def completeness(self, unit: str, school_year: str, **more: str) -> Result:
        """Expected against held for a unit and a school year."""
        return await self._ask("GET", "/v1/completeness", params={"unit": unit, "school_year": school_year, **more})

    async def pupils(self, unit: str, school_year: str, bucket: str, **more: str) -> Result:
        """One page of the pupils in a bucket."""
        params = {"unit": unit, "school_year": school_year, "bucket": bucket, **more}
        return await self._ask("GET", "/v1/completeness/pupils", params=params)

    async def readiness(self, unit: str, school_year: str | None = None, **more: str) -> Result:
        """One page of a unit's schools, each with its light and the reasons for it; for a school year or a `campaign`."""
        year = {} if school_year is None else {"school_year": school_year}
        return await self._ask("GET", "/v1/readiness", params={"unit": unit, **year, **more})

    async def expiring(self, unit: str, **more: str) -> Result:
        """Which signers' certificates end before the next signing window, by unit; one page of entries."""
        return await self._ask("GET", "/v1/signers/expiring", params={"unit": unit, **more})

    async def verify(self, question: dict[str, Any]) -> Result:
        """Ask whether a record is genuine and current; purpose and reference are part of the question."""
        return await self._ask("POST", "/v1/verifications", json=question)

    async def verify_signed(self, question: dict[str, Any], nonce: str) -> Result:
        """The same with a signed answer, bound to a new random nonce (16 to 128 letters, digits, - or _)."""
        body = {**question, "nonce": nonce}
        return await self._ask("POST", "/v1/verifications", json=body, headers={"Accept": JWT})

    async def claim(self, claim: dict[str, Any], nonce: str) -> Result:
        """Claim something about a pupil's results: yes, no or cannot_say, always signed."""
        return await self._ask("POST", "/v1/claims", json={**claim, "nonce": nonce})

    async def submit_batch(self, raw: bytes, media_type: str, key: str, result: str | None = None) -> Result:
        """Hand in a file of questions (NDJSON or XLSX). With the same `key` (16 to 128 characters) it may be sent again."""
        headers = {"Content-Type": media_type, "Idempotency-Key": key}
        params = {} if result is None else {"result": result}
        return await self._ask("POST", _BATCHES, content=raw, headers=headers, params=params)

    async def batch(self, batch_id: str) -> Result:
        """Where a batch stands."""
        return await self._ask("GET", f"{_BATCHES}/{batch_id}")

    async def batch_result(self, batch_id: str) -> tuple[Result, bytes]:
        """The file of a finished batch; of any other the problem, and nothing."""
        response = await self._send("GET", f"{_BATCHES}/{batch_id}/result", {}, {})
        good = response.status_code == httpx.codes.OK
        return (Result(response.status_code, {}), response.content) if good else (_result(response), b"")

    async def batch_signature(self, batch_id: str) -> Result:
        """The signed answer over a finished batch's result."""
        return await self._ask("GET", f"{_BATCHES}/{batch_id}/signature")

    async def delete_batch(self, batch_id: str) -> Result:
        """Delete a batch with its questions and answers."""
        return await self._ask("DELETE", f"{_BATCHES}/{batch_id}")

    async def key_set(self) -> Result:
        """The keys that signed answers are checked with."""
        return await self._ask("GET", "/.well-known/jwks.json")

    async def views(self, pupil_code: str, **more: str) -> Result:
        """One page of who looked at a pupil of one's schools."""
        return await self._ask("GET", f"/v1/pupils/{pupil_code}/views", params=more)

    async def identify(self, personal_number: str, birth_date: str, sex: str) -> Result:
        """Ask whether number, birth date (YYYY-MM-DD) and sex (male, female) belong together, for a pupil of one's schools."""
        body = {"personal_number": personal_number, "birth_date": birth_date, "sex": sex}
        return await self._ask("POST", "/v1/pupils/identify", json=body)

    async def export_numbers(self, unit: str, school_year: str, kind: str = "xlsx") -> tuple[int, bytes]:
        """Status and, of a 200, the file of the pupils who lack a personal number, for the police."""
        params = {"unit": unit, "school_year": school_year, "format": kind}
        response = await self._send("POST", "/v1/numbers/exports", {}, {"params": params})
        return response.status_code, response.content

    async def return_numbers(self, unit: str, school_year: str, csv_text: bytes, **more: str) -> Result:
        """Bring the file that came back; `dry_run="true"` writes nothing."""
        params, kind = {"unit": unit, "school_year": school_year, **more}, {"Content-Type": "text/csv"}
        return await self._ask("POST", "/v1/numbers/returns", content=csv_text, headers=kind, params=params)

    async def number_cases(self) -> Result:
        """Numbers that wait for a person to say whose they are."""
        return await self._ask("GET", "/v1/numbers/cases")

    async def decide_number(self, case_id: str, pupil_code: str | None, reason: str) -> Result:
        """Say whose a number is; None: nobody's of those who are named."""
        body = {"pupil_code": pupil_code, "reason": reason}
        return await self._ask("POST", f"/v1/numbers/cases/{case_id}/decision", json=body)

    async def public_code(self, transcript_code: str) -> Result:
        """The verification code of the version in force of an own record, and the text of its QR."""
        return await self._ask("GET", f"/v1/transcripts/{transcript_code}/public-code")

    async def extract(self, transcript_code: str, **why: str) -> tuple[int, bytes]:
        """Status and, of a 200, the sealed PDF of the version in force; an office says purpose and reference."""
        response = await self._send("GET", f"/v1/transcripts/{transcript_code}/extract.pdf", {}, {"params": why})
        return response.status_code, response.content

    async def share(self, link: dict[str, Any]) -> Result:
        """Make a link for one pupil of one's own schools; its address is in this answer and nowhere else."""
        return await self._ask("POST", "/v1/shares", json=link)

    async def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> Result:
        response = await self._send(method, path, headers or {}, more)
        if response.status_code == 401 and self._token:
            self._token = ""  # expired on the way or the registry's key changed: once more with a new one
            response = await self._send(method, path, headers or {}, more)
        return _result(response)

    async def _send(self, method: str, path: str, headers: dict[str, str], more: dict[str, Any]) -> httpx.Response:
        async def once() -> httpx.Response:
            authorization = {"Authorization": f"Bearer {await self.token()}"}
            response = await self._http.request(method, path, headers={**authorization, **headers}, **more)
            if response.status_code in _BUSY and _pause(response) <= _LONGEST_PAUSE_SECONDS:
                raise _BusyError(response)
            return response

        return await self._patiently(once)

    async def token(self) -> str:
        """An access token, renewed half a minute before it ends."""
        if time.monotonic() > self._good_until or not self._token:
            response = await self._http.post("/oauth/token", data=self._token_request())
            if response.status_code in _BUSY:
                raise _BusyError(response)
            response.raise_for_status()
            body = response.json()
            self._token = str(body["access_token"])
            self._good_until = time.monotonic() + int(body["expires_in"]) - _RENEW_BEFORE_SECONDS
        return self._token

    def _token_request(self) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self._caller_id,
            "sub": self._caller_id,
            "aud": self._issuer,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": jws_signing.sign_compact(
                claims, self._key, jws_signing.algorithm_for(self._key), self._key_id
            ),
        }

    async def _patiently(self, once: Any) -> httpx.Response:
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type((_BusyError, httpx.TransportError)),
            wait=_wait,
            stop=tenacity.stop_after_attempt(self._tries),
            reraise=True,
        )
        try:
            return await retrying(once)
        except _BusyError as busy:
            return busy.response


_backing_off = tenacity.wait_random_exponential(multiplier=0.2, max=5)


def _wait(state: tenacity.RetryCallState) -> float:
    """The pause the registry asks for, else a growing one with chance in it."""
    error = state.outcome.exception() if state.outcome else None
    return (_pause(error.response) if isinstance(error, _BusyError) else 0.0) or _backing_off(state)


def _pause(response: httpx.Response) -> float:
    """The seconds of Retry-After; 0 when it says nothing."""
    asked = response.headers.get("Retry-After", "")
    return float(asked) if asked.isdigit() else 0.0


def _result(response: httpx.Response) -> Result:
    if response.headers.get("Content-Type", "").startswith(JWT):
        return Result(response.status_code, {}, response.text)
    try:
        body = response.json()
    except ValueError:
        body = {}
    return Result(response.status_code, body if isinstance(body, dict) else {"items": body})
