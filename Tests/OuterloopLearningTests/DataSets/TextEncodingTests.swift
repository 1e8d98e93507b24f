import Foundation
import OuterloopText
import Testing

@testable import OuterloopLearning

@Suite struct TextEncodingTests {
  static let table = "a,животное\n1,кот\n2,пес\n3,кот\n4,пес\n"

  func classes(_ bytes: [UInt8], _ encoding: TextEncoding = .detected) throws -> [String] {
    let options = CSV.Options(encoding: encoding)
    return try CSV.prepare(bytes: bytes, named: "t.csv", options: options).data.classNames
  }

  static func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
    text.utf16.flatMap { unit in
      let (high, low) = (UInt8(unit >> 8), UInt8(unit & 255))
      return isBigEndian ? [high, low] : [low, high]
    }
  }

  @Test func readsMarks() throws {
    let names = ["кот", "пес"]
    #expect(try classes(Array(Self.table.utf8)) == names)
    #expect(try classes([0xEF, 0xBB, 0xBF] + Array(Self.table.utf8)) == names)
    #expect(try classes([0xFF, 0xFE] + Self.utf16(Self.table, isBigEndian: false)) == names)
    #expect(try classes([0xFE, 0xFF] + Self.utf16(Self.table, isBigEndian: true)) == names)
  }

  @Test func readsUTF16WithoutAMark() throws {
    for (isBigEndian, name) in [(false, "utf-16le"), (true, "UTF-16BE")] {
      let bytes = Self.utf16(Self.table, isBigEndian: isBigEndian)
      #expect(try classes(bytes, TextEncoding(named: name)) == ["кот", "пес"])
    }
    let english = "width,height,kind\n1,2,cat\n2,1,dog\n3,1,cat\n"
    for isBigEndian in [false, true] {
      #expect(try classes(Self.utf16(english, isBigEndian: isBigEndian)) == ["cat", "dog"])
    }
    // Beyond the first plane, a letter is two units.
    let smileys = "a,y\n1,\u{1F600}\n2,\u{1F601}\n3,\u{1F600}\n"
    #expect(
      try classes([0xFF, 0xFE] + Self.utf16(smileys, isBigEndian: false))
        == ["\u{1F600}", "\u{1F601}"])
  }

  /// Two names of as many letters are never one class.
  @Test func refusesForeignBytes() throws {
    let options: [[UInt8]] = [[0xEA, 0xEE, 0xF2], [0xEF, 0xE5, 0xF1]]
    let bytes =
      Array("a,y\n1,x\n2,".utf8) + options[0] + Array("\n3,".utf8) + options[1]
      + Array("\n4,x\n".utf8)
    let error = try dataError { _ = try classes(bytes) }
    #expect(
      error.description
        == "t.csv:3: column 2: 0xea 0xee 0xf2 is not UTF-8; name the encoding that the file was"
        + " written in, windows-1251 or latin1 for example (--encoding NAME)")
    #expect(
      try classes(bytes, TextEncoding(named: "windows-1251")) == ["x", "кот", "пес"])
    #expect(try classes(bytes, TextEncoding(named: "Latin1")) == ["x", "êîò", "ïåñ"])
  }

  @Test func namesTheLineInsideQuotes() throws {
    let bytes = Array("a,y\n1,x\n2,\"p\nq".utf8) + [0xE9] + Array("\"\n3,x\n".utf8)
    #expect(try dataError { _ = try classes(bytes) }.line == 4)
  }

  @Test func refusesBytesThatAreNothing() throws {
    let bytes = Array("a,y\n1,".utf8) + [0x98, 0x0A]
    let error = try dataError { _ = try classes(bytes, TextEncoding(named: "cp1251")) }
    #expect(
      error.description.hasPrefix("t.csv:2: character 3: 0x98 is nothing in windows-1251; "))
    let half: [UInt8] = [0xFF, 0xFE] + Self.utf16("a,y\n1,p\n2,q", isBigEndian: false) + [0x41]
    #expect(try dataError { _ = try classes(half) }.cause == .encoding)
    let alone: [UInt8] =
      [0xFF, 0xFE] + Self.utf16("a,y\n1,p\n2,", isBigEndian: false) + [0, 0xD8, 65, 0]
    #expect(try dataError { _ = try classes(alone) }.cause == .encoding)
  }

  @Test(
    arguments: [
      ([0x50, 0x4B, 3, 4, 0, 0], "a ZIP archive or an Excel workbook"),
      (Array("PAR1xxxx".utf8), "a Parquet file"), ([0xFF, 0xFE, 0, 0, 65, 0, 0, 0], "UTF-32"),
    ] as [([UInt8], String)])
  func refusesWhatIsNoText(bytes: [UInt8], kind: String) throws {
    let error = try dataError { _ = try classes(bytes) }
    #expect(error.cause == .wrongKind && error.what == "\(kind), not text")
  }

  @Test func readsLinesThatEndInCarriageReturns() throws {
    #expect(try classes(Array("a,y\r1,p\r2,q\r3,p\r".utf8)) == ["p", "q"])
  }

  @Test func decodesInPiecesOfAnySize() throws {
    let text = "ab\u{E9}\u{20AC}\u{1F600}\n"
    for isBigEndian in [false, true] {
      var decoder = TextDecoder(utf16BigEndian: isBigEndian, file: "t")
      var decoded: [UInt8] = []
      for byte in Self.utf16(text, isBigEndian: isBigEndian) {
        try decoder.decode([byte], into: &decoded)
      }
      try decoder.finish()
      #expect(decoded == Array(text.utf8))
    }
  }

  @Test func knowsItsPages() throws {
    for table in CodePage.tables {
      let page = try #require(CodePage(name: table.names[0]))
      #expect(page.characters.count == 128, "\(table.names)")
      // No two bytes stand for one letter.
      let letters = page.characters.filter { !$0.isEmpty }
      #expect(Set(letters).count == letters.count, "\(table.names)")
      for name in table.names {
        #expect(try TextEncoding(named: name).description == table.names[0])
      }
    }
    #expect(throws: TextEncodingError.self) { try TextEncoding(named: "gbk") }
  }

  @Test func findsInvalidUTF8() {
    for text in ["", "abc", "é", "€uro", "\u{1F600}\u{10FFFF}\u{800}\u{D7FF}\u{E000}"] {
      #expect(invalidUTF8(Array((text + "0123456789").utf8)) == nil, "\(text)")
    }
    let bad: [([UInt8], Range<Int>)] = [
      ([0x80], 0..<1), ([65, 0xC0, 0x80], 1..<2), ([0xC3], 0..<1), ([0xE2, 0x82], 0..<2),
      ([0xED, 0xA0, 0x80], 0..<1), ([0xF4, 0x90, 0x80, 0x80], 0..<1), ([0xE2, 65, 65], 0..<1),
    ]
    for (bytes, range) in bad { #expect(invalidUTF8(bytes) == range, "\(bytes)") }
    // The same verdict as the standard library's on all pairs, and on many longer ones.
    var state: UInt64 = 1
    for _ in 0..<50_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let bytes = (0..<4).map { UInt8(truncatingIfNeeded: state >> (16 + 8 * $0)) | 0x80 }
      #expect((invalidUTF8(bytes) == nil) == (String(validating: bytes, as: UTF8.self) != nil))
    }
  }
}
