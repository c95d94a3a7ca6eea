"""The two languages of the pages. Texts are written in Vietnamese; English comes from the catalogues in `locale/en/`.

One catalogue per area (`<area>.po`), so that each is found beside the pages it belongs to. They are compiled when the process
starts. A text without an English counterpart fails a test, not a reader.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from importlib import resources

from babel.messages import mofile, pofile

LANGUAGES = ("vi", "en")


def catalogues() -> Mapping[str, gettext.NullTranslations]:
    """language -> its texts."""
    english = gettext.NullTranslations()
    folder = resources.files("registry.web") / "locale" / "en"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".po"):
            compiled = io.BytesIO()
            mofile.write_mo(compiled, pofile.read_po(io.BytesIO(file.read_bytes()), locale="en"))
            compiled.seek(0)
            area = gettext.GNUTranslations(compiled)
            area.add_fallback(english)
            english = area
    return {"vi": gettext.NullTranslations(), "en": english}
