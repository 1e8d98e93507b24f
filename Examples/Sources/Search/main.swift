import Foundation
import Outerloop

// Branin's function has three minima of 0.3979; `rounds` adds a little cost, none at 8.
var space = SearchSpace()
let x = try space.float("x", -5...10)
let y = try space.float("y", 0...15)
let rounds = try space.int("rounds", 1...64, log: true)

let study = try await Study(space, .minimize("value"), by: .auto(), seed: 7)
try await study.run(trials: 100) { trial in
  let (x, y, rounds) = (trial[x], trial[y], Double(trial[rounds]))
  let bend = y - 0.1292 * x * x + 1.5915 * x - 6
  let value = bend * bend + 9.6021 * cos(x) + 10
  return value + 0.1 * abs(rounds - 8)
}
if let best = try await study.best(), let value = best.values?[0] {
  print("trial \(best.number): \(value) at \(best.assignment)")
}
