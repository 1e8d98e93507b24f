/// The command of the program being tuned, as it was typed. See `CommandTemplate` for what braces in
/// its words mean.
public struct Program: Sendable, Hashable {
  public var words: [String]
  /// Where it is run; nil: where this process was started.
  public var directory: String?
  /// Whether it stays alive and answers one request after another.
  public var isPersistent: Bool
  /// Whether every literal brace in its words is doubled, as in studies of the first versions.
  var doublesBraces = false

  public init(_ words: [String], directory: String? = nil, isPersistent: Bool = false) {
    self.words = words
    self.directory = directory
    self.isPersistent = isPersistent
  }

  /// The same program with other words, which are parsed like those of a new study.
  public func with(words: [String], directory: String?) -> Program {
    Program(words, directory: directory, isPersistent: isPersistent)
  }
}

extension Program: Codable {
  private enum Key: String, CodingKey {
    case words, directory, isPersistent, braces
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    words = try container.decode([String].self, forKey: .words)
    directory = try container.decodeIfPresent(String.self, forKey: .directory)
    isPersistent = try container.decode(Bool.self, forKey: .isPersistent)
    // A study keeps the rule by which its command was written.
    doublesBraces = try container.decodeIfPresent(String.self, forKey: .braces) != "plain"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(words, forKey: .words)
    try container.encodeIfPresent(directory, forKey: .directory)
    try container.encode(isPersistent, forKey: .isPersistent)
    if !doublesBraces { try container.encode("plain", forKey: .braces) }
  }
}
