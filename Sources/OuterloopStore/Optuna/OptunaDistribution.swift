internal import OuterloopStudy
internal import OuterloopText

/// A parameter's distribution in one trial, in Optuna's format: `distribution_json`.
enum OptunaDistribution: Equatable {
  struct Range: Equatable {
    var low, high: Double
    var isLog: Bool
    var step: Double?
    var isInteger: Bool
  }

  case range(Range)
  case choices([JSON])

  /// - Throws: `JSONReader.Failure` if it is none.
  init(_ text: String) throws {
    let json = try need(JSONReader.value(text))
    let attributes = try need(json["attributes"])
    let isInteger = json["name"]?.text == "IntDistribution"
    if json["name"]?.text == "CategoricalDistribution" {
      self = .choices(try need(attributes["choices"]?.array))
      return
    }
    guard isInteger || json["name"]?.text == "FloatDistribution" else { throw JSONReader.Failure() }
    var step: Double?
    if let given = attributes["step"], given != .null { step = try need(given.number) }
    let isLog = try attributes["log"].map { try need($0.bool) } ?? false
    self = .range(
      Range(
        low: try need(attributes["low"]?.number), high: try need(attributes["high"]?.number),
        isLog: isLog, step: isInteger ? step ?? 1 : step, isInteger: isInteger))
  }

  /// Why a number is invalid under this distribution; nil if it is valid. Numbers outside the range
  /// are valid, since trials may be enqueued there.
  func problem(with number: Double) -> String? {
    switch self {
    case .range(let range):
      if range.isInteger, number != number.rounded() { return "and the parameter is an integer" }
      // Beyond this, none of our ranges can hold it.
      let (limit, name) = range.isInteger ? (0x1p53, "2^53") : (1e300, "1e300")
      return number.magnitude > limit ? "which is beyond \(name)" : nil
    case .choices(let choices):
      guard Int(exactly: number).map(choices.indices.contains) != true else { return nil }
      return "and there are \(choices.count) choices, counted from 0"
    }
  }

  /// NaN is NaN.
  static func == (a: OptunaDistribution, b: OptunaDistribution) -> Bool {
    switch (a, b) {
    case (.range(let a), .range(let b)): a == b
    case (.choices(let a), .choices(let b)): a.map(\.python) == b.map(\.python)
    case (.range, .choices), (.choices, .range): false
    }
  }

  /// The smallest that holds both; nil for numbers and choices in one.
  func union(_ other: OptunaDistribution) -> OptunaDistribution? {
    switch (self, other) {
    case (.range(let a), .range(let b)): return .range(a.union(b))
    case (.choices(let a), .choices(let b)):
      let known = Set(a.map(\.python))
      return .choices(a + b.filter { !known.contains($0.python) })
    case (.range, .choices), (.choices, .range): return nil
    }
  }

  /// As one of our domains.
  /// - Throws: `SpaceError` if none of ours is like it.
  func domain() throws -> Domain {
    switch self {
    case .range(let range):
      if range.isInteger, let low = Int(exactly: range.low), let high = Int(exactly: range.high) {
        return try .int(low, high, log: range.isLog, step: Int(exactly: range.step ?? 1) ?? 0)
      }
      let numbers = try NumericRange(range.low, range.high, log: range.isLog, step: range.step)
      return range.isInteger ? .int(numbers) : .float(numbers)
    case .choices(let choices): return .categorical(Self.values(of: choices))
    }
  }

  /// Choices as values. What cannot be represented here (None, NaN, a list, 1.0 as well as 1)
  /// becomes a unique text.
  private static func values(of choices: [JSON]) -> [ParameterValue] {
    var taken: Set<ParameterValue> = []
    let plain = choices.map { choice -> ParameterValue? in
      if case .float(let number) = choice, !number.isFinite { return nil }
      guard let value = choice.parameterValue?.canonical, taken.insert(value).inserted else {
        return nil
      }
      return value
    }
    return zip(choices, plain).map { choice, value in
      if let value { return value }
      let text = choice == .null ? "None" : choice.text ?? choice.python
      var unique = text
      var number = 2
      while !taken.insert(.text(unique)).inserted {
        unique = "\(text)_\(number)"
        number += 1
      }
      return .text(unique)
    }
  }
}

