"""Messages on their way to a real SMTP server (aiosmtpd): TLS and sign-in, refusals, lost connections; into a folder; the command."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr
from typer.testing import CliRunner

from registry.cli import mailing
from registry.cli import reminders as command
from registry.core.campaigns import Stage
from registry.core.stages import Progress
from registry.demo import pki
from registry.formats import reminder_mail
from registry.services.reminders import PostError
from registry.services.world import World
from registry.settings import Settings
from tests.conftest import Urls
from tests.services.test_reminders import campaign_of_today, late

__all__ = ["late"]
pytestmark = pytest.mark.anyio
TO = ("vt@a.example", "cntt@a.example")
MESSAGE = reminder_mail.write(
    reminder_mail.Letter(
        UUID(int=7), "nhac-viec@so.example", TO, "Trường A", ("Lớp 1", "Grade 1"), Stage.DECLARED, date(2026, 6, 30),
        Progress(0, 1), "https://hocba.example/schools/1", datetime(2026, 6, 27, 2, tzinfo=UTC),
    )
)  # fmt: skip


class Server:
    """Remembers what it took, and answers as it is told: name of a step -> answer, or a way to break off."""

    def __init__(self, **answers: str | Callable[[SMTP], None]) -> None:
        self.answers, self.taken, self.signed_in = answers, list[Envelope](), list[bytes]()
        self.port = 0

    async def _answer(self, step: str, server: SMTP, good: str = "250 OK") -> str:
        answer = self.answers.get(step, good)
        if callable(answer):
            answer(server)
            await asyncio.sleep(5)
            return "421 gone"
        return answer

    async def handle_MAIL(self, server: SMTP, _s: Session, envelope: Envelope, address: str, _o: Sequence[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        return await self._answer("mail", server)

    async def handle_RCPT(self, server: SMTP, _s: Session, envelope: Envelope, address: str, _o: Sequence[str]) -> str:  # noqa: N802
        answer = await self._answer(address, server)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _s: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return await self._answer("data", server)

    def authenticate(
        self, _server: SMTP, _s: Session, _e: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.signed_in.append(data.password)
        return AuthResult(success=data.password == b"secret")


@asynccontextmanager
async def serving(server: Server, tls: ssl.SSLContext | None = None, *, tls_first: bool = False) -> AsyncIterator[None]:
    def made() -> SMTP:
        return SMTP(
            server, hostname="127.0.0.1", tls_context=None if tls_first else tls, require_starttls=bool(tls) and not tls_first,
            authenticator=server.authenticate, auth_required=tls is not None, loop=asyncio.get_running_loop(),
            auth_require_tls=not tls_first,
        )  # fmt: skip

    listening = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0, ssl=tls if tls_first else None)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        listening.close()


def drop(server: SMTP) -> None:
    assert server.transport is not None
    cast("asyncio.Transport", server.transport).abort()


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context, and the file of the CA (itself) that a client must know."""
    key, name, now = pki.new_key("p256"), pki.name("127.0.0.1"), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca, whole = folder / "ca.pem", folder / "server.pem"
    ca.write_bytes(made.public_bytes(Encoding.PEM))
    whole.write_bytes(ca.read_bytes() + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(whole)
    return context, ca


def settings(server: Server, folder: Path, **more: Any) -> Settings:
    plain = {"smtp_tls": "none", "smtp_timeout_seconds": 2, "mail_from": "nhac-viec@so.example"}
    return Settings(state_dir=folder, smtp_host="127.0.0.1", smtp_port=server.port, **{**plain, **more})


async def post(chosen: Settings, times: int = 1) -> list[int | tuple[str, bool]]:
    found: list[int | tuple[str, bool]] = []
    async with mailing.opener(chosen)() as handed:
        for _ in range(times):
            try:
                found.append(await handed(MESSAGE, TO))
            except PostError as error:
                found.append((error.code.slug, error.certain and "@" not in error.detail))
    return found


async def test_messages_arrive_over_one_connection(tmp_path: Path) -> None:
    server = Server()
    async with serving(server):
        assert await post(settings(server, tmp_path), 3) == [2, 2, 2]
    assert [(each.mail_from, each.rcpt_tos) for each in server.taken] == [("nhac-viec@so.example", list(TO))] * 3
    arrived = message_from_bytes(cast("bytes", server.taken[0].content), policy=policy.default)
    sent = message_from_bytes(MESSAGE.as_bytes(), policy=policy.default)
    assert (
        arrived["Subject"] == sent["Subject"] == "Nhắc việc: Nhà trường xác nhận hoàn thành, hạn 30/06/2026 - Trường A"
    )
    assert arrived.get_payload(decode=True) == sent.get_payload(decode=True)


@pytest.mark.parametrize("way", ["starttls", "tls"])
async def test_over_tls_with_a_password_and_a_certificate_that_is_checked(tmp_path: Path, way: str) -> None:
    context, ca = certificate(tmp_path)
    file = tmp_path / "password"
    file.write_text("secret\n")
    server = Server()
    async with serving(server, context, tls_first=way == "tls"):
        good = settings(server, tmp_path, smtp_tls=way, smtp_ca_file=ca, smtp_user="nhac-viec", smtp_password_file=file)
        assert await post(good) == [2]
        wrong = good.model_copy(update={"smtp_password_file": None, "smtp_password": SecretStr("guessed")})
        assert await post(wrong) == [("reminder-unreachable", True)]
        unknown = good.model_copy(update={"smtp_ca_file": None})
        assert await post(unknown) == [("reminder-unreachable", True)]
    assert server.signed_in == [b"secret", b"guessed"], "no password to a server whose certificate is not known"
    async with serving(server):
        if way == "starttls":
            plain = good.model_copy(update={"smtp_port": server.port})
            assert await post(plain) == [("reminder-unreachable", True)], "no way back to plain text"


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"vt@a.example": "550 no such box"}, 1),
        ({"vt@a.example": "550 no", "cntt@a.example": "550 no"}, ("reminder-recipients", True)),
        ({"mail": "553 not allowed"}, ("reminder-refused", True)),
        ({"data": "554 spam, say cntt@a.example"}, ("reminder-refused", True)),
        ({"mail": drop}, ("reminder-unreachable", True)),
        ({"vt@a.example": drop}, ("reminder-unreachable", True)),
        ({"data": drop}, ("reminder-uncertain", False)),
    ],
)
async def test_what_a_server_may_answer(tmp_path: Path, answers: dict[str, Any], found: int | tuple[str, bool]) -> None:
    server = Server(**answers)
    async with serving(server):
        assert await post(settings(server, tmp_path), 2) == [found, found], (
            "and the connection is good for the next one"
        )


