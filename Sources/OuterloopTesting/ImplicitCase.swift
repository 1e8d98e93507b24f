public import OuterloopAutodiff
public import OuterloopBilevel
internal import OuterloopLearning
public import OuterloopNumerics

/// A row of the table of implicit hypergradients: a strongly convex inner problem that gradient descent
/// solves to rounding in T steps, with its parts, on flat lists of tensors.
public struct ImplicitCase: Sendable, CustomStringConvertible {
  /// The name of the row.
  public var name: String
  /// P
  public var weightCount: Int
  /// The rate of gradient descent; a step size with which the Neumann series converges.
  public var rate: Double
  /// Tolerance of quantities that are equal in exact arithmetic at w*: norm of the difference over
  /// norm.
  public var agreement = 1e-9

  /// A hypergradient on flat lists.
  public struct Answer: Sendable {
    /// The direct term.
    /// The hypergradient.
    /// The hypergradient.
    public var gradient: [Tensor]
    /// The direct term.
    public var direct: [Tensor]
    /// Where training ended.
    public var weights: [Tensor]
    /// The outer loss.
    public var loss: Double
    /// What it took.
    public var cost: Cost
    /// What the estimator says of its answer.
    public var diagnostics: ImplicitDiagnostics?

    /// The indirect part, through w*.
    ///
    /// - Throws: what the estimator and the problem throw.
    public func indirect() throws -> [Double] {
      zip(try gradient.flatMap { try $0.doubles() }, try direct.flatMap { try $0.doubles() })
        .map { $0 - $1 }
    }
  }

  /// Trained by an optimizer at a multiple of the rate.
  public enum Trainer: Sendable {
    /// Gradient descent at so many times the rate.
    case descent(Double)
    /// Heavy ball at so many times the rate.
    case momentum(Double)
  }

  private let types: [TensorType]
  private let answer: @Sendable (Estimator, Trainer) throws -> Answer
  private let gradientAt: @Sendable ([Tensor], Int?) throws -> [Double]
  private let mixedAt: @Sendable ([Tensor], [Double]) throws -> [Double]
  private let outerAt: @Sendable ([Tensor]) throws -> [Double]
  /// Training examples: entries of the batch.
  public let examples: Int

  public var description: String { name }

  /// - Parameters:
  ///   - examples: n, at least 1 and at most 1,000,000; others are clamped. The loss sees a batch of
  ///     example numbers (int32), and is the mean over them.
  ///   - steps: T, for gradient descent at `rate` to reach rounding.
  public init<Hyper: Structure>(
    _ name: String, weights: [Tensor], hyper: Hyper, examples: Int, rate: Double, steps: Int,
    loss: @escaping @Sendable ([Tensor], Hyper, Tensor) throws -> Tensor,
    outer: @escaping @Sendable ([Tensor], Hyper) throws -> Tensor
  ) {
    self.name = name
    self.rate = rate
    let examples = Swift.min(Swift.max(examples, 1), 1_000_000)
    self.examples = examples
    types = weights.map(\.type)
    weightCount = weights.reduce(0) { $0 + $1.count }
    let all = Tensor((0..<examples).map { Int32($0) })
    func problem(_ trainer: Trainer) -> BilevelProblem<TrainingState<[Tensor]>, Hyper, Tensor> {
      BilevelProblem(
        steps: steps, batches: Batches { _ in all }, weights: { _ in weights },
        optimizer: { _, _ in
          switch trainer {
          case .descent(let factor): .sgd(rate: Optimizer.Rate(factor * rate))
          case .momentum(let momentum):
            .momentum(
              rate: Optimizer.Rate((1 - momentum) * rate), momentum: Optimizer.Rate(momentum))
          }
        },
        loss: loss, outer: outer)
    }
    let (plain, slow, heavy) = (
      problem(.descent(1)), problem(.descent(0.6)), problem(.momentum(0.5))
    )
    answer = { estimator, trainer in
      let chosen =
        switch trainer {
        case .descent(let factor): factor == 1 ? plain : slow
        case .momentum: heavy
        }
      let result = try chosen.hypergradient(at: hyper, by: estimator)
      return Answer(
        gradient: result.gradient.leaves, direct: result.direct.leaves,
        weights: result.state.weights, loss: result.loss, cost: result.cost,
        diagnostics: result.diagnostics.implicit)
    }
    gradientAt = { w, example in
      if let example, !(0..<examples ~= example) {
        throw BilevelError.invalid("there is no example \(example)", remedy: "use 0..<\(examples)")
      }
      let rows = example.map { Tensor([Int32($0)]) } ?? all
      return try gradient(at: w) { try loss($0, hyper, rows) }.flatMap { try $0.doubles() }
    }
    outerAt = { w in
      try gradient(at: w) { try outer($0, hyper) }.flatMap { try $0.doubles() }
    }
    mixedAt = { w, u in
      let count = w.reduce(0) { $0 + $1.count }
      guard u.count == count else {
        throw BilevelError.invalid(
          "`u` has \(u.count) numbers", remedy: "give one for each of \(count) weights")
      }
      let direction = w.holding(u)
      return try gradient(at: hyper) { h in
        let slope = try gradient(at: w) { try loss($0, h, all) }
        return zip(slope, direction).map { ($0 * $1).sum() }.reduce(
          Tensor(0, dtype: w.first?.dtype ?? .float64), +)
      }.leaves.flatMap { try $0.doubles() }
    }
  }

  /// The hypergradient by an estimator.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func hypergradient(
    by estimator: Estimator, trainedBy trainer: Trainer = .descent(1)
  ) throws -> Answer { try answer(estimator, trainer) }

  /// grad_w L on all examples, or on one.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func innerGradient(at weights: [Tensor], example: Int? = nil) throws -> [Double] {
    try require(weights)
    return try gradientAt(weights, example)
  }

  /// grad_w E
  ///
  /// - Throws: what the estimator and the problem throw.
  public func outerGradient(at weights: [Tensor]) throws -> [Double] {
    try require(weights)
    return try outerAt(weights)
  }

  /// N u
  ///
  /// - Throws: what the estimator and the problem throw.
  public func mixedProduct(at weights: [Tensor], _ u: [Double]) throws -> [Double] {
    try require(weights)
    return try mixedAt(weights, u)
  }

  private func require(_ weights: [Tensor]) throws {
    if let error = weights.lazy.compactMap(\.error).first { throw error }
    guard weights.map(\.type) == types else {
      throw BilevelError.invalid(
        "`weights` are \(weights.map(\.type))",
        remedy: "give tensors like those of \(name), \(types)")
    }
  }
}
