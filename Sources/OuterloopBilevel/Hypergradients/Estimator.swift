internal import OuterloopNumerics

/// How a bilevel problem is differentiated, as a value. Each method has a file of its own with its
/// mathematics and cost.
public enum Estimator: Sendable, Hashable, CustomStringConvertible {
  /// Exact: store the trajectory, go back through it. 2 to 4 training runs, O(T) states.
  case reverse
  /// Exact and bitwise equal to `.reverse`: keep what fits the budget, recompute the rest.
  case reverseWithin(memory: Int)
  /// The last `k` steps only. `k` products, O(k) states, biased towards short horizons.
  case truncated(Int)
  /// Exact: tangents of all hyperparameters beside the state. Any T in O(Q) states.
  case forward
  /// Forward mode that updates the hyperparameters every so many steps (see `OuterLoop`); as a
  /// single hypergradient it is `.forward`.
  case realTime(every: Int)
  /// The last step only: `truncated(1)`.
  case oneStep
  /// The direct term only: the partial derivative of the outer loss by lambda.
  case firstOrder

  /// Reverse mode under a budget in bytes.
  public static func reverse(memory bytes: Int) -> Estimator { .reverseWithin(memory: bytes) }

  public var description: String {
    switch self {
    case .reverse: "reverse"
    case .reverseWithin(let bytes): "reverse within \(bytes) bytes"
    case .truncated(let k): "truncated(\(k))"
    case .forward: "forward"
    case .realTime(let every): "realTime(every: \(every))"
    case .oneStep: "oneStep"
    case .firstOrder: "firstOrder"
    }
  }
}

extension Estimator {
  func run(_ problem: CompiledProblem, hyper: [Tensor]) throws -> EstimatorResult {
    try refuse(problem)
    let run = try Run(problem, hyper: hyper)
    switch self {
    case .reverse: return try Reverse().run(run)
    case .reverseWithin(let bytes): return try CheckpointedReverse(budget: bytes).run(run)
    case .truncated(let k): return try TruncatedReverse(steps: k).run(run)
    case .oneStep: return try TruncatedReverse(steps: 1).run(run)
    case .forward, .realTime: return try Forward().run(run)
    case .firstOrder: return try FirstOrder().run(run)
    }
  }

  /// Refuses a method that would answer with zero or nonsense for this problem.
  func refuse(_ problem: CompiledProblem) throws {
    func refused(_ reason: String, _ remedy: String) -> BilevelError {
      .refused(estimator: description, reason: reason, remedy: remedy)
    }
    let initial = zip(problem.initialUses, problem.hyperNames).filter(\.0).map(\.1)
      .joined(separator: ", ")
    switch self {
    case .reverse, .reverseWithin: break
    case .truncated(let k):
      guard k >= 1 else {
        throw refused("\(k) steps were asked for", "use 1...\(problem.steps), or firstOrder")
      }
      if k < problem.steps, !initial.isEmpty {
        throw refused(
          "the initial state depends on \(initial), which the last \(k) of \(problem.steps) steps "
            + "do not see", "use reverse or forward")
      }
    case .oneStep:
      if problem.steps > 1, !initial.isEmpty {
        throw refused(
          "the initial state depends on \(initial), which the last step does not see",
          "use reverse or forward")
      }
    case .forward, .realTime:
      if case .realTime(let every) = self, every < 1 {
        throw refused("an update every \(every) steps", "use 1 or more")
      }
      let bytes = (problem.hyperCount + 1).multipliedReportingOverflow(by: problem.stateBytes)
      let limit = Forward.memoryLimit
      if bytes.overflow || bytes.partialValue > limit {
        throw refused(
          "\(problem.hyperCount) hyperparameters need a tangent of \(problem.stateBytes) bytes "
            + "each, more than the limit of \(limit) bytes in all", "use reverse")
      }
    case .firstOrder:
      guard problem.outerUses.contains(true) else {
        throw refused(
          "the outer loss does not touch any hyperparameter, so the answer is always 0",
          "use reverse, forward, truncated or oneStep")
      }
    }
  }
}
