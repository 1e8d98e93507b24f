internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// Training on noisy labels with a learned weight for each example (generalized greedy gradient,
/// Table 2): a small convolutional network, full-batch momentum, one update of the weights every T
/// steps of a training that is never restarted.
public struct NoisyLabelsExperiment: Experiment {
  public static let name = "noisy-labels"
  public static let claim =
    "Online hypergradients of example weights tell right labels from wrong ones while the model "
    + "trains (generalized greedy gradient, Table 2, MNIST with 30 % noise: 87.06 +- 0.77 % with "
    + "greedy, 70.46 without weights)."

  /// Runs from different starts, on the same data.
  public var seeds = 5
  public var updates = 201
  /// T: steps of training between updates.
  public var every = 10
  public var rate = 0.1
  public var momentum = 0.9
  /// Added to the gradient, times the parameter.
  public var decay = 3e-4
  /// Adam's rate on the logits of the example weights.
  public var outerRate = 0.1
  public var gamma = 0.9
  /// Validation examples for each update.
  public var validationBatch = 1_000
  /// Updates between evaluations.
  public var evaluateEvery = 50
  /// Words of `Method`.
  public var methods = Method.allCases.map(\.rawValue)
  public var firstSeed: UInt64 = 0

  let data: NoisyLabelsData

  enum CodingKeys: CodingKey {
    case seeds, updates, every, rate, momentum, decay, outerRate, gamma, validationBatch
    case evaluateEvery, methods, firstSeed
  }

  public init(_ data: NoisyLabelsData) { self.data = data }

  public enum Method: String, CaseIterable, Sendable {
    case none
    case oneStep = "one-step"
    case difference, greedy, reverse
  }

