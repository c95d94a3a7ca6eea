"""The paper itself: nothing in a text becomes a command, long texts go on, the QR is read by zbar, the seal by poppler and pyhanko."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import unicodedata
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from registry.core import public_code
from registry.core.answer_keys import AnswerKey, Use, periods
from registry.formats import answers, extract_pdf, paper_content, paper_sheet, qr_text
from registry.formats.pdf_seal import Seal
from registry.storage import key_files

EXAMPLES = Path("openapi/examples")
NOW = datetime(2026, 11, 27, 10, 30, tzinfo=UTC)
CODE = public_code.printed(bytes(range(16)))
ISSUE = paper_sheet.Issue("2026/000123", "27/11/2026 17:30", CODE, 1, "30/05/2026 09:12", "ab" * 32)
SIGNED = [{"role": role, "signed_at": "29/05/2026 10:00"} for role in ("teacher", "principal", "seal")]


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed on this machine")


@cache
def keys(folder: Path) -> tuple[bytes, bytes]:
    return key_files.ensure_paper_seal(folder / "seal.pem"), key_files.ensure(folder / "paper.pem", key_files.new_p256)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("papers")


def members(name: str, **changes: Any) -> dict[str, Any]:
    return {**json.loads((EXAMPLES / f"{name}.json").read_text("utf-8")), **changes}


def paper(said: dict[str, Any]) -> qr_text.Paper:
    face = paper_content.face(said, None)
    return qr_text.Paper(
        CODE, "1", said["matruong"], face.school_name, said["namhoc"], said["makhoi"], face.initials,
        str(face.birth_year), paper_content.result_line(said),
    )  # fmt: skip


def made(said: dict[str, Any], folder: Path) -> bytes:
    key = answers.PrivateKey.from_pem(keys(folder)[1])
    return extract_pdf.render(
        paper_sheet.sheet(said, SIGNED, ISSUE), qr_text.text(key, "https://hocba.example", paper(said)), NOW
    )


def words(pdf: bytes, folder: Path) -> str:
    file = folder / "words.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True)
    return unicodedata.normalize("NFC", done.stdout.decode())


@needs("pdftotext")
@pytest.mark.parametrize("name", ["grades-1-2", "grade-3", "grades-4-5", "grades-6-9", "grades-10-12"])
def test_everything_that_was_assessed_is_on_the_paper(name: str, folder: Path) -> None:
    said = members(name)
    text = " ".join(words(made(said, folder), folder).split())
    for wire in ("hovaten", "tentruong", "namhoc", "sodinhdanh", "tengiamhieu", "tengvcn", "nxetgvcn"):
        assert " ".join(said[wire].split()) in text, wire
    for row in said.get("dsbangdiem") or said["bangdiem"]:
        assert row["tenmonhoc"].split()[0] in text
    for row in said["quatrinhhoctap"]:
        assert row["namhoc"] in text
    for printed in ("BẢN THỂ HIỆN", "2026/000123", CODE, "Đã ký số 29/05/2026 10:00"):
        assert printed in text, printed
    assert said["soddcngiamhieu"] not in text, "numbers of signers are nobody's business"


@needs("pdftotext")
def test_text_is_text_whatever_it_looks_like(folder: Path) -> None:
    evil = '#panic() #{1+1} *x* _y_ $z$ \\ @a <b> `c` // = [d] "e" #read("/etc/passwd")'
    text = words(made(members("grades-6-9", nxetgvcn=evil), folder), folder)
    for piece in ("#panic()", "#{1+1}", "*x*", "$z$", '#read("/etc/passwd")', "// = [d]"):
        assert piece in text, piece


@needs("pdftotext")
def test_decomposed_letters_are_set_composed(folder: Path) -> None:
    name = "Nguyễn Thị Mỹ Ngưỡng Đặng"
    apart = unicodedata.normalize("NFD", name)
    assert apart != name
    done = words(made(members("grades-4-5", hovaten=apart), folder), folder)
    assert name in done
    assert paper_content.face(members("grades-4-5", hovaten=apart), None).initials == "N.T.M.N.Đ."


@needs("pdftotext")
def test_long_comments_and_many_subjects_go_on_over_pages(folder: Path) -> None:
    said = members("grades-10-12", nxetgvcn="Rất dài. " * 220)
    said["bangdiem"] = [dict(row, nxetmonhoc="Ngoan. " * 280) for row in said["bangdiem"] * 4][:40]
    said["bangdiem"][-1]["nxetmonhoc"] += "CUỐI"
    pdf = made(said, folder)
    assert int(PdfFileReader(io.BytesIO(pdf)).root["/Pages"]["/Count"]) > 5
    text = words(pdf, folder)
    assert "CUỐI" in text
    assert text.count("Ngoan.") == 40 * 280


@needs("zbarimg")
@needs("pdftoppm")
@pytest.mark.parametrize("name", ["grades-4-5", "grades-6-9"])
def test_zbar_reads_the_qr_from_the_printed_page(name: str, folder: Path) -> None:
    said = members(name, tentruong="Trường Trung học cơ sở và Trung học phổ thông " + "Nguyễn Thị Minh Khai " * 4)
    file = folder / "qr.pdf"
    file.write_bytes(made(said, folder))
    subprocess.run(["pdftoppm", "-r", "120", "-f", "1", "-l", "1", "-gray", "-png", file, folder / "qr"], check=True)
    [page] = folder.glob("qr-*.png")
    read = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", page], capture_output=True, check=True
    )
    page.unlink()
    key = answers.PrivateKey.from_pem(keys(folder)[1])
    published = periods([AnswerKey(key.key_id, key.public_key, NOW, Use.PAPER)])
    assert qr_text.check(read.stdout.decode().strip(), published) == paper(said)


def test_it_says_that_it_is_pdf_a_and_embeds_every_font(folder: Path) -> None:
    pdf = made(members("grades-4-5"), folder)
    reader = PdfFileReader(io.BytesIO(pdf))
    metadata = reader.root["/Metadata"].data
    assert b"<pdfaid:part>2</pdfaid:part>" in metadata
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    fonts = [each.get_object() for each in page_fonts(reader)]
    assert len(fonts) >= 3
    for font in fonts:
        inner = font["/DescendantFonts"][0]
        assert {"/FontFile2", "/FontFile3"} & set(inner["/FontDescriptor"].keys())


def page_fonts(reader: PdfFileReader) -> list[Any]:
    found = [reader.find_page_for_modification(number)[0] for number in range(2)]  # type: ignore[no-untyped-call]
    pages = [page.get_object() for page in found]
    return [font for page in pages for font in page["/Resources"]["/Font"].values()]


@needs("pdftotext")
def test_what_no_font_has_is_a_box_and_said(folder: Path) -> None:
    said = words(made(members("grades-4-5", nxetgvcn="Chăm ngoan 😀 漢 ភា"), folder), folder)
    assert "Chăm ngoan □ □ □□" in said
    assert "ký tự không in được" in " ".join(said.split())
    assert "□" not in words(made(members("grades-4-5"), folder), folder)


def test_what_cannot_be_set_says_so_without_the_text(folder: Path) -> None:
    with pytest.raises(extract_pdf.NotSetError, match="UnicodeEncodeError"):
        made(members("grades-4-5", nxetgvcn="\ud800"), folder)
    assert made(members("grades-4-5"), folder).startswith(b"%PDF-"), "the thread goes on with the next paper"


# --- the seal ---------------------------------------------------------------------------------------------------------------


def holds(pdf: bytes, pem: bytes) -> bool:
    """By pyhanko's own validation, with the seal's certificate as the only thing trusted."""
    from asn1crypto import pem as armour
    from asn1crypto import x509

    der = next(raw for kind, _, raw in armour.unarmor(pem, multiple=True) if kind == "CERTIFICATE")
    context = ValidationContext(trust_roots=[x509.Certificate.load(der)], allow_fetching=False)
    [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    status = validate_pdf_signature(signature, context)
    return bool(status.intact and status.valid and status.trusted and status.bottom_line)


def test_pyhanko_finds_the_seal_good_and_every_alteration(folder: Path) -> None:
    pem = keys(folder)[0]
    sealed = Seal(pem).sign(made(members("grades-4-5"), folder))
    assert holds(sealed, pem)
    [signature] = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    for place in (200, len(sealed) // 2, len(sealed) - 40):
        changed = bytearray(sealed)
        changed[place] ^= 1
        try:
            good = holds(bytes(changed), pem)
        except Exception:  # what no longer is a PDF is found too
            good = False
        assert not good, place


def with_note(pdf: bytes) -> bytes:
    """The same with a note over the page, added behind the sealed bytes as a reader's own program would."""
    writer: Any = IncrementalPdfFileWriter(io.BytesIO(pdf))
    name, text, number, table = (
        getattr(generic, each) for each in ("pdf_name", "pdf_string", "NumberObject", "DictionaryObject")
    )
    said = {"/Type": name("/Annot"), "/Subtype": name("/FreeText"), "/Contents": text("10"), "/DA": text("/Helv 12 Tf"),
            "/F": number(4), "/Rect": generic.ArrayObject([number(n) for n in (300, 400, 340, 420)])}  # fmt: skip
    note = table({name(key): value for key, value in said.items()})
    page = writer.root["/Pages"]["/Kids"][0]
    page[name("/Annots")] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(page)
    changed = io.BytesIO()
    writer.write(changed)
    return changed.getvalue()


