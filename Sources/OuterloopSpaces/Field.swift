internal import OuterloopStudy
internal import OuterloopText
internal import Yams

/// A value in a file with its line, for parsing with errors that name the line.
struct Field {
  let file: String
  let node: Node

  /// `space.yaml line 3`.
  var place: String { node.mark.map { "\(file) line \($0.line)" } ?? file }

  func spaceError(_ what: String, _ remedy: String) -> SpaceError {
    SpaceError(what, remedy, in: [place])
  }

  /// Runs `body`; a `SpaceError` out of it names this place, or a more specific one within it.
  func naming<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch var error as SpaceError {
      let inner = error.place.firstIndex { $0.hasPrefix("\(file) line ") }
      let outer = inner.map { error.place.remove(at: $0) } ?? place
      throw error.inside(outer)
    }
  }

  // MARK: Mappings and lists

  func keys() throws -> [String] { try entries().map(\.key) }

  /// The keys and their values in the order of the file.
  func entries() throws -> [(key: String, value: Field)] {
    guard case .mapping(let mapping) = node else {
      throw spaceError(
        "\(kind) was found where `key: value` lines were expected", "see Documentation/spaces.md")
    }
    return try mapping.map { key, value in
      guard case .scalar(let scalar) = key else {
        throw Field(file: file, node: key).spaceError("a key is not a text", "use a plain word")
      }
      return (scalar.string, Field(file: file, node: value))
    }
  }

  /// The values of a mapping that has no other keys than `allowed`.
  func fields(_ allowed: [String]) throws -> [String: Field] {
    var fields: [String: Field] = [:]
    for (key, value) in try entries() {
      guard allowed.contains(key) else {
        throw value.spaceError(
          "the key `\(key)` is not known",
          Spelling.remedy(for: key, among: allowed, called: "keys"))
      }
      fields[key] = value
    }
    return fields
  }

  func items() throws -> [Field] {
    guard case .sequence(let sequence) = node else {
      throw spaceError(
        "\(kind) was found where a list was expected", "write `[a, b]` or a line `- a` for each")
    }
    return sequence.map { Field(file: file, node: $0) }
  }

  var isList: Bool { if case .sequence = node { true } else { false } }
  var isMapping: Bool { if case .mapping = node { true } else { false } }

  /// Nothing: an empty value, `~` or `null`.
  var isNull: Bool {
    guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
  }

  // MARK: Scalars

  /// Quotation marks make a text. Without them: numbers, `true`, `false`, else a text; `on`, `off`,
  /// `yes` and `no` are texts.
  func value() throws -> ParameterValue {
    guard case .scalar(let scalar) = node else {
      throw spaceError(
        "\(kind) was found where a single value was expected",
        "write a number or a text")
    }
    guard !isNull else {
      throw spaceError("a value is empty or null", "write a number or a text, such as \"none\"")
    }
    guard scalar.style == .plain else { return .text(scalar.string) }
    switch scalar.string {
    case "True", "TRUE": return .bool(true)
    case "False", "FALSE": return .bool(false)
    default: return ParameterValue(plain: scalar.string)
    }
  }

  func text() throws -> String {
    guard case .text(let text) = try value() else {
      throw spaceError("a text was expected", "put it in quotation marks")
    }
    return text
  }

  func number() throws -> Double {
    let value = try value()
    guard let number = value.number else {
      throw spaceError("`\(value)` is not a number", "write one, such as 1e-3")
    }
    return number
  }

  func flag() throws -> Bool {
    guard case .bool(let flag) = try value() else {
      throw spaceError("true or false was expected", "write one of them")
    }
    return flag
  }

  private var kind: String {
    switch node {
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .scalar: isNull ? "nothing" : "a single value"
    case .alias: "an alias"
    }
  }
}
