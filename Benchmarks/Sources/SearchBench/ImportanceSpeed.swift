import Foundation
import Outerloop
import OuterloopTesting

/// PED-ANOVA of random trials on a weighted sphere in [-10, 10]^d: the seconds of every repeat, and the shares.
struct ImportanceSpeed {
  let trials: Int
  let dimensions: Int
  let repeats: Int
  let seed: UInt64

  func run() throws -> String {
    var space = SearchSpace()
    for index in 0..<dimensions { _ = try space.float("x\(index)", -10...10) }
    let method = SearchMethod.random
    let specification = try StudySpecification(
      name: "importance", space: space, objectives: [.minimize("f")], method: method.description,
      seed: seed)
    var study = try SearchSimulation(specification, method)
    try study.run(trials) { trial in
      let x = trial.assignment.values.compactMap { $0?.number }
      return .complete([
        zip(x, x.indices).reduce(0) { $0 + $1.0 * $1.0 / Double($1.1 + 1) }
      ])
    }
    let clock = ContinuousClock()
    var seconds: [Double] = []
    var shares: [String: Double] = [:]
    for _ in 0..<repeats {
      var found: [ParameterImportance] = []
      let took = try clock.measure {
        found = try PEDANOVA().importances(study.trials, specification)
      }
      seconds.append(took / .seconds(1))
      shares = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.share) })
    }
    let fields: [String: Any] = [
      "trials": trials, "dimensions": dimensions, "seconds": seconds, "shares": shares,
    ]
    let json = try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys])
    return String(decoding: json, as: UTF8.self)
  }
}
