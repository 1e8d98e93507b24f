internal import OuterloopStudy
internal import OuterloopText

/// One option of a sampler, scheduler or rule, declared once: its values, its meaning, its storage. Parsing,
/// checking, storing, errors, help and the documentation's table are derived from it.
struct MethodOption<Options: Sendable>: Sendable {
  let name: String
  let values: OptionValues
  /// What it does, as half a sentence.
  let meaning: String
  /// The table's text for the default, where a value is not enough.
  var standard: String?
  let get: @Sendable (Options) -> ParameterValue?
  let set: @Sendable (inout Options, ParameterValue) -> Void
}

/// The valid values of an option.
enum OptionValues: Sendable {
  case flag
  /// With the meaning of 0, if that is outside the range.
  case whole(ClosedRange<Int>, zero: String? = nil)
  case number(ClosedRange<Double>)

  /// The value in canonical form; nil for an invalid value.
  func canonical(_ value: ParameterValue) -> ParameterValue? {
    switch self {
    case .flag: if case .bool = value { return value }
    case .whole(let range, let zero):
      if case .int(let count) = value.canonical,
        range.contains(count) || (count == 0 && zero != nil)
      {
        return .int(count)
      }
    case .number(let range):
      if let number = value.number, range.contains(number) { return .float(number) }
    }
    return nil
  }

  /// For example "a whole number from 1 to 9".
  var text: String {
    switch self {
    case .flag: "true or false"
    case .whole(let range, let zero):
      (zero.map { "0, for \($0), or " } ?? "")
        + "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
    }
  }
}

extension MethodOption {
  static func flag(
    _ name: String, _ path: any WritableKeyPath<Options, Bool> & Sendable, _ meaning: String
  ) -> MethodOption {
    MethodOption(name: name, values: .flag, meaning: meaning) {
      .bool($0[keyPath: path])
    } set: {
      if case .bool(let isOn) = $1 { $0[keyPath: path] = isOn }
    }
  }

  /// A flag whose default depends on the study.
  static func flag(
    _ name: String, _ path: any WritableKeyPath<Options, Bool?> & Sendable, standard: String,
    _ meaning: String
  ) -> MethodOption {
    MethodOption(name: name, values: .flag, meaning: meaning, standard: standard) {
      $0[keyPath: path].map { .bool($0) }
    } set: {
      if case .bool(let isOn) = $1 { $0[keyPath: path] = isOn }
    }
  }

  static func whole(
    _ name: String, _ path: any WritableKeyPath<Options, Int> & Sendable, _ range: ClosedRange<Int>,
    zero: String? = nil, _ meaning: String
  ) -> MethodOption {
    MethodOption(name: name, values: .whole(range, zero: zero), meaning: meaning) {
      .int($0[keyPath: path])
    } set: {
      if case .int(let count) = $1 { $0[keyPath: path] = count }
    }
  }

  static func number(
    _ name: String, _ path: any WritableKeyPath<Options, Double> & Sendable,
    _ range: ClosedRange<Double>, standard: String? = nil, _ meaning: String
  ) -> MethodOption {
    MethodOption(name: name, values: .number(range), meaning: meaning, standard: standard) {
      .float($0[keyPath: path])
    } set: {
      if let number = $1.number { $0[keyPath: path] = number }
    }
  }
}

/// The options of a sampler or scheduler.
protocol MethodOptions: Sendable {
  /// The defaults.
  init()
  /// The name of the sampler or scheduler.
  static var owner: String { get }
  static var declarations: [MethodOption<Self>] { get }
  /// - Throws: `StudyError` for options that exclude one another.
  /// - Parameter given: names of those that were given; empty if the options were created in Swift.
  func checkTogether(given: Set<String>) throws
}

extension MethodOptions {
  /// Most options are compatible.
  func checkTogether(given: Set<String>) {}

  /// Parses the options of a description.
  /// - Throws: `StudyError` for an unknown name, a value of another kind or out of range, and options
  ///   that exclude one another.
  init(reading given: [String: ParameterValue]) throws {
    self.init()
    for (name, value) in given.sorted(by: { $0.key < $1.key }) {
      guard let option = Self.declarations.first(where: { $0.name == name }) else {
        throw StudyError(
          "\(Self.owner) has no option `\(name)`",
          Self.declarations.isEmpty
            ? "leave it out; there are none"
            : Spelling.remedy(
              for: name, among: Self.declarations.map(\.name), called: "options"))
      }
      guard let value = option.values.canonical(value) else { throw Self.refusal(option, value) }
      option.set(&self, value)
    }
    try checkTogether(given: Set(given.keys))
  }

  /// - Throws: `StudyError` for values out of range, and incompatible options.
  func check() throws {
    for option in Self.declarations {
      guard let value = option.get(self) else { continue }
      guard option.values.canonical(value) != nil else { throw Self.refusal(option, value) }
    }
    try checkTogether(given: [])
  }

  private static func refusal(
    _ option: MethodOption<Self>, _ value: ParameterValue
  ) -> StudyError {
    StudyError(
      "the option \(option.name) of \(owner) cannot be \(value)", "it is \(option.values.text)")
  }

  /// For help and documentation.
  static var table: [SamplerKind.Option] {
    let standard = Self()
    return declarations.map { option in
      SamplerKind.Option(
        name: option.name,
        standard: option.standard ?? option.get(standard)?.description ?? "",
        values: option.values.text, meaning: option.meaning)
    }
  }

  /// The non-default values, for the store.
  var description: ComponentDescription {
    let standard = Self()
    var all: [String: ParameterValue] = [:]
    for option in Self.declarations where option.get(self) != option.get(standard) {
      all[option.name] = option.get(self)
    }
    return ComponentDescription(Self.owner, all)
  }
}
