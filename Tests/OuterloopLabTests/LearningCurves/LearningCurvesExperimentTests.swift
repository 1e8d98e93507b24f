import Testing

@testable import OuterloopLab

/// The experiment as a whole, on small problems.
@Suite struct LearningCurvesExperimentTests {
  static let small: LearningCurvesExperiment = {
    var experiment = LearningCurvesExperiment()
    experiment.problems = 2
    experiment.configurations = 30
    experiment.epochs = 40
    experiment.seeds = 1
    return experiment
  }()

  @Test func reports() throws {
    let report = try Self.small.run(ExperimentContext())
    #expect(report.tables.count == 4)
    #expect(
      report.tables[0].columns
        == ["10 %", "25 %", "50 %", "100 %", "+-", "area", "mean rank", "ms per suggestion"])
    for row in report.tables[0].rows {
      let values = row.values.compactMap(\.self)
      #expect(values.count == 8)
      // Regret falls, and the area lies between.
      #expect(zip(values[0...3], values[1...3]).allSatisfy { $0 >= $1 })
      #expect((values[3]...1).contains(values[5]))
    }
    #expect(report.figures.map(\.name) == ["regret.svg"])
    let again = try Self.small.run(ExperimentContext())
    #expect(again.tables[3].text == report.tables[3].text)
    #expect(again.figures == report.figures)
  }

  @Test func refusesSettings() throws {
    func refuses(_ change: (inout LearningCurvesExperiment) -> Void) {
      var experiment = Self.small
      change(&experiment)
      #expect(throws: (any Error).self) {
        try experiment.check()
        _ = try experiment.run(ExperimentContext())
      }
    }
    refuses { $0.epochs = 0 }
    refuses { $0.workers = 0 }
    refuses { $0.seeds = 0 }
    refuses { $0.methods = [] }
    refuses { $0.methods = ["none", "none"] }
    refuses { $0.methods = ["other"] }
    refuses { $0.tasks = ["adult"] }
    refuses { $0.data = "/nowhere" }
  }

  @Test func stopsWhenAsked() {
    #expect(throws: ExperimentContext.Stopped.self) {
      try Self.small.run(ExperimentContext(shouldStop: { true }))
    }
  }

  /// A published task, where a checkout has the data beside it.
  @Test(.enabled(if: CurveSamples.shared("taskset") != nil))
  func publishedTask() throws {
    var experiment = LearningCurvesExperiment()
    experiment.data = CurveSamples.shared("taskset")
    experiment.tasks = ["imdb_patch32_GRU64_avg_bs128"]
    experiment.configurations = 300
    experiment.seeds = 1
    experiment.epochs = 120
    let report = try experiment.run(ExperimentContext())
    let methods = ReplayMethod.all.count
    #expect(report.tables.map(\.rows.count) == [methods, methods, 1])
  }
}
