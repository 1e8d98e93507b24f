import Testing

@testable import OuterloopCharts

@Suite struct PNGTests {
  @Test func checksumsOfTheStandards() {
    #expect(PNG.crc32("123456789".utf8) == 0xCBF4_3926)
    #expect(PNG.crc32("IEND".utf8) == 0xAE42_6082)
    #expect(PNG.adler32("Wikipedia".utf8) == 0x11E6_0398)
    #expect(PNG.adler32([]) == 1)
  }

  /// The last sizes need several stored blocks.
  @Test(arguments: [(1, 1), (28, 28), (3, 7), (255, 256), (256, 255), (400, 500)])
  func decodesToTheSamePixels(_ width: Int, _ height: Int) throws {
    let pixels = (0..<width * height).map { (index: Int) in UInt8((index * 31 + index / 7) & 255) }
    let image = try Decoded(PNG.grey(width: width, height: height, pixels: pixels))
    #expect(image.width == width)
    #expect(image.height == height)
    #expect(image.pixels == pixels)
  }

  @Test func fillsUpMissingPixels() throws {
    #expect(try Decoded(PNG.grey(width: 2, height: 2, pixels: [9])).pixels == [9, 0, 0, 0])
    #expect(try Decoded(PNG.grey(width: 0, height: -1, pixels: [9, 8])).pixels == [9])
  }

  @Test func greyImages() {
    #expect(GreyImage(rows: [[0, 1], [0.5]]).pixels == [0, 255, 128, 0])
    #expect(GreyImage(width: 2, height: 1, values: [.nan, 7]).pixels == [0, 255])
    #expect(GreyImage(width: Int.max, height: 2, pixels: [1]).pixels == [])
    #expect(GreyImage(width: 1, height: 1, pixels: [5]).inverted.pixels == [250])
  }

  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"),
  ])
  func base64(_ plain: String, _ encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
  }

  /// A reader of exactly the files the writer makes, checking every length and checksum.
  private struct Decoded {
    struct Broken: Error { var what: String }
    var width = 0
    var height = 0
    var pixels: [UInt8] = []

    init(_ file: [UInt8]) throws {
      guard file.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
        throw Broken(what: "signature")
      }
      let word = { (at: Int) in file[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
      var position = 8
      var chunks: [(kind: String, content: [UInt8])] = []
      while position < file.count {
        let length = word(position)
        let body = Array(file[position + 4..<position + 8 + length])
        guard Int(PNG.crc32(body)) == word(position + 8 + length) else { throw Broken(what: "CRC") }
        chunks.append((String(decoding: body.prefix(4), as: UTF8.self), Array(body.dropFirst(4))))
        position += 12 + length
      }
      guard chunks.map(\.kind) == ["IHDR", "IDAT", "IEND"] else { throw Broken(what: "chunks") }
      (width, height) = (word(16), word(20))
      guard Array(chunks[0].content.suffix(5)) == [8, 0, 0, 0, 0] else {
        throw Broken(what: "type")
      }
      let lines = try Self.inflateStored(chunks[1].content)
      guard lines.count == (width + 1) * height else { throw Broken(what: "size") }
      for row in 0..<height {
        guard lines[row * (width + 1)] == 0 else { throw Broken(what: "filter") }
        pixels += lines[row * (width + 1) + 1..<(row + 1) * (width + 1)]
      }
    }

    private static func inflateStored(_ stream: [UInt8]) throws -> [UInt8] {
      guard (Int(stream[0]) << 8 | Int(stream[1])) % 31 == 0, stream[0] & 15 == 8 else {
        throw Broken(what: "zlib header")
      }
      var result: [UInt8] = []
      var position = 2
      var isLast = false
      while !isLast {
        isLast = stream[position] == 1
        let length = Int(stream[position + 1]) | Int(stream[position + 2]) << 8
        let complement = Int(stream[position + 3]) | Int(stream[position + 4]) << 8
        guard length ^ complement == 0xFFFF else { throw Broken(what: "block length") }
        result += stream[position + 5..<position + 5 + length]
        position += 5 + length
      }
      let sum = stream[position..<position + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      guard sum == PNG.adler32(result), position + 4 == stream.count else {
        throw Broken(what: "Adler")
      }
      return result
    }
  }
}
