import Outerloop

// A sampler of one's own is used like the package's, with any scheduler.
var space = SearchSpace()
let x = try space.float("x", 0...1)
let y = try space.float("y", 0...1)
let depth = try space.int("depth", 1...8)
try space.forbid("x > 0.9 and depth > 4")

/// The least distance of the best of 64 trials from (0.3, 0.7) at depth 3, over seeds.
func distance(by method: SearchMethod) async throws -> Double {
  var sum = 0.0
  for seed in 1...20 as ClosedRange<UInt64> {
    let study = try await Study(space, .minimize("distance"), by: method, seed: seed)
    try await study.run(trials: 64) { trial in
      let (a, b, c) = (trial[x] - 0.3, trial[y] - 0.7, Double(trial[depth] - 3) / 8)
      return (a * a + b * b + c * c).squareRoot()
    }
    sum += try await study.best()?.values?[0] ?? .infinity
  }
  return sum / 20
}

let (halton, random) = (try await distance(by: .halton), try await distance(by: .random))
print("mean least distance: halton \(halton), random \(random)")

// The same seed proposes the same, and nothing that is forbidden.
let first = try await Study(space, .minimize("distance"), by: .halton, seed: 1)
let again = try await Study(space, .minimize("distance"), by: .halton, seed: 1)
for study in [first, again] { try await study.run(trials: 100) { trial in trial[x] } }
let (ones, others) = (try await first.trials(), try await again.trials())
let isSame = ones.map(\.assignment) == others.map(\.assignment)
let isAllowed = ones.allSatisfy { space.allows($0.assignment) }
print("repeatable: \(isSame), allowed: \(isAllowed), better than random: \(halton < random)")
