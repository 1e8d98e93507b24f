internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// One seed of learning to learn: an optimizer is trained, the others are tuned, and all are evaluated.
struct LearningToLearnTraining {
  struct Run: Codable, Sendable {
    /// The mean loss over the steps of each window of meta-training.
    var metaLosses: [Double]
    /// The tuned rates, in the order of `HandDesignedOptimizer`.
    var rates: [Double]
    /// By optimizer, the learned one first, then by training.
    var traces: [[OptimizeeTask.Trace]]
    /// Final losses of the untrained LSTM.
    var untrained: [Double]
    /// Mean final losses on other networks, by network, then by optimizer.
    var transfer: [[Double]]
  }

  let settings: LearningToLearnExperiment
  let data: ImageSplit.Part
  let seed: UInt64

  private func task(_ hidden: [Int], _ activation: Activation = .sigmoid) -> OptimizeeTask {
    OptimizeeTask(
      data: data, hidden: hidden, activation: activation, batch: settings.batch,
      steps: settings.steps)
  }

  func run(_ context: ExperimentContext) throws -> Run {
    let task = task([settings.units])
    let start = try CoordinatewiseLSTM(key: RandomKey(seed: seed, purpose: "LSTM"))
    var metaLosses: [Double] = []
    var sum = 0.0
    let windows = settings.steps / settings.unroll
    let learned = try task.problem(try task.batches(seed: seed)).minimize(
      from: start, updates: settings.trainings * windows,
      with: OuterLoop(.adam(rate: .init(settings.outerRate))),
      training: .online(every: settings.unroll)
    ) { progress in
      try context.continueOrStop()
      // The sum of losses accumulates over a training.
      let isFirst = (progress.update - 1) % windows == 0
      metaLosses.append((progress.loss - (isFirst ? 0 : sum)) / Double(settings.unroll))
      sum = progress.loss
      return true
    }.hyper
    let rates = try HandDesignedOptimizer.allCases.map { try tunedRate($0, task, context) }
    let seeds = (0..<settings.runs).map { 1_000 + $0 }
    let traces = try follow(task, learned, rates, seeds, context)
    let untrained = try seeds.map { try followLearned(task, start, $0).finalLoss }
    let transfer = try LearningToLearnExperiment.networks(settings.units).map { network in
      let other = self.task(network.hidden, network.activation)
      return try follow(other, learned, rates, Array(seeds.prefix(3)), context).map { traces in
        Repetitions(values: traces.map(\.finalLoss)).mean
      }
    }
    return Run(
      metaLosses: metaLosses, rates: rates, traces: traces, untrained: untrained,
      transfer: transfer)
  }

  private func follow(
    _ task: OptimizeeTask, _ learned: CoordinatewiseLSTM, _ rates: [Double], _ runs: [Int],
    _ context: ExperimentContext
  ) throws -> [[OptimizeeTask.Trace]] {
    try [runs.map { try followLearned(task, learned, $0) }]
      + zip(HandDesignedOptimizer.allCases, rates).map { optimizer, rate in
        try runs.map { run in
          try context.continueOrStop()
          return try followDesigned(task, optimizer, rate, run)
        }
      }
  }

  private func followLearned(
    _ task: OptimizeeTask, _ learned: CoordinatewiseLSTM, _ run: Int
  ) throws -> OptimizeeTask.Trace {
    let problem = try task.problem(try task.batches(seed: seed, run: run))
    return try task.trace(problem.dynamics, at: learned) { $0.weights }
  }

  private func followDesigned(
    _ task: OptimizeeTask, _ optimizer: HandDesignedOptimizer, _ rate: Double, _ run: Int
  ) throws -> OptimizeeTask.Trace {
    let dynamics = task.dynamics(try task.batches(seed: seed, run: run)) { optimizer($0) }
    return try task.trace(dynamics, at: Tensor([rate], dtype: .float32)) { $0.weights }
  }

  /// The rate with the smallest final loss, averaged over three separate trainings.
  private func tunedRate(
    _ optimizer: HandDesignedOptimizer, _ task: OptimizeeTask, _ context: ExperimentContext
  ) throws -> Double {
    let losses = try optimizer.rates.map { rate in
      try context.continueOrStop()
      let ends = try (0..<3).map {
        try followDesigned(task, optimizer, rate, 500 + $0).finalLoss
      }
      let mean = Repetitions(values: ends).mean
      return mean.isFinite ? mean : .infinity
    }
    let best = losses.indices.min { losses[$0] < losses[$1] } ?? 0
    return optimizer.rates[best]
  }
}
