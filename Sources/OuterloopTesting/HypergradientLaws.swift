internal import OuterloopAutodiff
public import OuterloopBilevel
public import OuterloopNumerics
internal import OuterloopText

/// What every estimator must satisfy on every problem. A new problem is a new `HypergradientCase`; a
/// new estimator states here which of the others it equals.
public enum HypergradientLaws {
  /// A law that did not hold.
  public struct Violation: Error, CustomStringConvertible {
    public var description: String
    /// A violation, in words.
    public init(_ description: String) { self.description = description }
  }

  /// Forward mode equals reverse mode in gradient and direct term. Reverse mode reports the loss and
  /// the state of plain training bitwise; the step of forward mode is another program, whose
  /// rounding may differ.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkForward(_ test: HypergradientCase) throws {
    let (loss, state) = try test.solve(at: test.hyper)
    let reverse = try test.hypergradient(by: .reverse)
    let forward = try test.hypergradient(by: .forward)
    try require(reverse.loss == loss, "\(test): loss \(reverse.loss), by training alone \(loss)")
    try requireSame(reverse.state, state, "\(test): the final state")
    try require(
      Swift.abs(forward.loss - loss) <= test.agreement * Swift.max(1, Swift.abs(loss)),
      "\(test): forward's loss \(forward.loss), by training alone \(loss)")
    try requireClose(forward.state, state, test.agreement, "\(test): forward's final state")
    try requireClose(forward.direct, reverse.direct, test.agreement, "\(test): the direct term")
    try requireClose(
      forward.gradient, reverse.gradient, test.agreement, "\(test): forward and reverse")
    try require(
      forward.cost.products == test.steps * test.hyper.reduce(0) { $0 + $1.count }
        && reverse.cost.products == test.steps, "\(test): products \(forward.cost.products)")
  }

  /// Reverse mode under any budget that holds a state gives the same bits as reverse mode, within
  /// the budget, with revolve's number of advances; a smaller budget is refused, naming the
  /// smallest that works.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkBudgets(_ test: HypergradientCase) throws {
    let exact = try test.hypergradient(by: .reverse)
    let least = try leastBudget(test)
    let state = test.stateBytes(exact)
    for slots in Set([1, 2, 3, test.steps - 1, test.steps + 2]).sorted() where slots > 0 {
      // A budget between two sizes rounds down.
      let budget = least + (slots - 1) * state + (slots % 2) * (state - 1)
      let within = try test.hypergradient(by: .reverse(memory: budget))
      let checkpoints = Swift.min(slots, Swift.max(test.steps - 1, 1))
      try requireSame(within.gradient, exact.gradient, "\(test) within \(budget): the gradient")
      try requireSame(within.direct, exact.direct, "\(test) within \(budget): the direct term")
      try requireSame(within.state, exact.state, "\(test) within \(budget): the final state")
      try require(within.loss == exact.loss, "\(test) within \(budget): loss \(within.loss)")
      let cost = within.cost
      let advances = try Revolve.advances(steps: test.steps, checkpoints: checkpoints)
      try require(
        cost.advances == advances && cost.recomputedSteps == advances - (test.steps - 1),
        "\(test) within \(budget): \(cost.advances) advances for \(checkpoints) checkpoints")
      try require(
        cost.liveStates <= checkpoints + 2 && cost.products == test.steps
          && cost.steps == test.steps,
        "\(test) within \(budget): \(cost.liveStates) states, \(cost.products) products")
      try require(
        cost.plannedBytes <= budget, "\(test) within \(budget): \(cost.plannedBytes) planned bytes")
    }
  }

  /// The smallest budget of `.reverse(memory:)`, as its error names it.
  ///
  /// - Throws: what the estimator and the problem throw.
  public static func leastBudget(_ test: HypergradientCase) throws -> Int {
    var least: Int?
    do {
      _ = try test.hypergradient(by: .reverse(memory: 1))
    } catch let error as BilevelError {
      guard case .refused = error else { throw error }
      least = error.description.split(separator: " ").compactMap { Int($0) }.last
    }
    guard let least, least > 1 else { throw Violation("\(test): a budget of 1 byte was accepted") }
    do {
      _ = try test.hypergradient(by: .reverse(memory: least - 1))
    } catch BilevelError.refused(_, _, let remedy) {
      try require(remedy.contains(" \(least) "), "\(test): \(remedy), but before \(least)")
      return least
    }
    throw Violation("\(test): \(least) bytes were named as the least, but one less was accepted")
  }

  /// `truncated(T)` and beyond equals reverse mode bitwise; `oneStep` is `truncated(1)`; adding
  /// terms one at a time ends at the full sum. With lambda in the initial state each is refused.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkTruncation(_ test: HypergradientCase) throws {
    let exact = try test.hypergradient(by: .reverse)
    for horizon in [test.steps, test.steps + 3] {
      let whole = try test.hypergradient(by: .truncated(horizon))
      try requireSame(whole.gradient, exact.gradient, "\(test) truncated(\(horizon))")
      try requireSame(whole.state, exact.state, "\(test) truncated(\(horizon)): the final state")
    }
    if test.movesInitialState {
      for estimator in [Estimator.oneStep, .truncated(1), .truncated(test.steps - 1)] {
        try requireRefused(test, estimator)
      }
      return
    }
    try requireClose(
      try test.hypergradient(by: .oneStep).gradient,
      try test.hypergradient(by: .truncated(1)).gradient, test.agreement, "\(test) one step")
    for horizon in 1...test.steps {
      let part = try test.hypergradient(by: .truncated(horizon))
      try requireSame(part.direct, exact.direct, "\(test) truncated(\(horizon)): direct term")
      try requireSame(part.state, exact.state, "\(test) truncated(\(horizon)): the final state")
      try require(
        part.loss == exact.loss && part.cost.products == horizon
          && part.cost.liveStates == horizon + 1,
        "\(test) truncated(\(horizon)): \(part.cost)")
    }
  }

  /// Truncated reverse mode is the direct term and the last K terms, computed one step at a time
  /// outside the compiled programs; and `a_t . z_t` with the terms after t is the same number at
  /// every t.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkTerms(_ test: HypergradientCase, seed: UInt64 = 1) throws {
    let direction = DerivativeLaws.directions(test.hyper, seed: seed, purpose: "terms")
    let terms = try test.terms(along: direction)
    let exact = try test.hypergradient(by: .reverse)
    var sum = terms.direct
    var invariants: [Double] = []
    for t in stride(from: test.steps, through: 1, by: -1) {
      invariants.append(terms.products[t] + (try DerivativeLaws.dot(sum, direction)))
      sum = zip(sum, terms.steps[t - 1]).map { $0 + $1 }
      guard !test.movesInitialState else { continue }
      let horizon = test.steps - t + 1
      let part = try test.hypergradient(by: .truncated(horizon)).gradient
      try requireClose(part, sum, test.agreement, "\(test) truncated(\(horizon)) and its terms")
    }
    invariants.append(terms.products[0] + (try DerivativeLaws.dot(sum, direction)))
    sum = zip(sum, terms.initial).map { $0 + $1 }
    try requireClose(exact.gradient, sum, test.agreement, "\(test): reverse and its terms")
    let whole = try DerivativeLaws.dot(exact.gradient, direction)
    let scale = try DerivativeLaws.norm(exact.gradient) * DerivativeLaws.norm(direction)
    for (step, value) in invariants.enumerated() {
      try require(
        Swift.abs(value - whole) <= test.agreement * scale,
        "\(test): a . z is \(value) \(step) steps before the end, but the derivative is \(whole)")
    }
  }

  /// An estimator that claims to be exact agrees with reverse mode wherever it accepts the problem.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkExactness(
    _ test: HypergradientCase, of estimator: Estimator, tolerance: Double? = nil
  ) throws {
    guard estimator.properties.exact == .always else {
      throw Violation("\(estimator) does not say that it is exact")
    }
    let exact = try test.hypergradient(by: .reverse)
    do {
      let answer = try test.hypergradient(by: estimator)
      let tolerance = tolerance ?? test.agreement
      try requireClose(
        answer.gradient, exact.gradient, tolerance, "\(test): \(estimator) and reverse")
      try requireClose(
        answer.direct, exact.direct, tolerance, "\(test): \(estimator), the direct term")
    } catch BilevelError.refused {
      return
    }
  }

  /// `firstOrder` gives the direct term alone, and is refused where there is none.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkDirectTerm(_ test: HypergradientCase) throws {
    guard test.hasDirectTerm else { return try requireRefused(test, .firstOrder) }
    let exact = try test.hypergradient(by: .reverse)
    let first = try test.hypergradient(by: .firstOrder)
    try requireSame(first.gradient, exact.direct, "\(test): first order")
    try requireSame(first.state, exact.state, "\(test): first order, the final state")
    try require(
      first.loss == exact.loss && first.cost.products == 0, "\(test) first order: \(first.cost)")
  }

  /// Real-time updates every T steps are one outer step of forward mode, bitwise.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkRealTime(_ test: HypergradientCase) throws {
    let moved = try test.descended(by: .realTime(every: test.steps), rate: 0.5)
    try requireSame(
      moved, try test.descended(by: .forward, rate: 0.5), "\(test) real time: lambda")
    try requireSame(
      try test.hypergradient(by: .realTime(every: 2)).gradient,
      try test.hypergradient(by: .forward).gradient, "\(test) real time: one hypergradient")
  }

  /// Reverse mode equals central differences of plain training, along one random direction for each
  /// hyperparameter tensor, extrapolated (see `slope`).
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func checkDifferences(_ test: HypergradientCase, seed: UInt64 = 1) throws {
    guard let tolerance = test.differences else { return }
    let gradient = try test.hypergradient(by: .reverse).gradient
    let directions = try test.hyper.enumerated().map { index, tensor in
      // Steps in proportion to each number, so that rates and weights stay in their range.
      let point = try tensor.doubles()
      let size = point.map { Swift.max(Swift.abs($0), 0.1 * maximum(point), 1e-3) }
      let draws = try RandomKey(seed: seed, purpose: "differences", index: UInt64(index))
        .normal([point.count], dtype: .float64).doubles()
      let largest = maximum(draws)
      return zip(size, draws).map { $0 * $1 / largest }
    }
    let sizes = try zip(gradient, directions).map { given, direction in
      zip(try given.doubles(), direction).reduce(0) { $0 + Swift.abs($1.0 * $1.1) }
    }
    for index in test.hyper.indices {
      let point = try test.hyper[index].doubles()
      let direction = directions[index]
      let estimate = try slope { h in
        var moved = test.hyper
        moved[index] = Tensor(
          zip(point, direction).map { $0 + h * $1 }, shape: test.hyper[index].shape)
        return try test.solve(at: moved).loss
      }
      let expected = zip(try gradient[index].doubles(), direction).reduce(0) { $0 + $1.0 * $1.1 }
      let scale = Swift.max(sizes[index], 1e-3 * maximum(sizes))
      guard Swift.abs(estimate - expected) <= tolerance * scale else {
        throw Violation(
          "\(test): hyperparameter \(index), derivative \(expected), differences \(estimate), "
            + "relative \(Swift.abs(estimate - expected) / scale)")
      }
    }
  }

  /// The derivative of f at 0 by central differences at h = 0.04, 0.02, ... extrapolated to h = 0
  /// (Ridders 1982): column k of the table cancels the error of order h^(2k). The value with the
  /// smallest change within its row is used.
  /// - Parameter levels: rows of the table, at least 2 and at most 30; others are clamped.
  public static func slope(
    start: Double = 0.04, levels: Int = 5, _ f: (Double) throws -> Double
  ) rethrows -> Double {
    var previous: [Double] = []
    var best = Double.nan
    var bestChange = Double.infinity
    for level in 0..<Swift.min(Swift.max(levels, 2), 30) {
      let h = start / Double(1 << level)
      var row = [(try f(h) - f(-h)) / (2 * h)]
      for (column, value) in previous.enumerated() {
        let factor = Double(1 << (2 * (column + 1)))
        let better = (factor * row[column] - value) / (factor - 1)
        let change = Swift.max(Swift.abs(better - row[column]), Swift.abs(better - value))
        if change < bestChange { (best, bestChange) = (better, change) }
        row.append(better)
      }
      previous = row
    }
    return best
  }
}

