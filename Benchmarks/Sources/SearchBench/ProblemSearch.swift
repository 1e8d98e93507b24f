import Foundation
import Outerloop
import OuterloopTesting

/// One search on a standard function: how far its best trial is from the minimum, and the best of those
/// from trial `from` on.
struct ProblemSearch {
  let problem: String
  let dimensions: Int
  let sampler: String
  let options: String
  let trials: Int
  let from: Int
  let seed: UInt64

  func run() throws -> String {
    let problem = try named()
    var space = SearchSpace()
    for (index, range) in problem.bounds.enumerated() { _ = try space.float("x\(index)", range) }
    let given = try JSONDecoder().decode([String: ParameterValue].self, from: Data(options.utf8))
    let method = try SearchMethod.named(MethodDescription(sampler, given))
    let specification = try StudySpecification(
      name: "search", space: space, objectives: [.minimize("f")], method: method.description,
      seed: seed)
    var study = try SearchSimulation(specification, method)
    var regrets: [Double] = []
    try study.run(trials) { trial in
      let value = problem.value(trial.assignment.values.compactMap { $0?.number })
      regrets.append(value - problem.optimum)
      return .complete([value])
    }
    let fields: [String: Any] = [
      "problem": problem.name, "trials": regrets.count, "regret": regrets.min() ?? .nan,
      "late_regret": regrets.dropFirst(from).min() ?? .nan,
    ]
    let json = try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys])
    return String(decoding: json, as: UTF8.self)
  }

  private func named() throws -> TestProblem {
    switch problem {
    case "hartmann": return .hartmann6
    case "ackley": return .ackley(dimensions)
    case "rosenbrock": return .rosenbrock(dimensions)
    case "sphere": return .sphere(dimensions)
    default:
      throw StudyError(
        "there is no problem `\(problem)`", "give hartmann, ackley, rosenbrock or sphere")
    }
  }
}
