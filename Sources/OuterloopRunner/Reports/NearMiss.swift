internal import OuterloopStudy
internal import OuterloopText

/// A line that was probably meant as a report but is not one, and what is wrong with it.
struct NearMiss: Hashable, Sendable {
  /// The line, as far as a message shows it.
  var line: String
  var fault: String
  /// Whether it has braces; a text such as `loss: 0.5` may be a remark only.
  var isObject: Bool

  /// Longer lines are not considered.
  static let lengthLimit = 4096

  /// Nil: the line does not look like a report.
  ///
  /// - Complexity: O(bytes), for each objective.
  init?(_ line: ArraySlice<UInt8>, objectives: Set<String>) {
    guard line.count <= Self.lengthLimit else { return nil }
    let names = objectives.union(["epoch"])
    guard let brace = line.firstIndex(of: UInt8(ascii: "{")) else {
      guard objectives.contains(where: { Self.isIn(line, $0) }) else { return nil }
      let text = String(decoding: line, as: UTF8.self)
      guard let remark = objectives.sorted().compactMap({ Self.remark($0, in: text) }).first else {
        return nil
      }
      self.init(
        line: TerminalText.shown(line), fault: "it is not JSON; print \(remark)", isObject: false)
      return
    }
    var object = LenientObject(line[brace...])
    object.read()
    guard let fault = Self.fault(object, line[..<brace], names) else { return nil }
    self.init(line: TerminalText.shown(line), fault: fault, isObject: true)
  }

  private init(line: String, fault: String, isObject: Bool) {
    self.line = line
    self.fault = fault
    self.isObject = isObject
  }

  /// As a message tells it.
  var text: String { "`\(line)` is not a report: \(fault)" }

  private static func fault(
    _ object: LenientObject, _ before: ArraySlice<UInt8>, _ names: Set<String>
  ) -> String? {
    let known = object.names.contains { name in
      names.contains { $0.lowercased() == name.lowercased() }
    }
    guard known else {
      guard let name = names.subtracting(["epoch"]).sorted().first(where: object.inner.contains)
      else { return nil }
      return "`\(name)` is inside another object or list; print it in an object of its own"
    }
    if let fault = object.fault { return fault }
    if before.contains(where: { !isSpace($0) }) {
      let text = TerminalText.shown(before, limit: 30).trimmed
      return text == "["
        ? "it is a list; print the object alone"
        : "`\(text)` precedes it; print the object on a line of its own"
    }
    let rest = TerminalText.shown(object.rest, limit: 30).trimmed
    if rest.isEmpty { return nil }
    return rest.hasPrefix("{")
      ? "two objects are on one line; print each on a line of its own"
      : "`\(rest)` follows it; print the object alone on its line"
  }

  private static func isIn(_ line: ArraySlice<UInt8>, _ name: String) -> Bool {
    let name = Array(name.utf8)
    guard let first = name.first, line.count >= name.count else { return false }
    for start in line.startIndex...line.endIndex - name.count
    where line[start] == first && line[start..<start + name.count].elementsEqual(name) {
      return true
    }
    return false
  }

  /// What to print instead of `loss: 0.5` or `loss = 0.5`.
  private static func remark(_ name: String, in text: String) -> String? {
    var rest = text[...]
    while let start = rest.indices.first(where: { rest[$0...].hasPrefix(name) }) {
      let isWhole = start == text.startIndex || !text[text.index(before: start)].isLetter
      var value = rest[start...].dropFirst(name.count)
      rest = value
      value = value.drop { $0 == " " }
      if let sign = value.first, sign == ":" || sign == "=" { value = value.dropFirst() }
      let number = value.drop { $0 == " " }.prefix { $0.isNumber || "+-.eE".contains($0) }
      if isWhole, value.startIndex > rest.startIndex, let value = Double(number), value.isFinite {
        return "{\(name.jsonString): \(value)}"
      }
    }
    return nil
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...].drop { $0 == " " }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
