"""GET /v1/submissions/{id}/report and /evidence: why a verdict is what it is, and everything it rests on as one file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from registry.api import access, logs
from registry.api.edge import Edge
from registry.api.submission import FindingBody
from registry.core.callers import Caller, Scope
from registry.core.findings import Outcome
from registry.core.report import Indication, SubIndication
from registry.core.trust import Algorithm, Hierarchy, Role
from registry.core.verdict import Proof, RevocationKind
from registry.services import evidence, kept, report

router = APIRouter(tags=["submissions"])

_NOT_STORED = {"Cache-Control": "no-store"}
_Reader = Annotated[Caller, Depends(access.caller(Scope.SUBMIT, Scope.OPERATE))]


class CertificateBody(BaseModel):
    """One certificate of a path."""

    name: str = Field(description="Common name")
    sha256: str = Field(description="Of the DER form, in hex")


class RevocationBody(BaseModel):
    """Revocation data the verdict rests on."""

    kind: RevocationKind
    issuer: str = Field(description="SHA-256 of the issuing certificate, in hex")
    issuer_name: str
    number: str | None = Field(description="cRLNumber; null for OCSP")
    this_update: datetime
    next_update: datetime | None
    sha256: str = Field(description="Of the DER form, in hex; empty for verdicts of the first version")


class SignatureReportBody(BaseModel):
    """One signature: the answer in the words of ETSI EN 319 102-1, and what it rests on."""

    index: int = Field(description="Place in the envelope, from 0; findings point to /signatures/<index>")
    indication: Indication
    sub_indication: SubIndication | None = Field(description="null when TOTAL-PASSED")
    signer: str = Field(description="Common name and organisation of the certificate")
    certificate: str | None = Field(description="SHA-256 of the signer's certificate, in hex")
    role: Role | None = Field(description="Role by the register of signers, not by the document")
    claimed_roles: list[str] = Field(description="Roles as written by the signer; without effect")
    hierarchy: Hierarchy | None
    algorithm: Algorithm | None
    claimed_at: datetime | None = Field(description="Signing time as claimed by the signer")
    proven_at: datetime = Field(description="Earliest moment at which the signature is proven to have existed")
    proof: Proof = Field(description="What proves it")
    path: list[CertificateBody] = Field(
        description="Signer's certificate first, pinned root last; empty when none was found"
    )
    revocation: list[RevocationBody]
    time_stamps: list[str] = Field(description="SHA-256 of the time-stamp tokens relied upon, in hex")
    findings: list[FindingBody]


class HistoryBody(BaseModel):
    """One verdict of the submission."""

    judged_at: datetime
    outcome: Outcome
    codes: list[str]


class ReportBody(BaseModel):
    """The newest verdict with every reason, as it was found then; `history` lists all verdicts, the newest first."""

    submission_id: UUID | None
    accepted_as: UUID | None = Field(
        description="When these bytes had been accepted before: that submission, whose verdict and moments these are"
    )
    sha256: str | None = Field(description="Of the received bytes, in hex; null when they were turned away unread")
    outcome: Outcome
    received_at: datetime
    judged_at: datetime
    signatures: list[SignatureReportBody]
    findings: list[FindingBody] = Field(description="Findings about the document as a whole")
    policy: str = Field(description="Version of the signature policy")
    rules: str = Field(description="Version of the rules of content")
    generation: int | None = Field(description="Generation of the register (trust list, signers, schools)")
    history: list[HistoryBody]


@router.get("/v1/submissions/{submission_id}/report", response_model=ReportBody)
async def get_report(request: Request, submission_id: UUID, caller: _Reader) -> Response:
    """Why one's own submission was accepted, held or refused, signature by signature."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    found = await kept.report_of(edge.world, caller, submission_id)
    logs.note(submission=str(submission_id), outcome=found.outcome.value)
    return JSONResponse(report.as_json(found), headers=_NOT_STORED)


@router.get(
    "/v1/submissions/{submission_id}/evidence",
    response_class=Response,
    responses={
        200: {"content": {"application/zip": {}}, "description": "An archive; openapi/evidence.md says what is in it"}
    },
)
async def get_evidence(request: Request, submission_id: UUID, caller: _Reader) -> Response:
    """Everything the verdict on one's own submission rests on, as one ZIP file for judging again offline."""
    edge: Edge = request.app.state.edge
    access.limit(request, caller, "questions")
    packed = await evidence.hand_out(edge.world, submission_id, caller, datetime.now(UTC))
    logs.note(submission=str(submission_id), size=len(packed))
    named = {"Content-Disposition": f'attachment; filename="evidence-{submission_id}.zip"'}
    return Response(packed, media_type="application/zip", headers={**_NOT_STORED, **named})