def test_what_is_appended_is_an_alteration_too(folder: Path) -> None:
    """The seal certifies the paper as it left (ISO 32000-2 section 12.8.2.2): not even a note may come behind it."""
    pem = keys(folder)[0]
    sealed = Seal(pem).sign(made(members("grades-4-5"), folder))
    changed = with_note(sealed)
    assert changed.startswith(sealed)
    assert holds(sealed, pem)
    assert not holds(changed, pem)
    reader = PdfFileReader(io.BytesIO(sealed))
    [signature] = reader.embedded_signatures
    assert signature.docmdp_level is MDPPerm.NO_CHANGES
    assert reader.root["/Perms"].raw_get("/DocMDP") is not None, "viewers look here"


@needs("pdfsig")
def test_poppler_finds_the_seal_good_and_an_alteration(folder: Path) -> None:
    sealed = Seal(keys(folder)[0]).sign(made(members("grades-6-9"), folder))
    changed = bytearray(sealed)
    changed[sealed.index(b"stream", 2000) + 60] ^= 1
    for name, pdf, said in (("good", sealed, "Signature is Valid"), ("bad", bytes(changed), "Digest Mismatch")):
        file = folder / f"{name}.pdf"
        file.write_bytes(pdf)
        done = subprocess.run(["pdfsig", "-nocert", file], capture_output=True, text=True, check=False)
        assert said in done.stdout, done.stdout + done.stderr
        assert "Total document signed" in done.stdout


def test_a_seal_comes_as_pkcs_12_or_as_pem(folder: Path) -> None:
    pem = keys(folder)[0]
    key, certificate = load_pem_private_key(pem, None), load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERT") :])
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    packed = pkcs12.serialize_key_and_certificates(
        b"seal",
        key,
        certificate,
        None,
        BestAvailableEncryption(b"secret"),
    )
    assert holds(Seal(packed, b"secret").sign(made(members("grades-1-2"), folder)), pem)
    other = key_files.ensure_paper_seal(folder / "other.pem")
    mixed = pem[: pem.index(b"-----BEGIN CERT")] + other[other.index(b"-----BEGIN CERT") :]
    for bad, password in (
        (packed, b"wrong"),
        (b"nothing", None),
        (mixed, None),
        (pem[pem.index(b"-----BEGIN CERT") :], None),
    ):
        with pytest.raises(ValueError, match=r"."):
            Seal(bad, password)
