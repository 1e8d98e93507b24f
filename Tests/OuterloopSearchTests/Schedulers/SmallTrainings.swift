import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

extension TrainingSimulation {
  /// A study of one parameter, or of these, to be minimised, whose trials report by number and epoch.
  static func small(
    _ scheduler: String, sampler: String = "random", space: SearchSpace? = nil,
    objectives: [Objective] = [.minimize("loss")], priors: [ParameterPrior] = [], epochs: Int,
    trials: Int, workers: Int = 1, seed: UInt64 = 1, _ report: @escaping (Trial, Int) -> Report
  ) throws -> TrainingSimulation {
    let method = try SearchMethod.named(
      MethodDescription(
        ComponentDescription(parsing: sampler), scheduler: ComponentDescription(parsing: scheduler))
    )
    let specification = try StudySpecification(
      name: "s", space: space ?? .cube(1), objectives: objectives, priors: priors,
      method: method.description, seed: seed, epochs: epochs)
    var simulation = try TrainingSimulation(specification, method, workers: workers)
    try simulation.run(trials: trials, report)
    #expect(simulation.wrong == [])
    return simulation
  }

  /// How far each trial was trained.
  var reached: [Int] { study.trials.map { $0.reports.last?.epoch ?? 0 } }
}
