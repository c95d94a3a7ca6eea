"""The demo's reminders: deadlines are moved to these days, schools get contacts, and the messages go into a folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from registry.cli import mailing
from registry.cli.service import Service
from registry.core.campaigns import Stage
from registry.demo import schools
from registry.services import campaigns, contacts, reminders
from registry.services.world import World
from registry.settings import Settings
from registry.storage.database import Database
from registry.storage.sealing import Sealer, load_key

#: Days from today on which each stage is due.
_DUE = dict(zip(Stage, (-6, -6, 3, 10, 20), strict=True))
_WHY = "chạy thử: đợt này diễn ra trong những ngày này"
#: Schools without a contact, to show that they are not passed over.
_WITHOUT = frozenset({"79771102", "79771108"})


async def play(service: Service, output: Path, out: Console) -> reminders.Report:
    """Move, import, send; raises when the outbox does not hold what was sent."""
    folder = output / "outbox"
    for old in folder.glob("*.eml"):
        old.unlink()
    now = datetime.now(UTC)
    settings = Settings(state_dir=service.state_dir, mail_outbox=folder, mail_from="nhac-viec@hocba.example")
    setting = reminders.Setting(settings.mail_from, service.base_url, settings.signing_day)
    world = World.of(Database(service.database_url), Sealer(load_key(service.sealing_key_path)))
    try:
        await _move(world, now)
        await contacts.import_table(world, None, _contacts().encode(), now, "registry demo")
        report = await reminders.send(world, mailing.opener(settings), setting, now)
    finally:
        world.judges.close()
        await world.db.close()
    written = len(list(folder.glob("*.eml")))
    if written != report.sent or not report.sent or not report.without_contact:
        raise RuntimeError(f"reminders: {report.sent} sent, {written} in the outbox")
    out.print(
        f"\nReminders / Nhắc việc: {report.sent} messages to schools in {folder}/ (.eml), {report.without_contact} reminders for "
        f"schools without a contact, which are listed"
    )
    return report


async def _move(world: World, now: datetime) -> None:
    """The last stage first: none may come to lie behind the one after it."""
    today = contacts.day_of(now)
    for plan in await campaigns.listed(world, None, now):
        for stage in reversed(Stage):
            due_on = today + timedelta(days=_DUE[stage])
            await campaigns.move(world, None, plan.campaign.code, stage, due_on, _WHY, now)


def _contacts() -> str:
    rows = [
        f"{school.code},Văn thư,0280000{school.code[-4:]},van-thu@th{school.code}.example,2026-01-01"
        for school in schools.all_schools()
        if school.code not in _WITHOUT
    ]
    return "\n".join(("school_code,role,phone,email,valid_from", *rows, ""))
