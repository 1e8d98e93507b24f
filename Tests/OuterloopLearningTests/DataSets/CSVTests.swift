import OuterloopText
import Testing

@testable import OuterloopLearning

@Suite struct CSVTests {
  func read(_ text: String, _ options: CSV.Options = CSV.Options()) throws -> LabeledData {
    try CSV.read(bytes: Array(text.utf8), named: "t.csv", options: options)
  }

  func refusal(
    _ text: String, _ options: CSV.Options = CSV.Options(),
    _ location: SourceLocation = #_sourceLocation
  ) throws -> DataError {
    try dataError(location) { _ = try read(text, options) }
  }

  @Test func readsNumbersAndClasses() throws {
    let data = try read("a,b,target\n1,2.5,1\n-3,4e-1,0\n")
    #expect(data.shape == [2] && data.features == [1, 2.5, -3, 0.4] && data.labels == [1, 0])
    #expect(data.featureNames == ["a", "b"] && data.classNames == ["0", "1"])
    #expect(data.kind == .numbers && data.source == "t.csv")
  }

  @Test func readsWithoutAHeader() throws {
    #expect(try read("1,2,dog\n3,4,cat").labels == [1, 0])
    #expect(try read("1,2,dog\n3,4,cat").classNames == ["cat", "dog"])
    #expect(try refusal("1,2,3\n", CSV.Options(header: .present)).cause == .empty)
  }

  @Test func tellsAHeaderOfNumbers() throws {
    #expect(try read("0,1,label\n5,6,1\n").featureNames == ["0", "1"])
    #expect(try read("0,1,dog\n5,6,cat\n").count == 2)
  }

  @Test func understandsQuotesLineEndsAndBlankLines() throws {
    let text =
      "\u{FEFF}\"a,b\" , \"c\"\"d\",name\r\n\r\n 1 ,\"2\",\"x\ny\"\r\n3,4, plain \r\n  \n"
    let data = try read(text)
    #expect(data.featureNames == ["a,b", "c\"d"] && data.features == [1, 2, 3, 4])
    #expect(data.classNames == ["plain", "x\ny"] && data.labels == [1, 0])
  }

  @Test func choosesTheLabelColumn() throws {
    let text = "y,a,b\n1,5,6\n0,7,8\n"
    for label: CSV.LabelColumn in [.name("y"), .index(0), .index(-3)] {
      let data = try read(text, CSV.Options(label: label))
      #expect(data.labels == [1, 0] && data.features == [5, 6, 7, 8])
      #expect(data.featureNames == ["a", "b"])
    }
    #expect(try refusal(text, CSV.Options(label: .name("z"))).cause == .column)
    #expect(try refusal(text, CSV.Options(label: .index(3))).cause == .column)
    #expect(try refusal("y,y,b\n1,5,6\n", CSV.Options(label: .name("y"))).cause == .column)
    let absent = CSV.Options(header: .absent, label: .name("y"))
    #expect(try refusal("1,2\n", absent).remedy.contains("there is no header row"))
  }

  @Test func sortsClassesByValueOrName() throws {
    #expect(try read("1,10\n1,9\n1,-1\n1,+9\n1,9.0\n").classNames == ["-1", "9", "10"])
    #expect(try read("1,10\n1,9\n1,x\n").classNames == ["10", "9", "x"])
    let options = CSV.Options(classNames: ["x", "10", "9"])
    #expect(try read("1,10\n1,9\n", options).labels == [1, 2])
    let unknown = try refusal("1,10\n1,8\n", options)
    #expect(unknown.cause == .label && unknown.line == 2)
  }

  @Test func readsOtherSeparators() throws {
    #expect(try read("1;2;0\n", CSV.Options(separator: UInt8(ascii: ";"))).features == [1, 2])
    #expect(try read("1\t2\t0\n", CSV.Options(separator: UInt8(ascii: "\t"))).features == [1, 2])
    #expect(try read("1;2;0\n").features == [1, 2])
    let comma = CSV.Options(separator: UInt8(ascii: ","))
    #expect(try refusal("1;2;0\n", comma).remedy == "separate columns by ','")
  }

