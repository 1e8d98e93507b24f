import OuterloopText
import Testing

@testable import OuterloopLearning

@Suite struct LIBSVMTests {
  func read(_ text: String, classNames: [String]? = nil, features: Int = 0) throws -> SparseData {
    try LIBSVM.read(
      bytes: Array(text.utf8), named: "t.svm", classNames: classNames, features: features)
  }

  func refusal(
    _ text: String, _ location: SourceLocation = #_sourceLocation
  ) throws -> DataError {
    try dataError(location) { _ = try read(text) }
  }

  @Test func readsRows() throws {
    let data = try read("# a comment\n+1 1:0.5 3:-2 # so\r\n\n-1\n+1\t2:1e1 \n")
    #expect(data.count == 3 && data.featureCount == 3 && data.storedCount == 3)
    #expect(data.rowStarts == [0, 2, 2, 3] && data.columns == [0, 2, 1])
    #expect(data.values == [0.5, -2, 10])
    #expect(data.labels == [1, 0, 1] && data.classNames == ["-1", "1"])
    let dense = try data.dense()
    #expect(dense.features == [0.5, 0, -2, 0, 0, 0, 0, 10, 0] && dense.shape == [3])
  }

  @Test func readsGzip() throws {
    let file = gzipped(Array("1 1:2\n2 2:3".utf8))
    #expect(try LIBSVM.read(bytes: file, named: "t").values == [2, 3])
  }

  @Test func keepsClassesAndFeaturesOfAnotherPart() throws {
    let data = try read("7 1:1\n", classNames: ["3", "7"], features: 5)
    #expect(data.labels == [1] && data.featureCount == 5)
    let error = try dataError { _ = try read("8 1:1\n", classNames: ["3", "7"]) }
    #expect(error.cause == .label && error.line == 1)
  }

  @Test func guardsDenseMemory() throws {
    let data = try read("1 2147483647:1\n0 1:1\n")
    #expect(data.featureCount == 2_147_483_647)
    #expect(try dataError { _ = try data.dense() }.cause == .tooLarge)
    #expect(try dataError { _ = try read("1 3:1\n").dense(limit: 11) }.cause == .tooLarge)
    #expect(try read("1 3:1\n").dense(limit: 12).features == [0, 0, 1])
    #expect(
      try dataError { _ = try read("1 1:1\n0\n1\n").widened(to: .max).dense() }.cause == .tooLarge)
  }

  static let badLines: [(line: String, cause: DataError.Cause, what: String)] = [
    ("1 2:1 2:3", .order, "index 2 twice"),
    ("1 2:1 1:3", .order, "index 1 after 2"),
    ("1 0:1", .order, "index 0"),
    ("1 2147483648:1", .tooLarge, "index 2,147,483,648"),
    ("1 -1:1", .malformed, "'-1:1' is not index:value"),
    ("1 99999999999999999999:1", .malformed, "'99999999999999999999:1' is not index:value"),
    ("1 a:1", .malformed, "'a:1' is not index:value"),
    ("1 1:", .malformed, "'1:' is not index:value"),
    ("1 :1", .malformed, "':1' is not index:value"),
    ("1 1", .malformed, "'1' is not index:value"),
    ("1 qid:3 1:1", .malformed, "'qid:3' is not index:value"),
    ("1 1:nan", .nonFinite, "'1:nan' is not a finite 32-bit float"),
    ("1 1:inf", .nonFinite, "'1:inf' is not a finite 32-bit float"),
    ("1 1:1e39", .nonFinite, "'1:1e39' is not a finite 32-bit float"),
    ("1:1 2:1", .malformed, "the line begins with '1:1', not with a label"),
    ("0.5 1:1", .label, "label '0.5' is not a whole number"),
    ("nan 1:1", .label, "label 'nan' is not a whole number"),
    ("spam 1:1", .label, "label 'spam' is not a number"),
    ("1,2 1:1", .label, "label '1,2' is not a number"),
  ]

  @Test(arguments: badLines)
  func namesTheLine(line: String, cause: DataError.Cause, what: String) throws {
    let error = try refusal("1 1:1\n\(line)\n")
    #expect(error.cause == cause && error.what == what && error.line == 2 && error.file == "t.svm")
  }

  @Test func refusesFilesWithoutExamplesOrFeatures() throws {
    for text in ["", "\n\n", "# nothing\n", "1\n0\n"] {
      #expect(try refusal(text).cause == .empty)
    }
  }
}
