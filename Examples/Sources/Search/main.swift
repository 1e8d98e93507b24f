import Outerloop

// Look for the minimum of Branin's function, and for how many times around to go.
var space = SearchSpace()
let x = try space.float("x", -5...10)
let y = try space.float("y", 0...15)
let rounds = try space.int("rounds", 1...64, log: true)
let study = try await Study(space, .minimize("value"), by: .tpe(), seed: 7)
try await study.run(trials: 100, parallel: 4) { trial in
  let (x, y) = (trial[x], trial[y])
  let bend = y - 0.1292 * x * x + 1.5915 * x - 6
  let valley = try 9.6021 * cos(Tensor(Float(x))).item()
  return bend * bend + Double(valley) + 10 + 0.1 * abs(Double(trial[rounds]) - 8)
}
if let best = try await study.best(), let value = best.values?[0] {
  print("trial \(best.number) of \(try await study.trials().count): \(value) at \(best.assignment)")
}
