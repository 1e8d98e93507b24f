import Outerloop

/// A weight in [0, 1] for each training example, at most half of them trusted: those with wrong
/// labels lose theirs.
func exampleWeights() throws {
  let (x, held) = (RandomKey(seed: 1).normal([80, 2]), RandomKey(seed: 2).normal([80, 2]))
  func labels(of x: Tensor) throws -> [Int32] {
    try x.doubles().enumerated().filter { $0.offset % 2 == 0 }.map { $0.element > 0 ? 1 : 0 }
  }
  let right = try labels(of: x)
  // Every fourth is wrong.
  let y = Tensor(right.enumerated().map { $0 % 4 == 0 ? 1 - $1 : $1 })
  let heldLabels = Tensor(try labels(of: held))
  let problem = BilevelProblem(
    steps: 100, weights: { (_: Tensor) in Dense(2, 2, key: RandomKey(seed: 3)) },
    optimizer: { _, _ in .sgd(rate: 1) },
    loss: { model, weights in Loss.weightedCrossEntropy(model(x), labels: y, weights: weights) },
    outer: { model, _ in Loss.crossEntropy(model(held), labels: heldLabels) })
  let loop = OuterLoop<Tensor>(.adam(rate: 0.05), constraints: [try .cappedSimplex(total: 40)])
  let found = try problem.minimize(
    from: Tensor(repeating: 0.5, shape: [80]), updates: 60, with: loop)
  let weights = try found.hyper.doubles()
  let wrong = stride(from: 0, to: 80, by: 4).map { weights[$0] }.reduce(0, +) / 20
  print(
    "mean weight of wrong labels", wrong, "of right ones", (weights.reduce(0, +) - 20 * wrong) / 60)
}
