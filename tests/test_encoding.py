"""Decoding of text files."""

import codecs

import pytest

from transforms.encoding import decode_text
from transforms.records import InputError

GREEK = "Η βάρκα φεύγει στις έξι. Κανείς δεν μου είπε για το γράμμα."


@pytest.mark.parametrize(
    ("data", "text", "warning"),
    [
        ("à six heures ♪\n".encode(), "à six heures ♪\n", None),
        (codecs.BOM_UTF8 + b"1\r\n2\r3\n", "1\n2\n3\n", None),
        (codecs.BOM_UTF16_LE + "♪ 音楽".encode("utf-16-le"), "♪ 音楽", None),
        (codecs.BOM_UTF16_BE + "♪ 音楽".encode("utf-16-be"), "♪ 音楽", None),
        ("Je ne pensais pas vous voir à côté.".encode("cp1252"), "Je ne pensais pas vous voir à côté.", "as cp1252"),
        ("Мне никто не сказал.".encode("cp1251"), "Мне никто не сказал.", "not UTF-8: read as cp1251"),
        (GREEK.encode("cp1253"), GREEK, "not UTF-8: read as cp1253"),
        ("没有人告诉我。没想到".encode("gb18030"), "没有人告诉我。没想到", "gb18030"),
        ("♪ à é è ü ♪ ".encode() * 3 + b"\xff", "♪ à é è ü ♪ " * 3 + "\ufffd", "1 characters are not UTF-8"),
        (
            "Das Boot fährt um sechs. Schöne Grüße!".encode("cp1252"),
            "Das Boot fährt um sechs. Schöne Grüße!",
            "as cp1252",
        ),
    ],
)
def test_decode(data: bytes, text: str, warning: str | None) -> None:
    decoded, warnings = decode_text(data)
    assert decoded == text
    assert (warning is None) == (not warnings)
    assert warning is None or warning in warnings[0]


def test_the_encoding_of_an_xml_declaration_is_taken() -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-2"?><tt>źle</tt>'
    assert decode_text(text.encode("iso-8859-2")) == (text, ())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \r\n\t", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"\x00\x01\x02", "NUL"),
        (b"\xff\x00\xd8\x01\x00", "binary"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8" * 50, "UTF-16"),
    ],
)
def test_what_is_not_text_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        decode_text(data)
