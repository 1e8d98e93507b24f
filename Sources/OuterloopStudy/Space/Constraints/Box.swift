/// A set of configurations: an interval of places for each parameter of a space.
package struct Box: Sendable, Hashable {
  package var slices: [Slice]
  /// Whether each parameter exists in the configurations of the box.
  package fileprivate(set) var activity: [Activity]

  package enum Activity: Sendable { case active, inactive, undecided }
}

/// The truth values that a statement can have on a box.
struct TruthSet: OptionSet {
  let rawValue: UInt8

  static let isTrue = TruthSet(rawValue: 1)
  static let isFalse = TruthSet(rawValue: 2)
  static let isUnknown = TruthSet(rawValue: 4)
  static let any: TruthSet = [.isTrue, .isFalse, .isUnknown]

  init(rawValue: UInt8) { self.rawValue = rawValue }
  init(_ truth: Bool?) { self = truth.map { $0 ? .isTrue : .isFalse } ?? .isUnknown }
}

/// The axes of a space, and the truth values of its statements on boxes of configurations (interval
/// arithmetic; Moore 1966).
package struct BoxLogic: Sendable {
  package let space: SearchSpace
  package let axes: [Axis]
  private let hasConditions: Bool

  package init(_ space: SearchSpace, resolution: Int? = nil) {
    self.space = space
    axes = space.parameters.map { Axis($0.domain, resolution: resolution) }
    hasConditions = space.parameters.contains { $0.condition != nil }
  }

  /// All configurations.
  package var whole: Box {
    var box = Box(
      slices: axes.map(\.whole), activity: Array(repeating: .active, count: axes.count))
    decideActivity(&box)
    return box
  }

  /// Updates which parameters of the box are active, from its slices.
  package func decideActivity(_ box: inout Box) {
    guard hasConditions else { return }
    for (index, parameter) in space.parameters.enumerated() {
      guard let condition = parameter.condition else { continue }
      let outcome = outcome(of: condition.expression, on: box)
      box.activity[index] =
        outcome == .isTrue ? .active : outcome.contains(.isTrue) ? .undecided : .inactive
    }
  }

  /// The truth values that a statement can have on a box: a superset of those it has for the box's
  /// configurations.
  func outcome(of expression: Expression, on box: Box) -> TruthSet {
    switch expression {
    case .literal(let value): return TruthSet(value == .bool(true))
    case .parameter(let index, _):
      guard let values = axes[index].candidates(box.slices[index]) else { return .any }
      return active(index, box) { values.map { TruthSet($0 == .bool(true)) }.union }
    case .arithmetic: return .isUnknown
    case .comparison(let sign, let a, let b): return comparison(sign, a, b, box)
    case .membership(let a, let choices):
      return choices.reduce(TruthSet.isFalse) { all, choice in
        any(all, comparison(.equal, a, .literal(choice), box))
      }
    case .not(let a):
      let inner = outcome(of: a, on: box)
      var result = inner.intersection(.isUnknown)
      if inner.contains(.isTrue) { result.insert(.isFalse) }
      if inner.contains(.isFalse) { result.insert(.isTrue) }
      return result
    case .all(let parts):
      return parts.reduce(TruthSet.isTrue) { all($0, outcome(of: $1, on: box)) }
    case .any(let parts):
      return parts.reduce(TruthSet.isFalse) { any($0, outcome(of: $1, on: box)) }
    }
  }

  private func all(_ a: TruthSet, _ b: TruthSet) -> TruthSet {
    var result: TruthSet = []
    if a.contains(.isTrue), b.contains(.isTrue) { result.insert(.isTrue) }
    if a.contains(.isFalse) || b.contains(.isFalse) { result.insert(.isFalse) }
    if a.contains(.isUnknown), b != .isFalse { result.insert(.isUnknown) }
    if b.contains(.isUnknown), a != .isFalse { result.insert(.isUnknown) }
    return result
  }

  private func any(_ a: TruthSet, _ b: TruthSet) -> TruthSet {
    var result: TruthSet = []
    if a.contains(.isFalse), b.contains(.isFalse) { result.insert(.isFalse) }
    if a.contains(.isTrue) || b.contains(.isTrue) { result.insert(.isTrue) }
    if a.contains(.isUnknown), b != .isTrue { result.insert(.isUnknown) }
    if b.contains(.isUnknown), a != .isTrue { result.insert(.isUnknown) }
    return result
  }

  /// An outcome that depends on parameter `index`: unknown where the parameter is inactive.
  private func active(_ index: Int, _ box: Box, _ outcome: () -> TruthSet) -> TruthSet {
    switch box.activity[index] {
    case .active: outcome()
    case .inactive: .isUnknown
    case .undecided: outcome().union(.isUnknown)
    }
  }

  // MARK: Comparisons

  private func comparison(
    _ sign: Expression.Comparison, _ a: Expression, _ b: Expression, _ box: Box
  ) -> TruthSet {
    if !a.isArithmetic, !b.isArithmetic, sign == .equal || sign == .notEqual,
      let left = candidates(a, box), let right = candidates(b, box),
      left.values.count * right.values.count <= 1024
    {
      var result: TruthSet = []
      for x in left.values {
        for y in right.values { result.insert(TruthSet(x.matches(y) == (sign == .equal))) }
      }
      return settled(result, left.activity, right.activity)
    }
    guard var x = interval(a, box), var y = interval(b, box) else { return .any }
    if x.activity == .inactive || y.activity == .inactive { return .isUnknown }
    // Values compared without arithmetic are compared as they are.
    if a.isArithmetic, !b.isArithmetic { y = y.withErrors }
    if b.isArithmetic, !a.isArithmetic { x = x.withErrors }
    return settled(order(sign, x, y), x.activity, y.activity)
  }

  private func settled(_ outcome: TruthSet, _ a: Box.Activity, _ b: Box.Activity) -> TruthSet {
    if a == .inactive || b == .inactive { return .isUnknown }
    return a == .active && b == .active ? outcome : outcome.union(.isUnknown)
  }

  /// The possible outcomes of comparing two intervals.
  private func order(
    _ sign: Expression.Comparison, _ x: Interval, _ y: Interval
  ) -> TruthSet {
    var result: TruthSet = []
    if x.low < y.high { result.insert(TruthSet(sign.holds(order: -1))) }
    if x.high > y.low { result.insert(TruthSet(sign.holds(order: 1))) }
    if x.low <= y.high, x.high >= y.low { result.insert(TruthSet(sign.holds(order: 0))) }
    return result
  }

  private func candidates(
    _ expression: Expression, _ box: Box
  ) -> (values: [ParameterValue], activity: Box.Activity)? {
    switch expression {
    case .literal(let value): return ([value], .active)
    case .parameter(let index, _):
      return axes[index].candidates(box.slices[index]).map { ($0, box.activity[index]) }
    default: return nil
    }
  }

  /// The interval of a number; nil if it may not be a number.
  private func interval(_ expression: Expression, _ box: Box) -> Interval? {
    switch expression {
    case .literal(let value):
      return value.number.map {
        Interval(
          low: $0, high: $0, isWhole: Approximation($0).error == 0, activity: .active)
      }
    case .parameter(let index, _):
      return axes[index].numbers(box.slices[index]).map {
        Interval(
          low: $0.low, high: $0.high, isWhole: axes[index].isWhole, activity: box.activity[index])
      }
    case .arithmetic(let first, let operations):
      guard var result = interval(first, box)?.withErrors else { return nil }
      for operation in operations {
        guard var operand = interval(operation.operand, box) else { return nil }
        if !operation.operand.isArithmetic { operand = operand.withErrors }
        result = result.applying(operation.sign, operand)
      }
      return result
    default: return nil
    }
  }
}

extension [TruthSet] {
  fileprivate var union: TruthSet { reduce([]) { $0.union($1) } }
}
