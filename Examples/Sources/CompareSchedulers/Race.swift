import NetworkTraining
import Outerloop

/// One study: a method with a seed and a budget of epochs, and what it saw, epoch after epoch.
struct Race: Sendable {
  let method: String
  let seed: UInt64
  /// Every epoch that was trained within the budget, in order.
  let observations: [Observation]
  /// Seconds of the whole study, and of these the seconds of training.
  let seconds, trainingSeconds: Double

  struct Observation: Sendable {
    var trial, epoch: Int
    var score: NetworkTraining.Score
  }

  /// Runs the study. Trials run one at a time, so the same seed gives the same study; what is trained beyond
  /// the budget, because a trial was under way, does not count.
  static func run(
    _ method: Method, seed: UInt64, on training: NetworkTraining, epochs: Int, budget: Int
  ) async throws -> Race {
    let space = try NetworkSpace()
    let study = try await Study(
      space.space, .minimize("loss"), by: method.search, name: method.name, seed: seed,
      epochs: epochs)
    let diary = Diary(budget: budget)
    let start = ContinuousClock.now
    try await study.run(trials: budget, totalEpochs: budget) { trial in
      var loss = Double.nan
      var last = ContinuousClock.now
      try await training.train(
        space.settings(of: trial), seed: trial.seed,
        from: diary.checkpoint(of: trial.number, after: trial.from), through: trial.through
      ) { checkpoint, score in
        let seconds = last.duration(to: .now) / .seconds(1)
        await diary.note(trial.number, checkpoint, score, seconds)
        loss = score.loss
        let goesOn = try await trial.report(
          epoch: checkpoint.epoch, ["loss": score.loss, "testError": score.testError],
          seconds: seconds)
        try await trial.checkpointed(epoch: checkpoint.epoch)
        last = .now
        return goesOn
      }
      return loss
    }
    let seconds = start.duration(to: .now) / .seconds(1)
    return Race(
      method: method.name, seed: seed, observations: await diary.observations, seconds: seconds,
      trainingSeconds: await diary.seconds)
  }

  /// Configurations that were tried, and how many of them were trained to the end.
  var trials: Int { Set(observations.map(\.trial)).count }
  func complete(_ epochs: Int) -> Int { observations.count { $0.epoch == epochs } }

  /// The incumbent after each epoch of the budget: the first observation with the smallest validation loss so
  /// far, at whatever epoch of its trial.
  var incumbents: [Observation] {
    var best: Observation?
    return observations.compactMap { one in
      if one.score.loss < best?.score.loss ?? .infinity { best = one }
      return best
    }
  }
}

/// Keeps the checkpoint of every trial, and writes down what was seen.
private actor Diary {
  private let budget: Int
  private var checkpoints: [Int: NetworkTraining.Checkpoint] = [:]
  private(set) var observations: [Race.Observation] = []
  private(set) var seconds = 0.0

  init(budget: Int) { self.budget = budget }

  func checkpoint(of trial: Int, after epoch: Int) -> NetworkTraining.Checkpoint? {
    checkpoints[trial].flatMap { $0.epoch == epoch ? $0 : nil }
  }

  func note(
    _ trial: Int, _ checkpoint: NetworkTraining.Checkpoint, _ score: NetworkTraining.Score,
    _ time: Double
  ) {
    checkpoints[trial] = checkpoint
    seconds += time
    if observations.count < budget {
      observations.append(.init(trial: trial, epoch: checkpoint.epoch, score: score))
    }
  }
}