  public func validate() throws {
    try LabError.require(seeds >= 1, "seeds", seeds, "at least 1")
    try LabError.require(updates >= 1, "updates", updates, "at least 1")
    try LabError.require(every >= 1, "every", every, "at least 1")
    try LabError.require(gamma >= 0 && gamma <= 1, "gamma", gamma, "in 0...1")
    try LabError.require(outerRate > 0, "outer-rate", outerRate, "positive")
    for method in methods {
      try LabError.require(
        Method(rawValue: method) != nil, "method", method,
        "one of \(Method.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  func estimator(_ method: Method) -> Estimator {
    switch method {
    case .none, .oneStep: .oneStep
    case .difference: .finiteDifference()
    case .greedy: .greedy(gamma: gamma)
    case .reverse: .reverse
    }
  }

  /// The model under training, and the running moments that it is evaluated with.
  struct State: Structure {
    var training: TrainingState<NormalizedNetwork>
    var moments: NormalizedNetwork.Moments

    mutating func visit(_ path: String, _ body: TensorVisit) rethrows {
      try training.visit(path + ".training", body)
      try moments.visit(path + ".moments", body)
    }
  }

  /// One run: accuracy in percent at each evaluation, and the mean weight of right and wrong labels.
  struct Result: Codable {
    var accuracies: [Double] = []
    var rightWeight = 0.0
    var wrongWeight = 0.0
    var seconds = 0.0
  }

  public func run(_ observer: ExperimentObserver) throws -> ExperimentReport {
    let chosen = methods.compactMap(Method.init(rawValue:))
    let total = chosen.count * seeds
    let key = try runKey
    var rows: [ExperimentReport.Table.Row] = []
    var single: [ExperimentReport.Table.Row] = []
    var curves: [LineChart.Series] = []
    for (number, method) in chosen.enumerated() {
      var results: [Result] = []
      for seed in 0..<seeds {
        let word = "\(method.rawValue), seed \(firstSeed + UInt64(seed))"
        try observer.report(number * seeds + seed, of: total, word)
        results.append(
          try observer.run(word, key: key) {
            try train(by: method, seed: firstSeed + UInt64(seed), observer)
          })
      }
      func spread(_ value: (Result) -> Double) -> Repetitions {
        Repetitions(values: results.map(value))
      }
      let best = spread { $0.accuracies.max() ?? .nan }
      single.append(.init(method.rawValue, best.values))
      let last = spread { $0.accuracies.last ?? .nan }
      rows.append(
        .init(
          method.rawValue,
          [
            best.mean, best.interval, last.mean, last.interval, spread(\.rightWeight).mean,
            spread(\.wrongWeight).mean, spread(\.seconds).mean,
          ]))
      let points = results[0].accuracies.indices
      curves.append(
        .init(
          method.rawValue, x: points.map { Double(evaluationUpdates[$0]) },
          y: points.map { point in spread { $0.accuracies[point] }.mean }))
    }
    let chart = LineChart(
      title:
        "Accuracy with \(data.isWrong.filter(\.self).count) of \(data.train.count) labels wrong",
      x: .init("updates of the example weights"), y: .init("accuracy on clean data, %"),
      series: curves)
    return ExperimentReport(
      tables: [
        .init(
          "Accuracy in %, mean of \(seeds) seeds",
          columns: ["best", "+-", "last", "+-", "weight, right", "weight, wrong", "seconds"],
          rows: rows),
        .bySeed("Best accuracy by seed", from: firstSeed, count: seeds, rows: single),
      ],
      notes: [
        "best: the best of the evaluations after updates "
          + "\(evaluationUpdates.map(String.init).joined(separator: ", ")), on the data that "
          + "validate, as the paper's code reports it; last: the last of them.",
        "\(data.isWrong.filter(\.self).count) of \(data.train.count) labels are wrong; "
          + "\(data.validation.count) validation examples, \(batchSize) for an update.",
      ],
      figures: ["accuracy.svg": chart.svg()])
  }

  /// What a run depends on besides its method and seed.
  private var runKey: String {
    get throws {
      var alone = self
      (alone.seeds, alone.methods, alone.firstSeed) = (1, [], 0)
      var hash = try Fingerprint(of: alone)
      hash.add(data.train)
      hash.add(data.validation)
      return hash.text
    }
  }

  private var evaluationUpdates: [Int] {
    (1...updates).filter { $0 % evaluateEvery == 1 && $0 > 1 || $0 == updates }
  }

  private var batchSize: Int { Swift.min(validationBatch, data.validation.count) }

  private func train(
    by method: Method, seed: UInt64, _ observer: ExperimentObserver
  ) throws -> Result {
    let start = ContinuousClock.now
    let problem = try problem(seed: seed)
    let held = NoisyLabelsData.pictures(data.validation)
    let labels = data.validation.labelTensor
    let accuracy = Compiled { (state: State) in
      Loss.accuracy(state.training.weights.infer(held, state.moments), labels: labels)
    }
    let rate = method == .none ? 0 : outerRate
    var result = Result()
    let state = try problem.minimize(
      from: Tensor.zeros([data.train.count]), by: estimator(method), updates: updates,
      with: OuterLoop(.adam(rate: .init(rate), epsilon: 1e-8)), training: .online(every: every)
    ) { progress in
      if observer.shouldStop() { throw ExperimentObserver.Stopped() }
      if evaluationUpdates.contains(progress.update) {
        result.accuracies.append(100 * (try accuracy(progress.state).item()))
      }
      return true
    }
    let weights = try sigmoid(state.hyper).doubles()
    func mean(_ wrong: Bool) -> Double {
      Repetitions(values: zip(weights, data.isWrong).filter { $0.1 == wrong }.map(\.0)).mean
    }
    (result.rightWeight, result.wrongWeight) = (mean(false), mean(true))
    result.seconds = start.duration(to: .now) / .seconds(1)
    return result
  }

  private func problem(seed: UInt64) throws -> BilevelProblem<State, Tensor, NoTensors> {
    let x = NoisyLabelsData.pictures(data.train)
    let y = data.train.labelTensor
    let held = NoisyLabelsData.pictures(data.validation)
    let heldLabels = data.validation.labelTensor
    let network = NormalizedNetwork(
      height: data.train.shape[0], width: data.train.shape[1], classes: data.train.classCount,
      seed: seed)
    let optimizer = Optimizer.momentum(rate: .init(rate), momentum: .init(momentum))
    let (decay, every) = (decay, every)
    let zeros = Tensor.zeros([NormalizedNetwork.channels])
    let dynamics = InnerDynamics<State, Tensor, NoTensors>(
      steps: every * updates, batches: .full,
      initial: { _ in
        State(
          training: optimizer.initialState(network),
          moments: .init(
            means: (0..<3).map { _ in zeros }, variances: (0..<3).map { _ in zeros }))
      },
      objective: InnerObjective(
        weights: { $0.training.weights.leaves },
        loss: { state, logits, _ in
          let network = state.training.weights
          let output = network.train(x).logits
          return Loss.weightedCrossEntropy(output, labels: y, weights: sigmoid(logits))
            + decay * Loss.halfSquaredNorm(network)
        },
        update: { state, gradient, _, time in
          let network = state.training.weights
          // Running moments, for evaluation only.
          let moments = network.train(x).moments
          return State(
            training: optimizer.update(
              state.training, gradient: network.replacingLeaves(gradient), time: time),
            moments: state.moments.zipLeaves(moments) { 0.9 * $0 + 0.1 * $1 })
        }))
    // One random batch for each update, the same for all its steps.
    let (size, count) = (batchSize, data.validation.count)
    let validation = Batches { step in
      let key = RandomKey(seed: seed, purpose: "validation batch", index: UInt64(step / every))
      return Tensor(key.permutation(count)[..<size].map { Int32($0) })
    }
    return try BilevelProblem(dynamics: dynamics, validation: validation) { state, _, rows in
      let logits = state.training.weights.train(held.gathered(at: rows)).logits
      return Loss.crossEntropy(logits, labels: heldLabels.gathered(at: rows))
    }
  }
}
