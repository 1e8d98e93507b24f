#!/usr/bin/env python3
"""Packs Joe and Kuo's direction numbers into SobolSequence+Packed.swift of
Sources/OuterloopNumerics/Random, and prints reference points for its test.

usage: pack-sobol.py (needs numpy and scipy; made with scipy 1.17.1)

The numbers are the set new-joe-kuo-6.21201, as stored in scipy/stats/_sobol_direction_numbers.npz.
Dimension 1 has none. For each of the dimensions 2...1111, which are all with polynomials of degree
13 or less, the packed bits are, most significant first:

    4 bits     the degree s
    s - 1      the inner coefficients a of the primitive polynomial
    k - 1      for k = 2...s: m_k without its last bit, which is 1 (m_1 is 1)

written as hexadecimal digits, the last one filled up with zeros.
"""
import pathlib

import numpy
import scipy.stats
from scipy.stats import qmc

DIMENSIONS = 1111
LICENCE = """\
Copyright (c) 2008, Frances Y. Kuo and Stephen Joe
All rights reserved.

Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

    * Redistributions of source code must retain the above copyright
      notice, this list of conditions and the following disclaimer.

    * Redistributions in binary form must reproduce the above copyright
      notice, this list of conditions and the following disclaimer in the
      documentation and/or other materials provided with the distribution.

    * Neither the names of the copyright holders nor the names of the
      University of New South Wales and the University of Waikato
      and its contributors may be used to endorse or promote products derived
      from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS ``AS IS'' AND ANY
EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDERS OR CONTRIBUTORS BE LIABLE
FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE."""

table = numpy.load(pathlib.Path(scipy.stats.__file__).parent / "_sobol_direction_numbers.npz")
bits = ""
for polynomial, numbers in zip(table["poly"][1:DIMENSIONS], table["vinit"][1:DIMENSIONS]):
    degree = int(polynomial).bit_length() - 1
    assert 1 <= degree <= 13 and numbers[0] == 1 and not any(numbers[degree:])
    bits += f"{degree:04b}"
    if degree > 1:
        bits += f"{int(polynomial) >> 1 & (1 << degree - 1) - 1:0{degree - 1}b}"
    for k in range(2, degree + 1):
        number = int(numbers[k - 1])
        assert number % 2 == 1 and number < 1 << k
        bits += f"{number >> 1:0{k - 1}b}"
bits += "0" * (-len(bits) % 4)
text = "".join(f"{int(bits[at : at + 4], 2):x}" for at in range(0, len(bits), 4))

lines = [text[at : at + 94] for at in range(0, len(text), 94)]
body = "\\\n".join("    " + line for line in lines)
licence = "\n".join(f"// {line}".rstrip() for line in LICENCE.splitlines())
target = pathlib.Path(__file__).parent.parent / (
    "Sources/OuterloopNumerics/Random/SobolSequence+Packed.swift"
)
target.write_text(
    "// Direction numbers new-joe-kuo-6.21201 for Sobol sequences, dimensions 2...1111, from S. Joe and\n"
    "// F. Y. Kuo, Constructing Sobol sequences with better two-dimensional projections, SIAM J. Sci.\n"
    "// Comput. 30 (2008) 2635-2654; https://web.maths.unsw.edu.au/~fkuo/sobol. Their licence:\n"
    f"//\n{licence}\n\n"
    "extension SobolSequence {\n"
    "  /// Made by `Scripts/pack-sobol.py`, which describes the form; not to be edited.\n"
    f'  static let packed: StaticString = """\n{body}\n    """\n'
    "}\n"
)
print(f"{target.name}: {len(text)} digits")

points = qmc.Sobol(DIMENSIONS, scramble=False, bits=32).random_base2(14)
words = (points * 2.0**32).astype(numpy.uint64)
assert (words == points * 2.0**32).all()
for dimension in [0, 1, 2, 3, 7, 40, 479, 480, 999, 1110]:
    row = ", ".join(f"0x{words[index, dimension]:x}" for index in [1, 2, 3, 4, 5, 6, 7, 100, 16383])
    print(f"    ({dimension}, [{row}]),")
