internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// One training with concurrently learned example weights.
struct NoisyLabelsTraining {
  let settings: NoisyLabelsExperiment
  let data: NoisyLabelsData

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
  struct Result: Codable, Sendable {
    var accuracies: [Double] = []
    var rightWeight = 0.0
    var wrongWeight = 0.0
    var seconds = 0.0
  }

  var batchSize: Int { Swift.min(settings.validationBatch, data.validation.count) }

  func train(
    by method: NoisyLabelsExperiment.Method, seed: UInt64, _ context: ExperimentContext
  ) throws -> Result {
    let start = ContinuousClock.now
    let problem = try problem(seed: seed)
    let held = NoisyLabelsData.pictures(data.validation)
    let labels = data.validation.labelTensor
    let accuracy = Compiled { (state: State) in
      Loss.accuracy(state.training.weights.infer(held, state.moments), labels: labels)
    }
    let rate = method == .none ? 0 : settings.outerRate
    let evaluations = settings.evaluationUpdates
    var result = Result()
    let state = try problem.minimize(
      from: Tensor.zeros([data.train.count]), by: settings.estimator(method),
      updates: settings.updates,
      with: OuterLoop(.adam(rate: .init(rate), epsilon: 1e-8)),
      training: .online(every: settings.every)
    ) { progress in
      try context.continueOrStop()
      if evaluations.contains(progress.update) {
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
    let optimizer = Optimizer.momentum(
      rate: .init(settings.rate), momentum: .init(settings.momentum))
    let (decay, every) = (settings.decay, settings.every)
    let zeros = Tensor.zeros([NormalizedNetwork.channels])
    let dynamics = InnerDynamics<State, Tensor, NoTensors>(
      steps: every * settings.updates, batches: .full,
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