extension OptunaDistribution.Range {
  fileprivate func union(_ other: Self) -> Self {
    Self(
      low: min(low, other.low), high: max(high, other.high), isLog: isLog && other.isLog,
      step: commonStep(other), isInteger: isInteger && other.isInteger)
  }

  /// A step whose grid contains the values of both: for integers the greatest common divisor,
  /// otherwise the same step if one grid continues the other; nil: none.
  private func commonStep(_ other: Self) -> Double? {
    guard isInteger == other.isInteger, let step, let second = other.step else { return nil }
    let apart = abs(low - other.low)
    if isInteger {
      var (a, b) = (step, second)
      while b != 0 { (a, b) = (b, a.truncatingRemainder(dividingBy: b)) }
      b = apart
      while b != 0 { (a, b) = (b, a.truncatingRemainder(dividingBy: b)) }
      return a
    }
    let steps = apart / step
    return step == second && abs(steps - steps.rounded()) < 1e-9 * max(steps, 1) ? step : nil
  }
}

/// A parameter over all trials of a study.
struct OptunaParameter {
  /// The name in Optuna.
  let name: String
  private(set) var distribution: OptunaDistribution
  /// Whether all trials have the distribution of the first one.
  private(set) var isUniform = true
  /// The index of a choice, by its JSON.
  private var places: [String: Int] = [:]

  init(_ name: String, _ distribution: OptunaDistribution) {
    self.name = name
    self.distribution = distribution
    place()
  }

  /// - Throws: `SpaceError` if it is a number in one trial and a choice in another.
  mutating func add(_ other: OptunaDistribution) throws {
    guard other != distribution else { return }
    guard let both = distribution.union(other) else {
      throw SpaceError(
        "parameter `\(name)` is a number in some trials and a choice in others",
        "give one of them another name")
    }
    guard both != distribution else { return }
    distribution = both
    isUniform = false
    place()
  }

  /// Widens the range to hold an enqueued value outside it.
  mutating func add(_ value: Double) {
    guard case .range(var range) = distribution else { return }
    let value = range.isInteger ? value.rounded() : value
    // Beyond this, none of our ranges can hold it.
    guard abs(value) <= (range.isInteger ? 0x1p53 : 1e300), value < range.low || range.high < value
    else { return }
    (range.low, range.high) = (value, value)
    range.isLog = range.isLog && value > 0
    guard let both = distribution.union(.range(range)) else { return }
    distribution = both
    isUniform = false
  }

  private mutating func place() {
    guard case .choices(let choices) = distribution else { return }
    for (index, choice) in choices.enumerated() { places[choice.python] = index }
  }

  /// The value that `number` encodes under a trial's distribution; nil if it is invalid.
  func value(_ number: Double, under own: OptunaDistribution, in domain: Domain) -> ParameterValue?
  {
    guard case .choices(let choices) = own else { return value(.float(number), in: domain) }
    guard let place = Int(exactly: number), choices.indices.contains(place) else { return nil }
    return value(choices[place], in: domain)
  }

  /// The value that is written as `json`.
  func value(_ json: JSON, in domain: Domain) -> ParameterValue? {
    if case .choices = distribution {
      return places[json.python].map { domain.value(atIndex: $0) }
    }
    guard let number = json.number, let range = domain.range else { return nil }
    if let value = domain.canonical(.float(number)) { return value }
    // Off the grid.
    let whole = domain.isInteger ? number.rounded() : number
    return range.low <= whole && whole <= range.high ? domain.numeric(whole) : nil
  }
}
