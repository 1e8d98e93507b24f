import Outerloop

/// Several hyperparameters by name, each with a constraint of its own.
func namedHyperparameters() throws {
  let x = RandomKey(seed: 1).normal([30, 5])
  let y = x.sum(axes: [1]) + RandomKey(seed: 2).normal([30])
  let held = RandomKey(seed: 3).normal([100, 5])
  let problem = BilevelProblem(
    steps: 50, weights: { (_: NamedTensors) in Tensor.zeros([5]) },
    optimizer: { h, _ in .momentum(rate: .init(h["rate"]), momentum: .init(h["momentum"])) },
    loss: { w, h in Loss.squaredError(matmul(x, w), y) + (h["decay"] * w.square()).sum() },
    outer: { w, _ in Loss.squaredError(matmul(held, w), held.sum(axes: [1])) })
  let start = NamedTensors([
    "rate": Tensor(0.02), "momentum": Tensor(0.5), "decay": Tensor(repeating: 0.1, shape: [5]),
  ])
  let loop = OuterLoop<NamedTensors>(
    .adam(rate: 0.01),
    constraints: [
      try .box(lower: 1e-4, upper: 0.1), try .box(lower: 0.1, upper: 0.95), try .l1Ball(radius: 1),
    ])
  let found = try problem.minimize(from: start, by: .reversible, updates: 30, with: loop)
  print(found.hyper["rate"], found.hyper["momentum"], found.hyper["decay"])
}
