import OuterloopLearning
import Testing

@testable import OuterloopLab

/// Weights learned online tell right labels from wrong ones, by every method that has second
/// derivatives or stands in for them.
@Suite struct NoisyLabelsTests {
  private static func data(noise: Double = 0.4) throws -> NoisyLabelsData {
    try NoisyLabelsData(
      DataParts(train: Digits.load(), test: nil), choices: nil, count: 150, noise: noise, seed: 3)
  }

  private static var small: NoisyLabelsExperiment {
    var experiment = NoisyLabelsExperiment()
    (experiment.train, experiment.noise, experiment.firstSeed) = (150, 0.4, 3)
    return experiment
  }

  @Test func noiseIsAsAskedFor() throws {
    let digits = try Digits.load()
    let data = try Self.data()
    // A label drawn from all ten classes is right one time in ten: 150 draws at 0.36.
    #expect(data.isWrong.count { $0 } > 33 && data.isWrong.count { $0 } < 77)
    #expect(data.train.count == 150 && data.validation.count == digits.count - 150)
    #expect(data.train.features.min() == -1 && data.train.features.max() == 1)
    #expect(try Self.data(noise: 0).isWrong.allSatisfy { !$0 })
    #expect(try Self.data().train.labels == data.train.labels)
  }

  @Test(arguments: ["one-step", "difference", "greedy", "reverse"])
  func separates(_ method: String) throws {
    var experiment = Self.small
    experiment.seeds = 1
    experiment.updates = 25
    experiment.every = 4
    experiment.outerRate = 0.2
    experiment.validationBatch = 200
    experiment.methods = [method]
    let report = try experiment.run(ExperimentContext())
    let row = try #require(report.tables.first?.rows.first)
    let (right, wrong) = (try #require(row.values[4]), try #require(row.values[5]))
    #expect(right - wrong > 0.2, "\(right) and \(wrong)")
    #expect(wrong < 0.5)
    #expect(report.figures.first?.svg.hasPrefix("<svg") ?? false)
  }

  /// Without updates the weights stay, and the same settings give the same accuracy.
  @Test func withoutWeights() throws {
    var experiment = Self.small
    experiment.seeds = 1
    experiment.updates = 3
    experiment.methods = ["none"]
    let values = try (0..<2).map { _ in
      try experiment.run(ExperimentContext()).tables[0].rows[0].values
    }
    #expect(values[0][4] == 0.5 && values[0][5] == 0.5)
    #expect(values[0][..<6] == values[1][..<6])
  }

  @Test func choicesFromText() throws {
    let text = "train_index,true_label,given_label\n3048,3,3\n 19563 ,6, 1\n"
    let choices = try NoisyLabelsData.choices(text, file: "noise.csv")
    #expect(choices.map(\.index) == [3048, 19563] && choices.map(\.label) == [3, 1])
    let error = #expect(throws: LabError.self) {
      try NoisyLabelsData.choices("head\n1,2\nx,3\n", file: "noise.csv")
    }
    #expect("\(error as Any)".contains("noise.csv, line 3: 'x,3'"))
  }
}
