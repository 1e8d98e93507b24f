internal import OuterloopLearning
internal import OuterloopText

/// A value somewhere in a JSON file. A missing value or wrong type is an error that names the file, the line
/// and the path of the value.
struct JSONField {
  let value: JSON
  let file: String
  let line: Int?
  /// `tasks[2].name`; empty for the whole document.
  let path: String

  /// The document that `bytes` hold: a file, or one line of it.
  init(_ bytes: ArraySlice<UInt8>, file: String, line: Int? = nil) throws(DataError) {
    guard let value = JSONReader.value(bytes) else {
      throw DataError(
        .malformed, file: file, line: line, what: "this is not JSON",
        remedy: line == nil
          ? "write one JSON object" : "write one JSON object a line, or copy the file again")
    }
    self.init(value, file: file, line: line, path: "")
    guard value.members != nil else { throw refusal("an object") }
  }

  private init(_ value: JSON, file: String, line: Int?, path: String) {
    (self.value, self.file, self.line, self.path) = (value, file, line, path)
  }

  /// The member of this name; nil if there is none or it is null.
  func optional(_ name: String) -> JSONField? {
    guard let member = value[name], member != .null else { return nil }
    return JSONField(
      member, file: file, line: line, path: path.isEmpty ? name : "\(path).\(name)")
  }

  func member(_ name: String) throws(DataError) -> JSONField {
    if let member = optional(name) { return member }
    throw DataError(
      .missing, file: file, line: line, field: path.isEmpty ? nil : path,
      what: "there is no `\(name)`", remedy: "add it: see the format curves-v1")
  }

  func text() throws(DataError) -> String {
    guard let text = value.text else { throw refusal("a text") }
    return text
  }

  func bool() throws(DataError) -> Bool {
    guard let bool = value.bool else { throw refusal("true or false") }
    return bool
  }

  func int() throws(DataError) -> Int {
    guard let int = value.int else { throw refusal("a whole number") }
    return int
  }

  func number() throws(DataError) -> Double {
    guard let number = value.number else { throw refusal("a number") }
    return number
  }

  func array() throws(DataError) -> [JSONField] {
    guard let array = value.array else { throw refusal("a list") }
    return array.enumerated().map { index, value in
      JSONField(value, file: file, line: line, path: "\(path)[\(index)]")
    }
  }

  func members() throws(DataError) -> [(name: String, value: JSONField)] {
    guard let members = value.members else { throw refusal("an object") }
    return members.map { member in
      (
        member.name,
        JSONField(member.value, file: file, line: line, path: "\(path).\(member.name)")
      )
    }
  }

  /// The numbers of a list in which null is NaN.
  func numbers() throws(DataError) -> [Double] {
    guard let array = value.array else { throw refusal("a list of numbers") }
    var numbers: [Double] = []
    numbers.reserveCapacity(array.count)
    for (index, element) in array.enumerated() {
      guard let number = element == .null ? .nan : element.number else {
        throw JSONField(element, file: file, line: line, path: "\(path)[\(index)]")
          .refusal("a number or null")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// The error that this is not `wanted`.
  func refusal(_ wanted: String) -> DataError {
    let shown = "\(value)"
    let text = shown.count > 40 ? shown.prefix(40) + "..." : shown[...]
    return DataError(
      .malformed, file: file, line: line, field: path.isEmpty ? nil : path,
      what: "\(text) is not \(wanted)", remedy: "write \(wanted) there")
  }

  func refusal(what: String, remedy: String) -> DataError {
    DataError(
      .malformed, file: file, line: line, field: path.isEmpty ? nil : path, what: what,
      remedy: remedy)
  }
}
