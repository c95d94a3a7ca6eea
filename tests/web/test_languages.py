"""Every text of the pages is there in both languages, and no English text has lost its page."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from babel.messages import extract, pofile

_WEB = Path(str(resources.files("registry.web")))
_METHODS = [("**/*.py", "python"), ("**/*.html", "jinja2")]


def _used() -> set[str]:
    found = extract.extract_from_dir(_WEB, _METHODS, keywords={"_": None, "gettext": None, "ngettext": (1, 2)})
    return {_single(message) for _, _, message, _, _ in found}


def _single(message: object) -> str:
    """The text itself, or its singular."""
    return message if isinstance(message, str) else str(message[0]) if isinstance(message, list | tuple) else ""


def _translated() -> dict[str, str]:
    known: dict[str, str] = {}
    for file in sorted((_WEB / "locale" / "en").glob("*.po")):
        with file.open("rb") as opened:
            for message in pofile.read_po(opened, locale="en"):
                if message.id:
                    assert not message.fuzzy, f"{file.name}: {message.id}"
                    known[_single(message.id)] = _single(message.string)
    return known


def test_every_text_has_its_english_counterpart() -> None:
    known = _translated()
    assert sorted(text for text in _used() if not known.get(text)) == []


def test_no_english_text_without_a_page() -> None:
    assert sorted(_translated().keys() - _used()) == []
