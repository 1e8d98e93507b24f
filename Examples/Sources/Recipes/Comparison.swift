import Outerloop

/// Estimators against the exact hypergradient on one problem, reverse mode against finite
/// differences, and the least memory that checkpointing needs.
func comparison() throws {
  let x = RandomKey(seed: 1).normal([30, 5], dtype: .float64)
  let y = x.sum(axes: [1])
  let problem = BilevelProblem(
    steps: 50, weights: { (_: Tensor) in Tensor.zeros([5], dtype: .float64) },
    optimizer: { _, _ in .momentum(rate: 0.05, momentum: 0.9) },
    loss: { w, decay in Loss.squaredError(matmul(x, w), y) + (exp(decay) * w.square()).sum() },
    outer: { w, _ in Loss.squaredError(matmul(x, w), y + 0.1) })
  let decays = Tensor([-2.0, -2, -2, -2, -2], dtype: .float64)
  let estimators: [Estimator] = [
    .reversible, .truncated(5), .oneStep, .drmad(.steps(4)), .hypernetwork(), .firstOrder,
  ]
  for row in try problem.compare(estimators, at: decays) { print(row) }
  print(try problem.verify(.reverse, at: decays, forwardLimit: 0))
  let least = try problem.leastMemory(at: decays)
  let result = try problem.hypergradient(at: decays, by: .reverse(memory: least))
  print("with", least, "bytes", result.cost.recomputedSteps, "steps are taken again")
}