async def test_a_server_that_says_nothing_and_one_that_is_not_there(tmp_path: Path) -> None:
    server = Server(data=lambda _server: None)
    async with serving(server):
        chosen = settings(server, tmp_path, smtp_timeout_seconds=0.3)
        assert await post(chosen) == [("reminder-uncertain", False)]
    assert await post(chosen) == [("reminder-unreachable", True)]


async def test_into_a_folder(tmp_path: Path) -> None:
    chosen = Settings(state_dir=tmp_path, mail_outbox=tmp_path / "outbox", mail_from="a@b.example")
    assert await post(chosen, 2) == [2, 2]
    (file,) = (tmp_path / "outbox").iterdir()
    assert file.name == f"{UUID(int=7)}.eml"
    assert message_from_bytes(file.read_bytes(), policy=policy.default)["To"] == "vt@a.example, cntt@a.example"


@pytest.mark.parametrize(
    "more",
    [{}, {"smtp_host": "mail.example", "smtp_tls": "none"}, {"smtp_host": "m", "smtp_password_file": "/no/such"}],
)
def test_settings_that_lead_nowhere(tmp_path: Path, more: dict[str, Any]) -> None:
    with pytest.raises(mailing.MailSettingsError):
        mailing.opener(Settings(state_dir=tmp_path, **more))
    with pytest.raises(mailing.MailSettingsError):
        mailing.setting(Settings(state_dir=tmp_path, **more))


async def test_the_command(late: World, database_urls: Urls, tmp_path: Path) -> None:
    key = tmp_path / "sealing.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    outbox = tmp_path / "outbox"
    env = {
        "DATABASE_URL": database_urls.owner,
        "REGISTRY_STATE_DIR": str(tmp_path),
        "REGISTRY_SEALING_KEY_FILE": str(key),
    }

    async def run(*arguments: str, **more: str) -> Any:
        return await asyncio.to_thread(CliRunner(env={**env, **more}).invoke, command.app, list(arguments))

    await campaign_of_today(late)
    assert (await run("send")).exit_code == 1
    mail = {"REGISTRY_MAIL_FROM": "a@b.example", "REGISTRY_MAIL_OUTBOX": str(outbox)}
    listed = json.loads((await run("list", "--json")).stdout)
    tried = json.loads((await run("send", "--dry-run", "--json", **mail)).stdout)
    due = [row for row in listed if row["state"] == "due"]
    assert len(tried["letters"]) == len(due) > 0
    assert not outbox.exists()
    assert "nothing was sent" in (await run("send", "--dry-run", **mail)).stdout
    sent = json.loads((await run("send", "--json", **mail)).stdout)
    once = {(row["school_code"], row["stage"]) for row in due}
    assert sent["sent"] == len(once) == len(list(outbox.iterdir())), "one a day for a school and stage"
    left = {
        (row["school_code"], row["stage"]) for row in json.loads((await run("list", "--state", "due", "--json")).stdout)
    }
    assert left <= once, "of another campaign: tomorrow"
    assert "0 sent" in (await run("send", **mail)).stdout