// MARK: - Comparisons

extension HypergradientLaws {
  /// Bitwise equal numbers.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func requireSame(_ a: [Tensor], _ b: [Tensor], _ what: String) throws {
    try require(a.map(\.type) == b.map(\.type), "\(what): \(a.map(\.type)), \(b.map(\.type))")
    for (index, pair) in zip(a, b).enumerated() {
      let (x, y) = (try pair.0.doubles(), try pair.1.doubles())
      for (place, both) in zip(x, y).enumerated() where both.0.bitPattern != both.1.bitPattern {
        throw Violation("\(what): tensor \(index) has \(both.0) and \(both.1) at \(place)")
      }
    }
  }

  /// The norm of the difference over that of `b`, for each tensor. A tensor that is tiny compared
  /// to the others, by cancellation, counts as a thousandth of the total.
  /// - Throws: a `Violation` unless corresponding tensors have the same number of elements.
  public static func relativeErrors(_ a: [Tensor], _ b: [Tensor]) throws -> [Double] {
    let floor = 1e-3 * (try DerivativeLaws.norm(b))
    let (first, second) = (try a.map { try $0.doubles() }, try b.map { try $0.doubles() })
    guard first.map(\.count) == second.map(\.count) else {
      throw Violation("\(a.map(\.type)) cannot be compared with \(b.map(\.type))")
    }
    return try zip(zip(first, second), b).map { numbers, tensor in
      let difference = zip(numbers.0, numbers.1)
        .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      return difference == 0 ? 0 : difference / Swift.max(try DerivativeLaws.norm([tensor]), floor)
    }
  }

  /// Equal up to a relative tolerance in the norm of each tensor.
  ///
  /// - Throws: a `Violation` where the law does not hold, and what the calculations throw.
  public static func requireClose(
    _ a: [Tensor], _ b: [Tensor], _ tolerance: Double, _ what: String
  ) throws {
    for (index, error) in try relativeErrors(a, b).enumerated() where !(error <= tolerance) {
      throw Violation(
        "\(what): tensor \(index) is \(a[index]) and \(b[index]), relative difference \(error)")
    }
  }

  static func require(_ holds: Bool, _ what: @autoclosure () -> String) throws {
    if !holds { throw Violation(what()) }
  }

  static func requireRefused(_ test: HypergradientCase, _ estimator: Estimator) throws {
    do {
      _ = try test.hypergradient(by: estimator)
    } catch BilevelError.refused {
      return
    }
    throw Violation("\(test): \(estimator) was not refused")
  }

  private static func maximum(_ values: [Double]) -> Double {
    values.reduce(0) { Swift.max($0, Swift.abs($1)) }
  }
}

extension HypergradientCase {
  /// S: bytes of one state.
  func stateBytes(_ answer: Answer) -> Int {
    answer.state.reduce(0) { $0 + $1.type.byteCount }
  }
}
