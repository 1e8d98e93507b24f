public import OuterloopText

/// The character encoding of a text file.
public struct TextEncoding: Sendable, Hashable, CustomStringConvertible {
  /// Detected from a byte-order mark of UTF-8 or UTF-16, or from the zero bytes of ASCII characters
  /// in UTF-16; otherwise UTF-8.
  public static let detected = TextEncoding(kind: .detected)
  /// UTF-8.
  public static let utf8 = TextEncoding(kind: .utf8)
  /// UTF-16, with the byte order of the byte-order mark; without one, little-endian.
  public static let utf16 = TextEncoding(kind: .utf16(isBigEndian: nil))

  enum Kind: Sendable, Hashable {
    case detected
    case utf8
    case utf16(isBigEndian: Bool?)
    case page(String)
  }

  let kind: Kind

  /// The encoding with this name, in any case: `utf-8`, `utf-16`, `utf-16le`, `utf-16be`,
  /// `windows-1251`, `latin1`, `koi8-r`, ... (`names`).
  ///
  /// - Throws: `TextEncodingError` for an unknown name.
  public init(named name: String) throws {
    let wanted = name.lowercased().replacing("_", with: "-")
    switch wanted {
    case "utf8", "utf-8", "utf-8-sig", "ascii", "us-ascii": kind = .utf8
    case "utf16", "utf-16": kind = .utf16(isBigEndian: nil)
    case "utf16le", "utf-16le", "utf-16-le": kind = .utf16(isBigEndian: false)
    case "utf16be", "utf-16be", "utf-16-be": kind = .utf16(isBigEndian: true)
    default:
      guard let table = CodePage.tables.first(where: { $0.names.contains(wanted) }) else {
        throw TextEncodingError(name: name)
      }
      kind = .page(table.names[0])
    }
  }

  init(kind: Kind) { self.kind = kind }

  /// The usual names of all encodings.
  public static var names: [String] {
    ["utf-8", "utf-16", "utf-16le", "utf-16be"] + CodePage.tables.map { $0.names[0] }
  }

  public var description: String {
    switch kind {
    case .detected: "detected"
    case .utf8: "utf-8"
    case .utf16(nil): "utf-16"
    case .utf16(true?): "utf-16be"
    case .utf16(false?): "utf-16le"
    case .page(let name): name
    }
  }
}

/// A name that no known encoding has.
public struct TextEncodingError: ExplainedError, Hashable {
  /// The name that was given.
  public let name: String

  public var what: String { "no encoding named \(quoted(name.utf8))" }

  public var remedy: String {
    "use one of \(TextEncoding.names.joined(separator: ", ")), or rewrite the file first: "
      + "iconv -f NAME -t UTF-8 FILE"
  }
}
