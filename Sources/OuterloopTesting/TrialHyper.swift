public import OuterloopAutodiff
public import OuterloopBilevel
public import OuterloopLearning
public import OuterloopNumerics

/// The hyperparameters: the third column of the hypergradient table.
public enum TrialHyper: String, Sendable, CaseIterable {
  /// One learning rate.
  case rate
  /// A learning rate for each weight tensor.
  case rateOfEach
  /// A learning rate for each step.
  case schedule
  /// Every optimizer hyperparameter: rate, momentum or betas, epsilon, decay.
  case numbers
  /// A log decay for each weight.
  case logDecay
  /// A weight for each training example.
  case exampleWeights
  /// The initial weights.
  case initialWeights
  /// The log scale of each initial weight tensor.
  case initialScale
  /// Numbers, log decay of each tensor, example weights and initial weights; the outer loss depends
  /// on the decay directly.
  case several

  /// The row of the table for a model trained by an optimizer, on minibatches or on all data.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func test(
    _ model: TrialModel, _ optimizer: TrialOptimizer, steps: Int = 5, isFullBatch: Bool = false
  ) throws -> HypergradientCase {
    let start = start(model, optimizer, steps: steps)
    let name = "\(model.name), \(optimizer.name), \(rawValue)"
    let movesInitialState = [.initialWeights, .initialScale, .several].contains(self)
    var test =
      if isFullBatch {
        HypergradientCase(
          name + ", full batch", fullBatchProblem(model, optimizer, steps: steps), at: start,
          movesInitialState: movesInitialState, hasDirectTerm: self == .several)
      } else {
        HypergradientCase(
          name, try problem(model, optimizer, steps: steps), at: start,
          movesInitialState: movesInitialState, hasDirectTerm: self == .several)
      }
    if model.dtype == .float32 { test.agreement = 2e-4 }
    if !model.isSmooth || model.dtype == .float32 { test.differences = nil }
    return test
  }

  /// lambda, as a list of tensors.
  /// - Parameter steps: at least 0 and at most 100,000; others are clamped.
  public func start(
    _ model: TrialModel, _ optimizer: TrialOptimizer, steps: Int
  ) -> [Tensor] {
    let dtype = model.dtype
    let count = model.initial.count
    let steps = Swift.min(Swift.max(steps, 0), 100_000)
    let rate = optimizer.numbers.first ?? .nan
    func numbers(_ values: [Double]) -> Tensor { Tensor(values).cast(to: dtype) }
    let exampleWeights = TrialModel.exampleWeights(model)
    return switch self {
    case .rate: [Tensor(rate, dtype: dtype)]
    case .rateOfEach:
      (0..<count).map { Tensor(rate * (1 + 0.1 * Double($0)), dtype: dtype) }
    case .schedule:
      [numbers((0..<steps).map { rate / (1 + 0.2 * Double($0)) })]
    case .numbers: [numbers(optimizer.numbers)]
    case .logDecay:
      model.initial.map { TrialModel.draw("log decay", $0.shape, dtype) - 2 }
    case .exampleWeights: [exampleWeights]
    case .initialWeights: model.initial
    case .initialScale: [numbers((0..<count).map { 0.1 * Double($0) })]
    case .several:
      [
        numbers(optimizer.numbers), numbers((0..<count).map { -2 - 0.1 * Double($0) }),
        exampleWeights,
      ] + model.initial
    }
  }

  /// Training on shuffled minibatches.
  ///
  /// - Throws: what the estimator and the problem throw.
  public func problem(
    _ model: TrialModel, _ optimizer: TrialOptimizer, steps: Int
  ) throws -> BilevelProblem<TrainingState<[Tensor]>, [Tensor], Tensor> {
    BilevelProblem(
      steps: steps,
      batches: try .shuffled(count: model.examples, size: model.batch, seed: 21),
      weights: { try initial(model, $0) },
      optimizer: { try made(model, optimizer, $0, $1) },
      loss: { try loss(model, $0, $1, rows: $2) }, outer: { try outer(model, $0, $1) })
  }

  /// Training on all data at every step: on at most 100,000 examples.
  public func fullBatchProblem(
    _ model: TrialModel, _ optimizer: TrialOptimizer, steps: Int
  ) -> BilevelProblem<TrainingState<[Tensor]>, [Tensor], NoTensors> {
    let count = Swift.min(Swift.max(model.examples, 0), 100_000)
    let rows = Tensor((0..<count).map { Int32($0) })
    return BilevelProblem(
      steps: steps, weights: { try initial(model, $0) },
      optimizer: { try made(model, optimizer, $0, $1) },
      loss: { try loss(model, $0, $1, rows: rows) }, outer: { try outer(model, $0, $1) })
  }

  // MARK: - The effect of lambda

  private func require(_ h: [Tensor], _ model: TrialModel) throws {
    let weights = model.initial.count
    guard weights > 0 else {
      throw BilevelError.invalid(
        "\(model.name) has no weights", remedy: "give it some as `initial`")
    }
    let count =
      switch self {
      case .rate, .schedule, .numbers, .exampleWeights, .initialScale: 1
      case .rateOfEach, .logDecay, .initialWeights: weights
      case .several: 3 + weights
      }
    guard h.count == count else {
      throw BilevelError.invalid(
        "lambda has \(h.count) tensors: `\(rawValue)` of \(model.name) has \(count), as `start` gives "
          + "them")
    }
  }

  private func initial(_ model: TrialModel, _ h: [Tensor]) throws -> [Tensor] {
    try require(h, model)
    return switch self {
    case .initialWeights: h
    case .initialScale: model.initial.enumerated().map { exp(entry(h[0], $0)) * $1 }
    case .several: Array(h[3...])
    default: model.initial
    }
  }

  private func made(
    _ model: TrialModel, _ optimizer: TrialOptimizer, _ h: [Tensor], _ time: Time
  ) throws -> Optimizer {
    try require(h, model)
    guard !optimizer.numbers.isEmpty else {
      throw BilevelError.invalid("\(optimizer.name) has no numbers", remedy: "give its rate first")
    }
    var rates = optimizer.numbers.map { Optimizer.Rate($0) }
    switch self {
    case .rate: rates[0] = Optimizer.Rate(h[0])
    case .rateOfEach: rates[0] = .each(h)
    case .schedule: rates[0] = Optimizer.Rate(Schedule.perStep(h[0], time))
    case .numbers, .several:
      rates = rates.indices.map { Optimizer.Rate(entry(h[0], $0)) }
    case .logDecay, .exampleWeights, .initialWeights, .initialScale: break
    }
    return optimizer.make(rates)
  }

  private func loss(
    _ model: TrialModel, _ w: [Tensor], _ h: [Tensor], rows: Tensor
  ) throws -> Tensor {
    try require(h, model)
    var losses = model.losses(w, rows)
    var decay = Tensor(0, dtype: model.dtype)
    switch self {
    case .exampleWeights: losses = h[0].gathered(at: rows) * losses
    case .logDecay:
      for (tensor, log) in zip(w, h) { decay += 0.5 * (exp(log) * tensor.square()).sum() }
    case .several:
      losses = h[2].gathered(at: rows) * losses
      for (index, tensor) in w.enumerated() {
        decay += 0.5 * (exp(entry(h[1], index)) * tensor.square().sum())
      }
    case .rate, .rateOfEach, .schedule, .numbers, .initialWeights, .initialScale: break
    }
    return losses.mean() + decay
  }

  private func outer(_ model: TrialModel, _ w: [Tensor], _ h: [Tensor]) throws -> Tensor {
    try require(h, model)
    let loss = model.validation(w)
    guard self == .several else { return loss }
    return loss + (exp(h[1]) * (1 + w[0].square().sum())).sum()
  }

  /// A number among several, as a scalar.
  private func entry(_ tensor: Tensor, _ index: Int) -> Tensor {
    tensor.sliced(axis: 0, index..<(index + 1)).reshaped([])
  }
}
