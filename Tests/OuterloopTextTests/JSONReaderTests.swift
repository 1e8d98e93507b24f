import OuterloopText
import Testing

@testable import OuterloopText

@Suite struct JSONReaderTests {
  /// The standard library's reading is the truth: the same bits, or no number for both.
  @Test func readsNumbersAsTheStandardLibraryDoes() {
    var texts = [
      "0.0", "-0.0", "0.1", "-0.5", "1.", "1.5", "9007199254740993.0", "900719925474099.3",
      "9.007199254740993", "0.000000000000000000000123", "123456789012345678.9", "1.2.3", "1-2.5",
      "-", "--1.5", "1.5e", "1e5", "-2.5E-3", "1.5e+300", "0.00000000000000000000000000001", "1.+5",
      "9007199254740992.5", "9007199254740993e0", "4503599627370496.25", "4503599627370497.5",
      "999999999999999999.0", "1000000000000000000.0", "9.99999999999999999e22", "1e22", "1e23",
      "4.9e-22", "0.1e-21", "0e5", "0.000", "-0.000", "00.5", "1e+", "1e-0005", "1e5.5", "7", "-12",
      "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e5-", "1-1",
    ]
    for _ in 0..<2000 {
      texts.append(Double(bitPattern: .random(in: 0 ... .max)).description)
      texts.append(Double.random(in: -1...1).description)
      texts.append("\(Int.random(in: -99...99)).\(UInt64.random(in: 0...(1 << 60)))")
      texts.append(Double.exactMidpoint())
      let exponent = Int.random(in: -25...25)
      texts.append("\(UInt64.random(in: 0..<1_000_000_000_000_000_000))e\(exponent)")
    }
    for text in texts {
      let read = JSONReader.value(text)?.number
      guard let truth = Double(text) else {
        #expect(read == nil, "\(text)")
        continue
      }
      if truth.isNaN {
        #expect(read?.isNaN == true, "\(text)")
        continue
      }
      #expect(read?.bitPattern == truth.bitPattern, "\(text)")
    }
  }

  @Test(arguments: ["[]", "[1]", "[0.25,-3]", " [ 1.5 , \"NaN\",\"-Infinity\" ]"])
  func readsArraysOfNumbers(_ text: String) throws {
    let whole = try #require(JSONReader.value(text)?.array).map { $0.number?.bitPattern }
    #expect(try Self.numbers(text).map(\.bitPattern) == whole)
  }

  @Test(arguments: ["", "[", "1", "[1,]", "[1 2]", "[null]", "[[1]]", "[\"x\"]", "[1]]"])
  func refusesWhatIsNoArrayOfNumbers(_ text: String) {
    #expect(throws: JSONReader.Failure.self) { try Self.numbers(text) }
  }

  private static func numbers(_ text: String) throws -> [Double] {
    var text = text
    return try text.withUTF8 { try JSONReader.numbers($0) }
  }
}

extension Double {
  /// Half way between two doubles that are next to one another, in up to 18 digits: what is hardest
  /// to round.
  fileprivate static func exactMidpoint() -> String {
    let odd = UInt64.random(in: (1 << 53)...(1 << 54)) | 1
    let halvings = Int.random(in: 0...2)
    return "\(odd >> halvings)" + [".0", ".5", ".25"][halvings]
  }
}