  @Test func namesLineAndColumn() throws {
    let error = try refusal("age,sex,y\n1,2,0\n\n3,male,1\n")
    #expect(error.cause == .malformed)
    #expect(
      error.description
        == "t.csv:4: column 'sex': 'male' is not a number;"
        + " features are numbers; encode names as numbers or remove the column")
    #expect(try refusal("1,2,0\n3,x,1\n").field == "column 2")
    #expect(try refusal("1,2,0\n3,,1\n").what == "the cell is empty")
  }

  @Test(arguments: ["nan", "NaN", "-inf", "Infinity", "1e39", "-1e400", "1e99999999999"])
  func refusesWhatIsNotFinite(cell: String) throws {
    let error = try refusal("1,2,0\n\(cell),3,1\n")
    #expect(error.cause == .nonFinite && error.line == 2)
  }

  @Test(arguments: ["0x10", "1,5,3", "--1", "1e", "1e+", ".", "+", "1 2", "1_000", "NA", "?", "é"])
  func refusesWhatIsNoNumber(cell: String) throws {
    let cause = try refusal("1,2,0\n\(cell),3,1\n").cause
    #expect(cause == .malformed || cause == .ragged)
  }

  @Test func refusesRaggedRows() throws {
    let short = try refusal("1,2,0\n1,0\n")
    #expect(short.cause == .ragged && short.what == "2 columns, where the first row has 3")
    #expect(try refusal("1,2,0\n1,2,3,0\n").line == 2)
    #expect(try refusal("1,2,0,\n1,2,0\n").cause != .empty)
    #expect(try refusal("1\n2\n").cause == .ragged)
  }

  @Test func refusesBadLabels() throws {
    #expect(try refusal("1,0.5\n1,1\n").cause == .label)
    #expect(try refusal("1,1\n1,0.5\n").line == 2)
    #expect(try refusal("1,1\n1,\n").what == "the label is empty")
    #expect(try refusal("1,1\n1,nan\n").cause == .label)
    let many = (0...65_536).map { "1,\($0)\n" }.joined()
    #expect(try refusal(many).cause == .label)
  }

  @Test func refusesOpenQuotes() throws {
    let open = try refusal("a,b\n\"1,2\n3,4\n")
    #expect(open.cause == .malformed && open.file == "t.csv" && open.line == 2)
    #expect(try refusal("a,b\n\"1\"2,3\n").what == "text follows a closing quote")
  }

  @Test func refusesEmptyFiles() throws {
    for text in ["", "\n", " \r\n\n", "a,b,c\n", "\u{FEFF}"] {
      #expect(try refusal(text).cause == .empty)
    }
  }

  @Test func refusesEndlessLines() throws {
    let line = [UInt8](repeating: UInt8(ascii: "1"), count: ByteStream.longestLine + 1)
    let error = try dataError { _ = try CSV.read(bytes: line, named: "t.csv") }
    #expect(error.cause == .tooLarge)
  }

  @Test func readsGzip() throws {
    let data = try CSV.read(bytes: gzipped(Array("1,2,0\n3,4,1\n".utf8)), named: "t.csv.gz")
    #expect(data.features == [1, 2, 3, 4])
  }

  @Test func parsesFloatsExactly() {
    func check(_ text: String) {
      let bytes = Array(text.utf8)
      #expect(DecimalText.float(bytes, bytes.indices) == Float(text), "\(text)")
    }
    for text in [
      "0", "-0", "1", "0.1", "16777217", "16777219", "3.4028235e38", "1.1754943e-38", "1e-45",
      "7e-46", "1e-400", "123456789012345678901234567890", "0.000000000000000000000001",
      "8388608.5", "8388609.5", "1.00000017881393432617187499", "1.00000017881393421514957253748",
    ] { check(text) }
    var state: UInt64 = 1
    for _ in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: state >> 33) & 0x7F7F_FFFF)
      check("\(value)")
      check("\(Double(value) * 1.000000059604644775390625)")
    }
    for (text, value) in [("1.", Float(1)), (".5", 0.5), ("+2", 2), (" 3\t", 3), ("1.e1", 10)] {
      let bytes = Array(text.utf8)
      #expect(DecimalText.float(bytes, bytes.indices) == value)
    }
    let long = Array("1.00000000000000000000000".utf8) + [UInt8(ascii: ".")]
    #expect(DecimalText.float(long, 0..<(long.count - 1)) == 1)
    #expect(DecimalText.float(long, long.indices) == nil)
    let point = Array("123456789012345678901.".utf8)
    #expect(DecimalText.float(point, point.indices) == Float("123456789012345678901"))
  }
}
