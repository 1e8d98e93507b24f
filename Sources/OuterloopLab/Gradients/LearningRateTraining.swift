internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// One seed of the learning-rate experiment: a split, a network and an order of the data.
struct LearningRateTraining {
  private let settings: LearningRateExperiment
  private let split: ImageSplit
  private let seed: UInt64

  /// The results of one seed.
  struct Run: Codable, Sendable {
    /// Losses and errors (in percent) of trainings with given rates: the one that they were learned on, and one
    /// with other initial weights and data order.
    struct Outcome: Codable, Sendable {
      var validationLoss, testLoss, testError, otherTestLoss, otherTestError: Double
    }
    var untuned, shared, schedule, general: Outcome
    /// The learned rates.
    var sharedRate: Double
    var rates, generalRates: [Double]
    /// The validation loss before each update.
    var sharedLosses, scheduleLosses, generalLosses: [Double]
    /// The difference between the sum of reverse mode's derivatives of all steps and forward mode's derivative of a
    /// shared rate.
    var sumError: Double
  }

  private typealias Problem = BilevelProblem<TrainingState<MultilayerPerceptron>, Tensor, Tensor>

  init(_ settings: LearningRateExperiment, _ parts: DataParts, seed: UInt64) throws {
    self.settings = settings
    split = try ImageSplit(parts, settings.sizes, seed: seed)
    self.seed = seed
  }

  /// - Parameter rates: the logarithms of the learning rates: one, or one for each step.
  private func problem(_ part: ImageSplit.Part, isOther: Bool = false) throws -> Problem {
    let key = RandomKey(seed: seed, purpose: isOther ? "other weights" : "weights")
    let network = MultilayerPerceptron(
      [split.pixels, settings.units, split.classes], activation: .tanh, key: key)
    let (train, momentum, steps) = (split.train, settings.momentum, settings.steps)
    return Problem(
      steps: steps,
      batches: try .shuffled(
        count: train.count, size: settings.batch, seed: isOther ? seed &+ 1_000_003 : seed),
      weights: { _ in network },
      optimizer: { rates, time in
        let rate = rates.count == 1 ? exp(rates) : Schedule.perStep(exp(rates), time)
        return .momentum(rate: .init(rate), momentum: .init(momentum))
      },
      loss: { network, _, rows in
        Loss.crossEntropy(
          network(train.x.gathered(at: rows)), labels: train.y.gathered(at: rows))
      },
      outer: { network, _ in Loss.crossEntropy(network(part.x), labels: part.y) })
  }

  func learn(_ context: ExperimentContext) throws -> Run {
    let start = log(Tensor([settings.rate], dtype: .float32))
    let starts = start.broadcast(to: [settings.steps])
    let problem = try problem(split.validation)
    // The law of shared hyperparameters, by two modes.
    let sum = try problem.hypergradient(at: starts, by: .reverse).gradient.sum().item()
    let whole = try problem.hypergradient(at: start, by: .forward).gradient.item()
    func minimize(
      _ from: Tensor, _ schedule: TrainingSchedule = .restarted
    ) throws -> (rates: Tensor, losses: [Double]) {
      var losses: [Double] = []
      let loop = OuterLoop<Tensor>(.adam(rate: .init(settings.outerRate)))
      let state = try problem.minimize(
        from: from, updates: settings.updates, with: loop, training: schedule
      ) {
        try context.continueOrStop()
        losses.append($0.loss)
        return true
      }
      return (state.hyper, losses)
    }
    let shared = try minimize(start)
    let schedule = try minimize(starts)
    // A different data order for each update.
    let general = try minimize(starts, .online(every: settings.steps))
    let outcomes = try [start, shared.rates, schedule.rates, general.rates].map(outcome)
    return Run(
      untuned: outcomes[0], shared: outcomes[1], schedule: outcomes[2], general: outcomes[3],
      sharedRate: try exp(shared.rates).item(), rates: try exp(schedule.rates).doubles(),
      generalRates: try exp(general.rates).doubles(), sharedLosses: shared.losses,
      scheduleLosses: schedule.losses, generalLosses: general.losses,
      sumError: abs(sum - whole) / abs(whole))
  }

  private func outcome(_ rates: Tensor) throws -> Run.Outcome {
    func solve(_ part: ImageSplit.Part, isOther: Bool) throws -> (loss: Double, error: Double) {
      let result = try problem(part, isOther: isOther).solve(at: rates)
      let accuracy = try Loss.accuracy(result.state.weights(part.x), labels: part.y).item()
      return (result.loss, 100 * (1 - accuracy))
    }
    let test = try solve(split.test, isOther: false)
    let other = try solve(split.test, isOther: true)
    return Run.Outcome(
      validationLoss: try problem(split.validation).solve(at: rates).loss, testLoss: test.loss,
      testError: test.error, otherTestLoss: other.loss, otherTestError: other.error)
  }
}
