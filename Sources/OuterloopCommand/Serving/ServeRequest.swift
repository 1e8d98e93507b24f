internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// A request: its id, its operation, and its further fields.
struct ServeRequest {
  let id: JSON
  let operation: String
  private let fields: [String: JSON]

  /// - Throws: `Malformed` if the line is not a request.
  init(_ line: ArraySlice<UInt8>) throws {
    guard let json = JSONReader.value(line), let members = json.members else {
      throw Malformed(id: .null, what: "the line is not a JSON object")
    }
    id = json["id"] ?? .null
    guard let operation = json["op"]?.text else {
      throw Malformed(id: id, what: "the request has no `op`")
    }
    self.operation = operation
    fields = Dictionary(
      members.filter { !["id", "op"].contains($0.name) }.map { ($0.name, $0.value) },
      uniquingKeysWith: { $1 })
  }

  /// A line that is not a request.
  struct Malformed: Error {
    var id: JSON
    var what: String
  }

  /// - Throws: `CommandError` about a field that the operation does not have.
  func check(_ known: [String]) throws {
    guard let other = fields.keys.sorted().first(where: { !known.contains($0) }) else { return }
    throw CommandError(
      "the operation `\(operation)` has no field `\(other)`",
      hint: Spelling.remedy(for: other, among: known, called: "fields"), status: 64)
  }

  /// A field that is present and not null.
  subscript(name: String) -> JSON? { fields[name].flatMap { $0 == .null ? nil : $0 } }

  private func read<T>(_ name: String, as kind: String, _ read: (JSON) -> T?) throws -> T? {
    guard let json = self[name] else { return nil }
    guard let value = read(json) else {
      throw CommandError(
        "the field `\(name)` is \(json.description.prefix(80)), not \(kind)",
        hint: "see Documentation/protocol.md", status: 64)
    }
    return value
  }

  private func need<T>(_ name: String, _ value: T?) throws -> T {
    if let value { return value }
    throw CommandError(
      "the operation `\(operation)` needs the field `\(name)`",
      hint: "see Documentation/protocol.md", status: 64)
  }

  func text(_ name: String) throws -> String? { try read(name, as: "a text", \.text) }
  func int(_ name: String) throws -> Int? { try read(name, as: "a whole number", \.int) }
  func number(_ name: String) throws -> Double? { try read(name, as: "a number", \.number) }
  func flag(_ name: String) throws -> Bool { try read(name, as: "true or false", \.bool) ?? false }
  func texts(_ name: String) throws -> [String] {
    try read(name, as: "a list of texts") { json in
      json.array.flatMap { items in
        let texts = items.compactMap(\.text)
        return texts.count == items.count ? texts : nil
      }
    } ?? []
  }
  func numbers(_ name: String) throws -> [String: Double]? {
    try read(name, as: "an object of numbers", \.numbers)
  }
  func object(_ name: String) throws -> [JSON.Member]? {
    try read(name, as: "an object", \.members)
  }

  func neededText(_ name: String) throws -> String { try need(name, text(name)) }
  func neededInt(_ name: String) throws -> Int { try need(name, int(name)) }
  func neededNumbers(_ name: String) throws -> [String: Double] { try need(name, numbers(name)) }
  func needed(_ name: String) throws -> JSON { try need(name, self[name]) }

  /// Values of parameters by name.
  func configuration(_ name: String) throws -> [String: ParameterValue] {
    let value: [String: ParameterValue]? = try read(
      name, as: "an object of numbers, texts and truth values"
    ) { json in
      guard let members = json.members else { return nil }
      var values: [String: ParameterValue] = [:]
      for member in members {
        guard let value = member.value.parameterValue else { return nil }
        values[member.name] = value
      }
      return values
    }
    return try need(name, value)
  }
}
