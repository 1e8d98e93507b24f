internal import OuterloopText

/// A request, as far as the dashboard looks at it.
struct Request: Sendable {
  /// In capitals, as sent.
  var method: String
  /// The parts of the path between slashes, decoded; none of them is empty.
  var path: [String]
  var query: Query
  /// By lower-case name; the last of several with the same name.
  var headers: [String: String]
  var body: [UInt8]

  /// - Parameter target: the path and the query from the request line.
  /// - Returns: nil if it is not a path, or is not UTF-8 once decoded.
  init?(method: String, target: String, headers: [String: String] = [:], body: [UInt8] = []) {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let path = parts.first, path.first == "/" else { return nil }
    var segments: [String] = []
    for segment in path.split(separator: "/") {
      guard let text = PercentEncoding.decoded(segment) else { return nil }
      segments.append(text)
    }
    guard let query = Query(parts.count > 1 ? parts[1] : "") else { return nil }
    self.method = method
    self.path = segments
    self.query = query
    self.headers = headers
    self.body = body
  }

  /// The body as a JSON object.
  /// - Throws: `RequestError` if it is not an object.
  func object() throws -> JSON {
    guard let value = JSONReader.value(body[...]), value.members != nil else {
      throw RequestError(.badRequest, "the body is not a JSON object", "send one, such as {}")
    }
    return value
  }
}

/// The part of a target after the question mark.
struct Query: Sendable {
  private let items: [(name: String, value: String)]

  init?(_ text: some StringProtocol) {
    var items: [(String, String)] = []
    for part in text.split(separator: "&") {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentEncoding.decoded(sides[0], plusIsSpace: true),
        let value = PercentEncoding.decoded(sides.count > 1 ? sides[1] : "", plusIsSpace: true)
      else { return nil }
      items.append((name, value))
    }
    self.items = items
  }

  /// The first value of this name.
  subscript(name: String) -> String? { items.first { $0.name == name }?.value }

  func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

  /// - Throws: `RequestError` if it is given and neither true nor false.
  func flag(_ name: String) throws -> Bool {
    switch self[name] {
    case "true": return true
    case nil, "false": return false
    case let text?: throw RequestError(.badRequest, "\(name) is `\(text)`", "say true or false")
    }
  }

  /// - Throws: `RequestError` if it is given and not a non-negative integer.
  func count(_ name: String) throws -> Int? {
    guard let text = self[name], !text.isEmpty else { return nil }
    guard let value = Int(text), value >= 0 else {
      throw RequestError(.badRequest, "\(name) is `\(text)`", "say a whole number from 0 on")
    }
    return value
  }
}

/// Percent-encoding of RFC 3986.
enum PercentEncoding {
  /// - Returns: nil if an escape is malformed, or the result is not UTF-8 or contains a NUL.
  static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
        else { return nil }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
      default: bytes.append(byte)
      }
    }
    return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
