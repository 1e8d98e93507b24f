import Outerloop

/// Where to start, so that five steps go far: the initial weights are the hyperparameters.
func initialWeights() throws {
  let x = RandomKey(seed: 1).normal([40, 3])
  let y = x.sum(axes: [1], keeping: true)
  let problem = BilevelProblem(
    steps: 5, weights: { (start: Dense) in start }, optimizer: { _, _ in .sgd(rate: 0.05) },
    loss: { model, _ in Loss.squaredError(model(x), y) },
    outer: { model, _ in Loss.squaredError(model(x), y) })
  let found = try problem.minimize(
    from: Dense(3, 1, key: RandomKey(seed: 4)), updates: 50, with: OuterLoop(.adam(rate: 0.05)))
  print("start", found.hyper.weights, found.hyper.bias)
}
