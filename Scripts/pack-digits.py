#!/usr/bin/env python3
"""Packs digits.csv into Sources/OuterloopLearning/DataSets/Digits+Packed.swift.

usage: pack-digits.py DIGITS.CSV

DIGITS.CSV has a header row, then 64 pixels (0..16) and the class of each of 1797 digits, as
exported from scikit-learn 1.9.1 (sklearn/datasets/data/digits.csv.gz, BSD-3-Clause). Original: UCI
Optical Recognition of Handwritten Digits, test part, CC BY 4.0.

The packed form is gzip over all pixels, one byte each, then all classes, one byte each; written as
base64 in a string literal, which compiles in no time: an array literal of as many bytes, such as
`.embedInCode` writes, takes 14 seconds.
"""
import base64
import csv
import gzip
import pathlib
import sys
import zlib

if len(sys.argv) != 2:
    sys.exit(__doc__)
with open(sys.argv[1], newline="") as file:
    rows = [[int(cell) for cell in row] for row in list(csv.reader(file))[1:]]
assert len(rows) == 1797 and all(len(row) == 65 for row in rows)
pixels = bytes(value for row in rows for value in row[:64])
classes = bytes(row[64] for row in rows)
assert max(pixels) == 16 and max(classes) == 9

deflate = zlib.compressobj(9, zlib.DEFLATED, 31, 9, zlib.Z_FILTERED)
stream = bytearray(deflate.compress(pixels + classes) + deflate.flush())
stream[9] = 255  # the operating system, unknown: the same bytes everywhere
assert gzip.decompress(bytes(stream)) == pixels + classes

text = base64.b64encode(bytes(stream)).decode().rstrip("=")
lines = [text[at : at + 94] for at in range(0, len(text), 94)]
target = pathlib.Path(__file__).parent.parent / (
    "Sources/OuterloopLearning/DataSets/Digits+Packed.swift"
)
body = "\\\n".join("    " + line for line in lines)
target.write_text(
    "extension Digits {\n"
    "  /// Made by `Scripts/pack-digits.py`; not to be edited.\n"
    f'  static let packed: StaticString = """\n{body}\n    """\n'
    "}\n"
)
print(f"{target.name}: {len(stream)} bytes packed, {len(text)} characters")
