internal import OuterloopText

/// What values a parameter may take.
public enum Domain: Sendable, Hashable {
  /// Real numbers of a range.
  case float(NumericRange)
  /// Integers; the range's ends and step are integers.
  case int(NumericRange)
  /// A few values in order: between `small` and `large` lies `medium`.
  case ordinal([ParameterValue])
  /// A few values without order.
  case categorical([ParameterValue])
  /// A single value, passed to the objective.
  case constant(ParameterValue)

  /// Integers from `low` to `high`, both included.
  ///
  /// - Throws: `SpaceError` for an empty range, a step that is not positive, or ends that `Double`
  ///   cannot hold exactly.
  public static func int(_ low: Int, _ high: Int, log: Bool = false, step: Int = 1) throws -> Domain
  {
    let limit = UInt(NumericRange.exactIntegers)
    guard low.magnitude <= limit, high.magnitude <= limit else { throw Self.inexact }
    guard step > 0 else {
      throw SpaceError("the step \(step) is not above 0", "give a positive step")
    }
    return .int(try NumericRange(Double(low), Double(high), log: log, step: Double(step)))
  }

  private static let inexact = SpaceError(
    "integers beyond 2^53 are not exact", "use a smaller range, or a scale factor")

  /// The same domain with its choices in canonical form, whole numbers as integers.
  /// - Throws: `SpaceError` for what the type cannot rule out: no choices, duplicate choices, numbers
  ///   that are not finite, integers with a fraction.
  func checked() throws -> Domain {
    switch self {
    case .float: return self
    case .int(let range):
      guard let step = range.step, range.low == range.low.rounded(), step == step.rounded() else {
        throw SpaceError(
          "an int has ends or a step that are not whole", "use a float, or whole numbers")
      }
      guard Swift.max(abs(range.low), abs(range.high)) <= NumericRange.exactIntegers else {
        throw Self.inexact
      }
      return self
    case .ordinal(let choices): return .ordinal(try Self.checked(choices))
    case .categorical(let choices): return .categorical(try Self.checked(choices))
    case .constant(let value): return .constant(try Self.checked([value])[0])
    }
  }

  private static func checked(_ choices: [ParameterValue]) throws -> [ParameterValue] {
    guard !choices.isEmpty else {
      throw SpaceError("there is no choice", "list at least one value")
    }
    // Numbers are equal as numbers, so canonical values are.
    var seen: Set<ParameterValue> = []
    return try choices.map { choice in
      if let number = choice.number, !number.isFinite {
        throw SpaceError("the choice \(number) is not finite", "give a finite number")
      }
      if case .text(let text) = choice, text.utf8.contains(0) {
        throw SpaceError(
          "the choice \(text.jsonString) has a NUL character, which no command line can hold",
          "leave that character out")
      }
      guard seen.insert(choice.canonical).inserted else {
        throw SpaceError("the choice \(choice) is listed twice", "remove one of them")
      }
      return choice.canonical
    }
  }
}

extension Domain {
  /// The values of ordinals, categoricals and constants; nil for numbers.
  public var choices: [ParameterValue]? {
    switch self {
    case .ordinal(let choices), .categorical(let choices): choices
    case .constant(let value): [value]
    case .float, .int: nil
    }
  }

  /// The range of floats and ints; nil for choices.
  public var range: NumericRange? {
    switch self {
    case .float(let range), .int(let range): range
    default: nil
    }
  }

  /// How many values there are; nil if they cannot be counted.
  public var count: Int? { range.map(\.count) ?? choices?.count }

  /// The `index`-th value of a domain that can be counted, in the domain's order; beyond its ends, the
  /// value there.
  public func value(atIndex index: Int) -> ParameterValue {
    if let choices {
      // No space takes a domain without choices.
      if choices.isEmpty { return .float(.nan) }
      return choices[Swift.min(Swift.max(index, 0), choices.count - 1)]
    }
    return numeric(range?.gridValue(index) ?? 0)
  }

  /// The index of `value` in the domain's order; nil if it is not in the domain, or the domain has
  /// no grid.
  public func index(of value: ParameterValue) -> Int? {
    if let choices { return choices.firstIndex { $0.matches(value) } }
    guard let range, range.count != nil, let number = value.number, range.contains(number) else {
      return nil
    }
    return range.index(nearest: number)
  }

  /// `number` as a value of this numeric domain. What is not an integer, such as NaN, stays a
  /// float, which no integer domain contains.
  public func numeric(_ number: Double) -> ParameterValue {
    if case .int = self, let whole = Int(exactly: number.rounded(.towardZero)) {
      return .int(whole)
    }
    return .float(number)
  }

  /// The quantile `u` in [0, 1] of the uniform distribution: how random and quasi-random points are
  /// generated. Numbers are uniform on their scale, choices equally probable.
  public func value(atUnit u: Double) -> ParameterValue {
    if let range { return numeric(range.value(atUnit: u)) }
    let choices = choices ?? []
    let place = Swift.min(Swift.max(u, 0), 1) * Double(choices.count)
    return value(atIndex: place.isNaN ? 0 : Int(place))
  }

  /// The value as this domain writes it: the right type, on the grid; nil if it is not in the domain.
  public func canonical(_ value: ParameterValue) -> ParameterValue? {
    if let choices { return choices.first { $0.matches(value) } }
    guard let range, let number = value.number, range.contains(number) else { return nil }
    return numeric(range.nearest(number))
  }
}

extension Domain: CustomStringConvertible {
  /// As the command line writes it: `float(1e-05, 0.1, log)`, `int(1, 5)`, `choice(relu, tanh)`.
  public var description: String {
    switch self {
    case .float(let range): "float(\(ends(range))\(options(range, step: range.step)))"
    case .int(let range):
      "int(\(ends(range))\(options(range, step: range.step == 1 ? nil : range.step)))"
    case .ordinal(let choices): "ordinal(\(list(choices)))"
    case .categorical(let choices): "choice(\(list(choices)))"
    case .constant(let value): "constant(\(list([value])))"
    }
  }

  private func ends(_ range: NumericRange) -> String {
    "\(numeric(range.low)), \(numeric(range.high))"
  }

  private func options(_ range: NumericRange, step: Double?) -> String {
    (range.isLog ? ", log" : "") + (step.map { ", step \(numeric($0))" } ?? "")
  }

  private func list(_ values: [ParameterValue]) -> String {
    values.map(\.spelled).joined(separator: ", ")
  }
}
