import Foundation
import Outerloop
import OuterloopTesting

/// Ask and tell, one after the other, on the sphere in [-10, 10]^d; the time of the last tenth of the
/// trials beside the total shows whether an ask gets slower as trials grow.
struct SamplerSpeed {
  let sampler: String
  let options: String
  let trials: Int
  let dimensions: Int
  let objectives: Int
  let seed: UInt64

  func run() throws -> String {
    var space = SearchSpace()
    for index in 0..<dimensions { _ = try space.float("x\(index)", -10...10) }
    let given = try JSONDecoder().decode([String: ParameterValue].self, from: Data(options.utf8))
    let method = try SearchMethod.named(MethodDescription(sampler, given))
    let specification = try StudySpecification(
      name: "speed", space: space, objectives: (0..<objectives).map { .minimize("f\($0)") },
      method: method.description, seed: seed)
    var study = try SearchSimulation(specification, method)
    let clock = ContinuousClock()
    let start = clock.now
    var late = start
    let tenth = max(trials / 10, 1)
    for index in 0..<trials {
      if index == trials - tenth { late = clock.now }
      try study.run(1) { trial in
        let x = trial.assignment.values.compactMap { $0?.number }
        return .complete(
          (0..<objectives).map { k in
            x.reduce(0) { $0 + ($1 - Double(k)) * ($1 - Double(k)) }
          })
      }
    }
    let end = clock.now
    let fields: [String: Any] = [
      "sampler": sampler, "trials": trials, "dimensions": dimensions, "objectives": objectives,
      "seconds": start.duration(to: end) / .seconds(1),
      "late_ms_per_trial": 1000 * (late.duration(to: end) / .seconds(1)) / Double(tenth),
      "best": study.bestLoss,
    ]
    let json = try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys])
    return String(decoding: json, as: UTF8.self)
  }
}
