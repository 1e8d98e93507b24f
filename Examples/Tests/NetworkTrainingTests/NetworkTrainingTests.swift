import NetworkTraining
import Testing

@Suite struct NetworkTrainingTests {
  private let training: NetworkTraining

  init() throws { training = NetworkTraining(try .digits(), epochs: 6) }

  /// The scores of each epoch, and the last checkpoint.
  private func train(
    _ settings: NetworkSettings, from checkpoint: NetworkTraining.Checkpoint? = nil,
    through last: Int = 6
  ) async throws -> (scores: [NetworkTraining.Score], checkpoint: NetworkTraining.Checkpoint?) {
    var scores: [NetworkTraining.Score] = []
    var kept: NetworkTraining.Checkpoint?
    try await training.train(settings, seed: 3, from: checkpoint, through: last) {
      kept = $0
      scores.append($1)
      return true
    }
    return (scores, kept)
  }

  @Test(arguments: [NetworkSettings.Rule.sgd, .adam])
  func aTrainingThatRestedIsTheSame(rule: NetworkSettings.Rule) async throws {
    var settings = NetworkSettings()
    settings.optimizer = rule
    (settings.momentum, settings.dropout, settings.smoothing) = (0.9, 0.2, 0.1)
    let whole = try await train(settings)
    let begun = try await train(settings, through: 2)
    let rest = try await train(settings, from: begun.checkpoint)
    #expect(begun.scores + rest.scores == whole.scores)
    let (weights, expected) = (try rest.checkpoint?.weights, try whole.checkpoint?.weights)
    #expect(weights == expected)
  }

  @Test func itLearns() async throws {
    let scores = try await train(NetworkSettings()).scores
    #expect(scores[5].loss < 0.4)
    #expect(scores[5].testError < 0.1)
  }

  /// Nothing of the settings is passed over: each changes the weights after an epoch.
  @Test func everySettingMatters() async throws {
    var base = NetworkSettings()
    (base.optimizer, base.momentum) = (.sgd, 0.5)
    let weights = try await train(base, through: 1).checkpoint?.weights
    let changes: [(inout NetworkSettings) -> Void] = [
      { $0.optimizer = .adam }, { $0.rate *= 2 }, { $0.momentum = 0.6 }, { $0.decay = 0.01 },
      { $0.layers = 1 }, { $0.units = 32 }, { $0.batch = 64 }, { $0.dropout = 0.1 },
      { $0.smoothing = 0.1 },
    ]
    for (index, change) in changes.enumerated() {
      var settings = base
      change(&settings)
      let other = try await train(settings, through: 1).checkpoint?.weights
      #expect(other != weights, "change \(index)")
    }
  }

  @Test func anEpochThatIsDoneIsNotTrainedAgain() async throws {
    let done = try await train(NetworkSettings(), through: 3)
    let again = try await train(NetworkSettings(), from: done.checkpoint, through: 3)
    #expect(again.scores.isEmpty)
  }
}
