/// Collects class labels as they are written and numbers them from 0 in sorted order.
///
/// Integers sort by value (`-1`, `+1` become 0, 1; `1` and `1.0` are one class); if any label is
/// not a number, all are names and sort as text.
struct ClassLabels {
  /// Labels with more classes than this are considered something else, such as measurements.
  static let mostClasses = 1 << 16

  private let file: String
  private let field: String?
  private let mayBeText: Bool
  private let mayBeFractions: Bool
  private var codes: [Int32] = []
  private var spellings: [String] = []
  private var firstLines: [Int] = []
  private var codeOfSpelling: [String: Int32] = [:]

  /// - Parameters:
  ///   - mayBeText: whether a label may be a name.
  ///   - mayBeFractions: whether a label may be a fraction.
  init(file: String, field: String?, mayBeText: Bool, mayBeFractions: Bool = false) {
    self.file = file
    self.field = field
    self.mayBeText = mayBeText
    self.mayBeFractions = mayBeFractions
  }

  var count: Int { codes.count }

  /// Takes the label of the next example.
  mutating func append(_ spelling: String, line: Int) throws(DataError) {
    if let code = codeOfSpelling[spelling] {
      codes.append(code)
      return
    }
    guard !spelling.isEmpty else {
      throw refusal(line, "the label is empty", "fill it in, or leave the row out")
    }
    guard spellings.count < ClassLabels.mostClasses else {
      throw refusal(
        line, "more than \(grouped(ClassLabels.mostClasses)) different labels",
        "name the column that holds the class")
    }
    let code = Int32(spellings.count)
    codeOfSpelling[spelling] = code
    spellings.append(spelling)
    firstLines.append(line)
    codes.append(code)
  }

  /// The classes of all examples, and their names.
  ///
  /// - Parameter known: the names of another part of the same data, whose numbering to use; a label
  ///   that is not among them is an error.
  func resolved(known: [String]?) throws(DataError) -> (labels: [Int32], names: [String]) {
    let canonical = try canonicalNames()
    let names: [String]
    if let known {
      names = known
    } else if canonical.areIntegers {
      names = Set(canonical.names.compactMap { Int($0) }).sorted().map { String($0) }
    } else {
      names = Set(canonical.names).sorted()
    }
    var classOfName: [String: Int32] = [:]
    for (index, name) in names.enumerated() { classOfName[name] = Int32(index) }
    var classOfCode: [Int32] = []
    for (code, name) in canonical.names.enumerated() {
      // Names of other data may be spelled as numbers or as text.
      guard let found = classOfName[name] ?? classOfName[spellings[code]] else {
        throw refusal(
          firstLines[code], "label \(quoted(name.utf8)) is not among the \(names.count) classes",
          "use the labels of the training part: \(ClassLabels.list(names))")
      }
      classOfCode.append(found)
    }
    return (codes.map { classOfCode[Int($0)] }, names)
  }

  /// Each spelling in the form that decides equality.
  private func canonicalNames() throws(DataError) -> (names: [String], areIntegers: Bool) {
    var integers: [String] = []
    var fraction: Int?
    for (code, spelling) in spellings.enumerated() {
      let bytes = Array(spelling.utf8)
      if let integer = DecimalText.integer(bytes, bytes.indices) {
        integers.append(String(integer))
      } else if DecimalText.float(bytes, bytes.indices) != nil {
        fraction = fraction ?? code
      } else if mayBeText {
        return (spellings, false)
      } else {
        throw refusal(
          firstLines[code], "label \(quoted(bytes)) is not a number",
          "write classes as whole numbers")
      }
    }
    if fraction != nil, mayBeFractions {
      return (
        spellings.map { spelling in
          DecimalText.float(Array(spelling.utf8), 0..<spelling.utf8.count).map(shortNumber)
            ?? spelling
        }, false
      )
    }
    if let fraction {
      throw refusal(
        firstLines[fraction],
        "label \(quoted(spellings[fraction].utf8)) is not a whole number",
        "write classes as whole numbers or names, or name the column that holds the class")
    }
    return (integers, true)
  }

  private func refusal(_ line: Int, _ what: String, _ remedy: String) -> DataError {
    DataError(.label, file: file, line: line, field: field, what: what, remedy: remedy)
  }

  /// The first few names, for a message.
  static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).map { quoted($0.utf8) }.joined(separator: ", ")
    return names.count > 12 ? shown + ", ..." : shown
  }
}
