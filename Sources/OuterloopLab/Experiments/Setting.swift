internal import OuterloopText

/// A setting of an experiment: an option of its command, checked against its range.
public struct Setting<Owner: Experiment>: Sendable {
  /// A property of the experiment.
  public typealias Property<Value> = any WritableKeyPath<Owner, Value> & Sendable

  /// Its storage, by type.
  public enum Storage: Sendable {
    case int(Property<Int>)
    case seed(Property<UInt64>)
    case number(Property<Double>)
    case ints(Property<[Int]>)
    case numbers(Property<[Double]>)
    case words(Property<[String]>)
    case text(Property<String?>)
  }

  /// Its option, without the dashes.
  public let name: String
  /// The placeholder of its value in the help; by default the name.
  public let valueName: String?
  /// Its description, with the default.
  public let help: String
  public let storage: Storage
  /// - Throws: `LabError` for a value out of range.
  public let check: @Sendable (Owner) throws -> Void

  /// An integer.
  public static func int(
    _ name: String, _ path: Property<Int>, _ help: String,
    _ bounds: Bounds<Int>, value: String? = nil
  ) -> Setting { one(name, path, help, bounds, value, Storage.int) }

  /// The seed of a random stream.
  public static func seed(
    _ name: String, _ path: Property<UInt64>, _ help: String
  ) -> Setting { one(name, path, help, .atLeast(0), nil, Storage.seed) }

  /// A finite number.
  public static func number(
    _ name: String, _ path: Property<Double>, _ help: String,
    _ bounds: Bounds<Double>, value: String? = nil
  ) -> Setting { one(name, path, help, bounds, value, Storage.number) }

  /// One or more integers.
  public static func ints(
    _ name: String, _ path: Property<[Int]>, _ help: String,
    _ bounds: Bounds<Int>, value: String? = nil
  ) -> Setting { some(name, path, help, bounds, value, Storage.ints) }

  /// One or more finite numbers.
  public static func numbers(
    _ name: String, _ path: Property<[Double]>, _ help: String,
    _ bounds: Bounds<Double>, value: String? = nil
  ) -> Setting { some(name, path, help, bounds, value, Storage.numbers) }

  private static func one<Value>(
    _ name: String, _ path: Property<Value>, _ help: String, _ bounds: Bounds<Value>,
    _ value: String?, _ storage: (Property<Value>) -> Storage
  ) -> Setting {
    Setting(
      name: name, valueName: value, help: "\(help) (default: \(Owner()[keyPath: path]))",
      storage: storage(path)
    ) { try require($0[keyPath: path], in: bounds, name) }
  }

  private static func some<Value>(
    _ name: String, _ path: Property<[Value]>, _ help: String, _ bounds: Bounds<Value>,
    _ value: String?, _ storage: (Property<[Value]>) -> Storage
  ) -> Setting {
    let standard = Owner()[keyPath: path].map { "\($0)" }.joined(separator: " ")
    return Setting(
      name: name, valueName: value, help: "\(help) Default: \(standard).", storage: storage(path)
    ) { owner in
      try requireSome(owner[keyPath: path], name)
      for value in owner[keyPath: path] { try require(value, in: bounds, name) }
    }
  }

  /// One or more of the given words, each once; all by default.
  public static func choice(
    _ name: String, _ path: Property<[String]>, _ help: String,
    among words: [String]
  ) -> Setting {
    let list = words.joined(separator: ", ")
    return Setting.words(name, path, "\(help): \(list). Default: all.") { owner in
      for (place, word) in owner[keyPath: path].enumerated() {
        try LabError.require(words.contains(word), name, word, "one of \(list)")
        try requireOnce(word, before: owner[keyPath: path][..<place], name)
      }
      try requireSome(owner[keyPath: path], name)
    }
  }

  /// Words that the experiment itself checks.
  public static func words(
    _ name: String, _ path: Property<[String]>, _ help: String,
    value: String? = nil, check: @escaping @Sendable (Owner) throws -> Void = { _ in }
  ) -> Setting {
    Setting(name: name, valueName: value, help: help, storage: .words(path), check: check)
  }

  /// A path or name that may be left out; the experiment itself checks it.
  public static func text(
    _ name: String, _ path: Property<String?>, _ help: String,
    value: String
  ) -> Setting {
    Setting(name: name, valueName: value, help: help, storage: .text(path)) { owner in
      try LabError.require(owner[keyPath: path] != "", name, "''", "a \(value) or left out")
    }
  }

  /// Its value as on a command line.
  public func words(_ owner: Owner) -> String {
    switch storage {
    case .int(let path): "\(owner[keyPath: path])"
    case .seed(let path): "\(owner[keyPath: path])"
    case .number(let path): "\(owner[keyPath: path])"
    case .ints(let path): owner[keyPath: path].map(String.init).joined(separator: " ")
    case .numbers(let path): owner[keyPath: path].map { "\($0)" }.joined(separator: " ")
    case .words(let path): owner[keyPath: path].joined(separator: " ")
    case .text(let path): owner[keyPath: path] ?? ""
    }
  }

  private static func require<Value>(
    _ value: Value, in bounds: Bounds<Value>, _ name: String
  ) throws {
    let isFinite = (value as? Double)?.isFinite ?? true
    try LabError.require(isFinite && bounds.contains(value), name, value, bounds.text)
  }

  private static func requireSome(_ values: [some Any], _ name: String) throws {
    try LabError.require(!values.isEmpty, name, "(none)", "at least one")
  }

  /// - Throws: `LabError` for a repeated word.
  static func requireOnce(
    _ word: String, before: ArraySlice<String>, _ name: String
  ) throws {
    guard before.contains(word) else { return }
    throw LabError(.setting, "--\(name) \(word) is given twice", remedy: "remove one of them")
  }
}
