internal import COuterloopPQ
internal import OuterloopPlatform
internal import OuterloopStudy

/// The address of a PostgreSQL database: `postgres://user@host/database`, with everything that
/// libpq accepts in such a URL. What it leaves open, libpq looks up: the environment (`PGHOST`,
/// `PGUSER`, ...), a service file, `~/.pgpass`.
public struct PostgresAddress: Sendable, Hashable, CustomStringConvertible {
  let text: String

  /// - Returns: nil if `text` is not a PostgreSQL URL but the name of a file.
  public init?(_ text: String) {
    guard text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") else { return nil }
    self.text = text
  }

  /// The URL without a password.
  public var description: String { redact(in: text) }

  /// Whether the URL contains a password, which everyone would see in the process list if it were
  /// on a command line.
  public var hasPassword: Bool { !passwords.isEmpty }

  /// The name of the database, from the URL or PGDATABASE; otherwise `outerloop`.
  public var database: String {
    let named: String? = if (try? check()) != nil { setting("dbname") } else { nil }
    let found = named ?? CLibrary.environment("PGDATABASE") ?? ""
    return found.isEmpty ? "outerloop" : found
  }

  /// A text with the passwords of URLs removed.
  ///
  /// - Complexity: O(characters).
  public static func withoutPasswords(_ text: String) -> String {
    guard text.contains("://") else { return text }
    return text.replacing(/(:\/\/[^\s\/?@:]*):[^\s]*@/) { "\($0.output.1)@" }
      .replacing(/([?&](?:ssl)?password=)[^\s&]*/) { "\($0.output.1)…" }
  }

  /// A message of libpq without the passwords of this address, which libpq may quote if it cannot parse
  /// it.
  func redact(in message: String) -> String {
    var shown = message
    for password in passwords.sorted(by: { $0.count > $1.count }) {
      // In the URL, it is removed together with its marker.
      for (mark, rest) in [(":\(password)@", "@"), ("password=\(password)", "password=…")] {
        shown = shown.replacing(mark, with: rest)
      }
      shown = shown.replacing(password, with: "…")
    }
    return shown
  }

  /// The texts that are, or may be, a password: as they are in the URL, and unescaped.
  private var passwords: [String] {
    var found: [Substring] = []
    let rest = text[(text.range(of: "://")?.upperBound ?? text.startIndex)...]
    let authority = rest.prefix { $0 != "?" }
    if let at = authority.lastIndex(of: "@") {
      let user = authority[..<at]
      if let colon = user.firstIndex(of: ":") { found.append(user[user.index(after: colon)...]) }
    }
    if let question = rest.firstIndex(of: "?") {
      for item in rest[rest.index(after: question)...].split(separator: "&") {
        for name in ["password=", "sslpassword="] where item.hasPrefix(name) {
          found.append(item.dropFirst(name.count))
        }
      }
    }
    let plain = found.filter { !$0.isEmpty }.map(String.init)
    return plain + plain.map(Self.decoded).filter { !$0.isEmpty && !plain.contains($0) }
  }

  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(digits, radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Loads libpq, and lets it parse the URL.
  ///
  /// - Throws: `StudyError` if the library is missing or too old, or the URL is invalid.
  func check() throws {
    switch outerloop_pq_open() {
    case 0: break
    case -1:
      throw StudyError(
        "libpq, the client library of PostgreSQL, is not installed", Self.installation)
    case let version:
      let name = version > 1 ? " (\(version / 10_000))" : ""
      throw StudyError(
        "libpq, the client library of PostgreSQL, is older than 14\(name)", Self.installation)
    }
    guard !text.utf8.contains(0) else {
      throw StudyError("the URL of a store contains a NUL character", "remove it")
    }
    var errorText = [CChar](repeating: 0, count: 512)
    guard outerloop_pq_parse(text, "dbname", nil, &errorText) == 0 else {
      let message = String(cString: errorText).trimmed
      throw StudyError(
        "`\(self)` is no URL of PostgreSQL: \(redact(in: message))",
        "write postgres://USER@HOST/DATABASE")
    }
  }

  /// The URL's value of a libpq setting; libpq is loaded.
  private func setting(_ keyword: String) -> String? {
    var value: UnsafeMutablePointer<CChar>?
    var errorText = [CChar](repeating: 0, count: 512)
    defer { free(value) }
    guard outerloop_pq_parse(text, keyword, &value, &errorText) == 0 else { return nil }
    return value.map { String(cString: $0) }
  }

  private static let installation =
    "install it: `apt-get install libpq5` (Debian, Ubuntu), `dnf install libpq` (Fedora), "
    + "`brew install libpq` (macOS)"
}

extension String {
  /// Without surrounding whitespace; messages of libpq end in a newline.
  var trimmed: String {
    var text = self[...]
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }

  init(cString bytes: [CChar]) {
    self.init(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  fileprivate func range(of other: String) -> Range<String.Index>? { firstRange(of: other) }
}
