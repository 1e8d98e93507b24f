import Foundation
import Outerloop

// 1. The space: what may be chosen. Each parameter gives a handle.
var space = SearchSpace()
let rate = try space.float("rate", 1e-4...1, log: true)
let optimizer = try space.choice("optimizer", ["sgd", "momentum"])
let momentum = try space.when("optimizer == 'momentum'") { try $0.float("momentum", 0...0.99) }

// 2. The objective: a value for a trial. Here 100 steps of training on an ill-conditioned bowl.
@Sendable func train(_ trial: RunningTrial) -> Double {
  let (rate, momentum) = (trial[rate], trial[momentum] ?? 0)
  let curvatures = [1.0, 40]
  var (weights, velocity) = ([1.0, 1.0], [0.0, 0.0])
  for _ in 1...100 {
    for i in weights.indices {
      velocity[i] = momentum * velocity[i] + curvatures[i] * weights[i]
      weights[i] -= rate * velocity[i]
    }
  }
  let loss = zip(curvatures, weights).map { $0 * $1 * $1 / 2 }.reduce(0, +)
  // A diverged training has no number; a failed trial says why.
  return loss.isFinite ? log10(loss + 1e-12) : .nan
}

// 3. The study: a name, a seed, a method. The same seed gives the same trials.
let study = try await Study(space, .minimize("loss"), by: .auto(), name: "bowl", seed: 1)
try await study.run(trials: 40) { trial in train(trial) }

// 4. What was found.
let trials = try await study.trials()
print("\(trials.count) trials, \(trials.filter { $0.state.kind == .failed }.count) failed")
if let best = try await study.best(), let loss = best.values?[0] {
  print("trial \(best.number): loss 10^\(loss) at \(best.assignment)")
}
