import Outerloop

// A sampler of one's own is used like the package's, with any scheduler.
var space = SearchSpace()
let x = try space.float("x", 0...1)
let y = try space.float("y", 0...1)
let depth = try space.int("depth", 1...8)
try space.forbid("x > 0.9 and depth > 4")

/// How many of 8 x 8 squares none of 64 trials lies in, on average over seeds.
func emptySquares(by method: SearchMethod) async throws -> Double {
  var sum = 0.0
  for seed in 1...20 as ClosedRange<UInt64> {
    let study = try await Study(space, .minimize("value"), by: method, seed: seed)
    try await study.run(trials: 64) { trial in trial[x] + trial[y] + Double(trial[depth]) }
    let squares = Set(
      try await study.trials().map { trial in
        let (x, y) = (trial.assignment[x], trial.assignment[y])
        return min(Int(8 * x), 7) * 8 + min(Int(8 * y), 7)
      })
    sum += Double(64 - squares.count)
  }
  return sum / 20
}

let halton = try await emptySquares(by: .halton)
let random = try await emptySquares(by: .random)
print("empty squares: halton \(halton), random \(random)")

// The same seed proposes the same, and nothing that is forbidden.
let first = try await Study(space, .minimize("value"), by: .halton, seed: 1)
let again = try await Study(space, .minimize("value"), by: .halton, seed: 1)
for study in [first, again] { try await study.run(trials: 100) { trial in trial[x] } }
let (ones, others) = (try await first.trials(), try await again.trials())
let isSame = ones.map(\.assignment) == others.map(\.assignment)
let isAllowed = ones.allSatisfy { space.allows($0.assignment) }
print("repeatable: \(isSame), allowed: \(isAllowed), more even: \(halton < random)")
