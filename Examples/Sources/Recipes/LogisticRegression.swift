import Outerloop

/// A model that is trained to its solution: the hypergradient by one linear solve, and an outer loop
/// whose tolerances tighten.
func logisticRegression() throws {
  let x = RandomKey(seed: 1).normal([100, 6], dtype: .float64)
  let signs = x.sum(axes: [1]).isGreater(than: 0) * 2 - 1
  let problem = BilevelProblem(
    steps: 1, weights: { (_: Tensor) in Tensor.zeros([6], dtype: .float64) },
    optimizer: { _, _ in .sgd(rate: 0.1) },
    loss: { w, decay in
      Loss.logistic(matmul(x, w), signs: signs) + 0.5 * exp(decay) * w.square().sum()
    },
    outer: { w, _ in Loss.logistic(matmul(x, w) + 0.5, signs: signs) })
  let start = Tensor([-3.0], dtype: .float64)
  let once = try problem.hypergradient(at: start, by: .implicit(.cg(), inner: .lbfgs()))
  print(
    "gradient", once.gradient, "inner gradient norm", once.diagnostics.implicit?.stationarity ?? 0)
  let found = try problem.minimize(
    from: start, by: .hoag(), updates: 20, with: OuterLoop(AdaptiveStep()))
  print("log decay", found.hyper)
}
