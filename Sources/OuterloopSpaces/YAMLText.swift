internal import OuterloopStudy
internal import Yams

/// Text in YAML, or in JSON, which is YAML except for some escapes, guarded against input that
/// would exhaust the parser.
struct YAMLText {
  private let text: String
  private let name: String

  /// Far more than needed, far less than the stack allows.
  static let maximalDepth = 100

  init(_ text: String, name: String) {
    self.name = name
    self.text = Self.joiningSurrogates(text.hasPrefix("\u{FEFF}") ? String(text.dropFirst()) : text)
  }

  /// The tree of the text.
  func root() throws -> Node {
    try refuseTraps()
    let root: Node?
    do { root = try compose(yaml: text) } catch let error as YamlError { throw spaceError(error) }
    guard let root, root.null == nil else {
      throw SpaceError(
        "there is nothing in it", "begin with `parameters:` and a line for each parameter",
        in: [name])
    }
    return root
  }

  // MARK: What is refused before it is read

  private func refuseTraps() throws {
    var depth = 0
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let place = "\(name) line \(index + 1)"
      if line.unicodeScalars.contains(where: { $0.value == 0 }) {
        throw SpaceError("it contains a NUL byte", "save the file as plain text", in: [place])
      }
      let indent = line.utf8.prefix { " -?:\t".utf8.contains($0) }.count
      for byte in line.utf8 {
        if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
        if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") { depth = max(depth - 1, 0) }
      }
      guard depth <= Self.maximalDepth, indent <= 2 * Self.maximalDepth else {
        throw SpaceError("it is nested too deeply", "a space needs three levels", in: [place])
      }
      if Self.definesAnchor(line) {
        throw SpaceError(
          "anchors (`&name`) are not supported",
          "write the value out where it is needed, or quote "
            + "the text", in: [place])
      }
    }
  }

  /// Whether something like `&name` begins a value. Without anchors there are no aliases, with which
  /// a short text could expand without bound.
  private static func definesAnchor(_ line: Substring) -> Bool {
    guard line.utf8.contains(UInt8(ascii: "&")), line.first(where: { $0 != " " }) != "#" else {
      return false
    }
    var before: Character = " "
    for (c, next) in zip(line, line.dropFirst()) {
      if c == "&", " \t[{,:-".contains(before), !next.isWhitespace { return true }
      before = c
    }
    return false
  }

  /// JSON writes characters beyond 16 bits as surrogate pairs, which YAML does not have.
  private static func joiningSurrogates(_ text: String) -> String {
    guard text.contains("\\ud") || text.contains("\\uD") else { return text }
    var joined = ""
    var rest = text[...]
    while let c = rest.first {
      if let high = escape(rest), (0xD800..<0xDC00).contains(high),
        let low = escape(rest.dropFirst(6)), (0xDC00..<0xE000).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      {
        joined.unicodeScalars.append(scalar)
        rest = rest.dropFirst(12)
      } else if c == "\\" {
        joined += rest.prefix(2)
        rest = rest.dropFirst(2)
      } else {
        joined.append(c)
        rest.removeFirst()
      }
    }
    return joined
  }

  private static func escape(_ text: Substring) -> UInt32? {
    let digits = text.dropFirst(2).prefix(4)
    return text.hasPrefix("\\u") && digits.count == 4 ? UInt32(digits, radix: 16) : nil
  }

  // MARK: Errors

  private func spaceError(_ error: YamlError) -> SpaceError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return spaceError(problem, mark.line)
    case .duplicatedKeysInMapping(let keys, let context):
      return SpaceError(
        "the key `\(keys.first ?? "")` is given twice", "remove one of them",
        in: ["\(name) line \(context.mark.line)"])
    case .reader(let problem, let offset, _, _):
      let line = offset.map { 1 + text.prefix($0).count { $0.isNewline } }
      return spaceError(problem, line ?? 1)
    default: return SpaceError("\(error)", "check the file", in: [name])
    }
  }

  private func spaceError(_ problem: String, _ line: Int) -> SpaceError {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let shown = lines.indices.contains(line - 1) ? lines[line - 1] : ""
    let isTab = shown.prefix { $0 == " " || $0 == "\t" }.contains("\t")
    return SpaceError(
      isTab ? "a line begins with a tab" : "this is not YAML or JSON: \(problem)",
      isTab
        ? "indent with spaces"
        : "check colons, brackets, and quotation marks; quote texts with signs",
      in: ["\(name) line \(line)"])
  }
}
