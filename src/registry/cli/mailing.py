"""How messages leave: through the configured SMTP server, over TLS with its certificate checked, or into a folder as .eml files.

What the server said goes no further than its code: its sentences may hold addresses.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email.message import Message
from pathlib import Path

import aiosmtplib

from registry.core import codes
from registry.core.findings import Code
from registry.services.reminders import Opener, Post, PostError, Setting
from registry.settings import Settings

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_NO_FILE_NAME = re.compile(r"[^A-Za-z0-9@._-]")


class MailSettingsError(Exception):
    """Something is missing from the settings, or would send a password in the clear; the sentence says what."""


def setting(settings: Settings) -> Setting:
    """What messages need to know; raises MailSettingsError."""
    if not settings.mail_from:
        raise MailSettingsError("REGISTRY_MAIL_FROM is not set: the address that reminders come from")
    return Setting(settings.mail_from, settings.issuer, settings.signing_day)


def opener(settings: Settings) -> Opener:
    """The way out that the settings name; raises MailSettingsError."""
    folder = settings.mail_outbox
    if folder is not None:
        return lambda: _outbox(folder)
    if not settings.smtp_host:
        raise MailSettingsError("set REGISTRY_SMTP_HOST, or REGISTRY_MAIL_OUTBOX for a folder of .eml files")
    if settings.smtp_tls == "none" and settings.smtp_host not in _LOOPBACK:
        raise MailSettingsError("REGISTRY_SMTP_TLS=none is for a mail server on this machine only")
    password = _password(settings)
    return lambda: _smtp(settings, password)


@asynccontextmanager
async def _outbox(folder: Path) -> AsyncIterator[Post]:
    """Every message becomes a file that is whole when it has its name."""

    def put(message: Message, to: Sequence[str]) -> int:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = _NO_FILE_NAME.sub("", str(message["Message-ID"])).partition("@")[0]
        unfinished = folder / f".{name}"
        unfinished.write_bytes(message.as_bytes())
        unfinished.replace(folder / f"{name}.eml")
        return len(to)

    async def post(message: Message, to: Sequence[str]) -> int:
        return await asyncio.to_thread(put, message, to)

    yield post


@asynccontextmanager
async def _smtp(settings: Settings, password: str | None) -> AsyncIterator[Post]:
    """One connection for all messages, opened with the first and again when it was lost."""
    client = aiosmtplib.SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        use_tls=settings.smtp_tls == "tls",
        start_tls=settings.smtp_tls == "starttls",
        cert_bundle=str(settings.smtp_ca_file) if settings.smtp_ca_file else None,
        username=settings.smtp_user or None,
        password=password,
        timeout=settings.smtp_timeout_seconds,
    )

    async def post(message: Message, to: Sequence[str]) -> int:
        if not client.is_connected:
            await _connect(client)
        return await _hand_over(client, settings.mail_from, to, message.as_bytes())

    try:
        yield post
    finally:
        if client.is_connected:
            try:
                await client.quit()
            except (aiosmtplib.SMTPException, OSError):
                client.close()


async def _connect(client: aiosmtplib.SMTP) -> None:
    try:
        await client.connect()
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        client.close()
        raise PostError(codes.REMINDER_UNREACHABLE, certain=True, detail=_said(error)) from None


async def _hand_over(client: aiosmtplib.SMTP, sender: str, to: Sequence[str], raw: bytes) -> int:
    """Step by step, since only what breaks after the message has begun to leave is uncertain (RFC 5321 4.1.1.4)."""
    taken, refused = 0, ""
    try:
        await client.mail(sender)
        for each in to:
            try:
                await client.rcpt(each)
                taken += 1
            except aiosmtplib.SMTPRecipientRefused as error:
                refused = _said(error)
        if not taken:
            await client.rset()
    except (aiosmtplib.SMTPException, OSError) as error:
        client.close()
        raise PostError(_code(error), certain=True, detail=_said(error)) from None
    if not taken:
        raise PostError(codes.REMINDER_RECIPIENTS, certain=True, detail=refused)
    try:
        await client.data(raw)
    except aiosmtplib.SMTPResponseException as error:
        raise PostError(codes.REMINDER_REFUSED, certain=True, detail=_said(error)) from None
    except (aiosmtplib.SMTPException, OSError) as error:
        client.close()
        raise PostError(codes.REMINDER_UNCERTAIN, certain=False, detail=_said(error)) from None
    return taken


def _code(error: Exception) -> Code:
    answered = isinstance(error, aiosmtplib.SMTPResponseException)
    return codes.REMINDER_REFUSED if answered else codes.REMINDER_UNREACHABLE


def _said(error: Exception) -> str:
    """The kind of trouble and the server's code, without its sentence."""
    number = getattr(error, "code", None)
    return f"{type(error).__name__}{f' {number}' if isinstance(number, int) else ''}"


def _password(settings: Settings) -> str | None:
    if settings.smtp_password_file is not None:
        try:
            return settings.smtp_password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise MailSettingsError(f"REGISTRY_SMTP_PASSWORD_FILE can't be read: {error.strerror}") from None
    return settings.smtp_password.get_secret_value() if settings.smtp_password else None
