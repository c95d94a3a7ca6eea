"""A unit's one-page report for the review meeting: the same figures as its overview, as a file for print."""

from __future__ import annotations

import asyncio

from registry.formats import review_report as written
from registry.formats.review_report import Bar as Bar  # what the page is made of
from registry.formats.review_report import Report as Report

MEDIA_TYPE = "application/pdf"


async def pdf(report: Report) -> bytes:
    """The report as PDF, made in a thread."""
    return await asyncio.to_thread(written.pdf, report)
