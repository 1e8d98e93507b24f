#!/usr/bin/env python3
"""Writes Sources/OuterloopLearning/DataSets/Text/CodePage+Tables.swift: what the bytes 0x80 to 0xff
stand for in encodings of one byte a character, from the codecs that come with Python."""
import unicodedata
from pathlib import Path

PAGES = {  # name: (Python's codec, other names)
    "windows-1250": ("cp1250", ["cp1250"]),
    "windows-1251": ("cp1251", ["cp1251"]),
    "windows-1252": ("cp1252", ["cp1252", "ansi"]),
    "windows-1253": ("cp1253", ["cp1253"]),
    "windows-1254": ("cp1254", ["cp1254"]),
    "windows-1255": ("cp1255", ["cp1255"]),
    "windows-1256": ("cp1256", ["cp1256"]),
    "windows-1257": ("cp1257", ["cp1257"]),
    "windows-1258": ("cp1258", ["cp1258"]),
    "iso-8859-1": ("latin-1", ["latin1", "latin-1"]),
    "iso-8859-2": ("iso8859-2", ["latin2", "latin-2"]),
    "iso-8859-3": ("iso8859-3", ["latin3", "latin-3"]),
    "iso-8859-4": ("iso8859-4", ["latin4", "latin-4"]),
    "iso-8859-5": ("iso8859-5", ["cyrillic"]),
    "iso-8859-6": ("iso8859-6", ["arabic"]),
    "iso-8859-7": ("iso8859-7", ["greek"]),
    "iso-8859-8": ("iso8859-8", ["hebrew"]),
    "iso-8859-9": ("iso8859-9", ["latin5", "latin-5"]),
    "iso-8859-10": ("iso8859-10", ["latin6", "latin-6"]),
    "iso-8859-13": ("iso8859-13", ["latin7", "latin-7"]),
    "iso-8859-14": ("iso8859-14", ["latin8", "latin-8"]),
    "iso-8859-15": ("iso8859-15", ["latin9", "latin-9"]),
    "iso-8859-16": ("iso8859-16", ["latin10", "latin-10"]),
    "koi8-r": ("koi8-r", []),
    "koi8-u": ("koi8-u", []),
    "ibm437": ("cp437", ["cp437"]),
    "ibm850": ("cp850", ["cp850"]),
    "ibm852": ("cp852", ["cp852"]),
    "ibm866": ("cp866", ["cp866"]),
    "macintosh": ("mac-roman", ["macroman", "mac-roman"]),
    "x-mac-cyrillic": ("mac-cyrillic", ["mac-cyrillic"]),
}


def shown(character):
    """A character as it can stand in source: those that combine, run leftwards or do not show are
    escaped."""
    plain = (
        unicodedata.category(character)[0] in "LNPS"
        and unicodedata.bidirectional(character) not in ("R", "AL", "AN")
        and character not in '"\\'
        and not 0xE000 <= ord(character) <= 0xF8FF
    )
    return character if plain else "\\u{%X}" % ord(character)


def literal(text, indent, end="", before="", more="  "):
    """A text as lines of source, of which none is too long."""
    pieces, piece = [], ""
    for one in map(shown, text):
        if len(piece) + len(one) > 80:
            pieces.append(piece)
            piece = ""
        piece += one
    pieces.append(piece)
    return [
        indent + (f"{more}+ " if i else before) + f'"{p}"' + (end if i == len(pieces) - 1 else "")
        for i, p in enumerate(pieces)
    ]


CONTROLS = "".join(map(chr, range(0x80, 0xA0)))
lines = [
    "// Written by Scripts/pack-encodings.py; not to be edited.",
    "extension CodePage {",
    "  /// What the bytes from 0x80 to 0x9f are in ISO 8859.",
    "  private static let controls =",
    *literal(CONTROLS, "    ", more=""),
    "",
    "  /// Names, the first of which is the usual one, and what the bytes from 0x80 on stand for, 64 in",
    "  /// a text; U+FFFD stands for nothing.",
    "  static let tables: [(names: [String], low: String, high: String)] = [",
]
for name, (codec, others) in PAGES.items():
    names = ", ".join(f'"{n}"' for n in [name] + others)
    lines += ["    (", f"      [{names}],"]
    for start, end in ((0x80, ","), (0xC0, "")):
        row = bytes(range(start, start + 64)).decode(codec, errors="replace")
        assert len(row) == 64
        rest = row.removeprefix(CONTROLS)
        lines += literal(rest, "      ", end, "" if rest == row else "controls + ")
    lines.append("    ),")
lines += ["  ]", "}", ""]
target = Path(__file__).parent.parent / "Sources/OuterloopLearning/DataSets/Text/CodePage+Tables.swift"
target.write_text("\n".join(lines))
