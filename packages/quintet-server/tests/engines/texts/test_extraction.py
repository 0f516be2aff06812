"""Text out of documents: every format, every bound, every refusal."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from quintet_server.engines.texts.extraction import (
    PAGE_BREAK,
    DocumentTooLarge,
    DocumentUnreadable,
    ExtractionError,
    UnsupportedFormat,
    extract,
)
from quintet_server.engines.texts.formats import Format, format_of
from quintet_server.engines.texts.pdf import pdf_pages
from quintet_server.engines.texts.settings import TextSettings


def pdf(*pages: str, extra: bytes = b"") -> bytes:
    """A PDF by hand: one line of Helvetica a page."""
    count = len(pages)
    kids = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, count),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        stream = b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % text.encode("latin-1") if text else b""
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * number)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"<< /Size %d /Root 1 0 R %s >>" % (len(objects) + 1, extra)
    return body + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n%s\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        table,
        trailer,
        len(body),
    )


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("a.md", None, Format.MARKDOWN),
        ("docs/A.MARKDOWN", None, Format.MARKDOWN),
        ("a.txt", None, Format.TEXT),
        ("table.csv", None, Format.TEXT),
        ("page.HTM", None, Format.HTML),
        ("paper.pdf", None, Format.PDF),
        ("anything", "text/markdown; charset=utf-8", Format.MARKDOWN),
        ("a.pdf", "Text/HTML", Format.HTML),
    ],
)
def test_format_is_told_by_content_type_then_by_suffix(name, content_type, expected) -> None:
    assert format_of(name, content_type) is expected


@pytest.mark.parametrize(
    ("name", "content_type", "words"),
    [
        ("a.docx", None, r"\.docx are not read .*\.md"),
        ("README", None, "without a suffix"),
        ("a.md", "image/png", "image/png"),
    ],
)
def test_unknown_format_is_refused_by_name(name, content_type, words) -> None:
    with pytest.raises(UnsupportedFormat, match=words):
        extract(name, content_type, b"x")


def test_text_keeps_lines_and_loses_control_characters() -> None:
    assert extract("a.txt", None, b"one\r\ntwo\rthree\x00\x07\x0c\tfour") == "one\ntwo\nthree\tfour"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_with_a_byte_order_mark_is_decoded_by_it(encoding) -> None:
    assert extract("a.md", None, "# Grüße 😀".encode(encoding)) == "# Grüße 😀"


def test_text_that_is_not_utf8_names_the_line() -> None:
    with pytest.raises(DocumentUnreadable, match="line 2"):
        extract("a.txt", None, b"fine\n\xff\xfebad")


def test_bounds_name_their_settings() -> None:
    settings = TextSettings(document_max_bytes=10, text_max_chars=5)
    with pytest.raises(DocumentTooLarge, match=r"11 bytes.*QUINTET_TEXTS_DOCUMENT_MAX_BYTES"):
        extract("a.txt", None, b"x" * 11, settings)
    with pytest.raises(DocumentTooLarge, match=r"6 characters.*QUINTET_TEXTS_TEXT_MAX_CHARS"):
        extract("a.txt", None, b"x" * 6, settings)


def test_html_becomes_markdown_of_what_a_reader_sees() -> None:
    page = b"""<!doctype html><html><head><title>Help</title><style>p {color: red}</style></head>
    <body><script>alert('no')</script><!-- hidden -->
    <h1>Reset  a
    password</h1><p>Open the <b>account</b> page &amp; choose
    <a href="/x">Reset</a>.<br>Then wait.</p>
    <ul><li>first</li><li>second</li></ul>
    <pre>if x:
    y = 1</pre>
    <table><tr><th>Plan</th><th>Price</th></tr><tr><td>Free</td><td>0</td></tr></table>
    </body></html>"""
    text = extract("help.html", None, page)
    assert text.splitlines() == [
        "# Reset a password",
        "",
        "Open the account page & choose Reset.",
        "Then wait.",
        "",
        "- first",
        "- second",
        "",
        "```",
        "if x:",
        "    y = 1",
        "```",
        "",
        "Plan | Price",
        "Free | 0",
    ]


def test_html_without_a_heading_takes_its_title() -> None:
    page = b"<title> Our\n prices </title><p>Free.</p>"
    assert extract("a.html", None, page) == "# Our prices\n\nFree."


def test_html_in_an_old_encoding_is_decoded_by_its_own_words() -> None:
    page = '<meta charset="iso-8859-1"><p>Grüße</p>'.encode("latin-1")
    assert extract("a.html", None, page) == "Grüße"


def test_html_nested_deeper_than_the_stack_is_read() -> None:
    page = b"<div>" * 20_000 + b"deep" + b"</div>" * 20_000
    assert extract("a.html", None, page) == "deep"


def test_pdf_pages_are_cut_by_page_breaks() -> None:
    text = extract("a.pdf", None, pdf("The first page", "The second page"))
    assert [page.strip() for page in text.split(PAGE_BREAK)] == [
        "The first page",
        "The second page",
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a PDF"),
        (b"%PDF-1.4\nnonsense", "not a PDF"),
        (pdf("x")[:150], "not a PDF"),
        (pdf("", ""), "holds no text"),
    ],
    ids=["empty", "nonsense", "cut short", "pictures only"],
)
def test_pdf_that_cannot_be_read_says_why(data, words) -> None:
    with pytest.raises(DocumentUnreadable, match=words):
        extract("a.pdf", None, data)


def test_pdf_with_a_password_is_refused() -> None:
    import io

    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf("secret"))))
    writer.encrypt("password", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    with pytest.raises(DocumentUnreadable, match="password"):
        extract("a.pdf", None, locked.getvalue())


def test_pdf_bounds_name_their_settings() -> None:
    data = pdf("one", "two", "three")
    with pytest.raises(DocumentTooLarge, match=r"3 pages.*QUINTET_TEXTS_PDF_PAGES_MAX_COUNT"):
        extract("a.pdf", None, data, TextSettings(pdf_pages_max_count=2))
    with pytest.raises(DocumentTooLarge, match="QUINTET_TEXTS_TEXT_MAX_CHARS"):
        extract("a.pdf", None, data, TextSettings(text_max_chars=5))
    seconds = iter([0.0, 1.0, 200.0])
    with pytest.raises(DocumentTooLarge, match="QUINTET_TEXTS_PDF_MAX_SECONDS"):
        pdf_pages(data, TextSettings(), now=lambda: next(seconds))


@given(st.binary(max_size=300), st.sampled_from(["a.md", "a.txt", "a.html", "a.pdf"]))
def test_any_bytes_give_a_storable_text_or_an_extraction_error(data, name) -> None:
    try:
        text = extract(name, None, data)
    except ExtractionError:
        return
    assert "\x00" not in text
    text.encode()


@given(st.text(max_size=200))
def test_any_markup_gives_a_text(text) -> None:
    for template in ("<p>{}</p>", "<pre>{}</pre>", "<{}>", "<!--{}", "&{};"):
        extract("a.html", None, template.format(text).encode(errors="replace"))
