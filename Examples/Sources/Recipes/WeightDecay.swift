import Outerloop

/// How much weight decay does a small network need?
func weightDecay() throws {
  let keys = RandomKey(seed: 1).split(5)
  let (x, held) = (keys[0].normal([64, 8]), keys[1].normal([128, 8]))
  let truth = keys[2].normal([8, 1])
  let y = matmul(x, truth) + 2 * keys[3].normal([64, 1])
  let start = MultilayerPerceptron([8, 16, 1], key: keys[4])
  let problem = BilevelProblem(
    steps: 100, weights: { (_: Tensor) in start },
    optimizer: { _, _ in .adam(rate: 0.01) },
    loss: { network, decay in
      Loss.squaredError(network(x), y) + exp(decay) * Loss.halfSquaredNorm(network)
    },
    outer: { network, _ in Loss.squaredError(network(held), matmul(held, truth)) })
  let found = try problem.minimize(
    from: Tensor(-6), updates: 30, with: OuterLoop(.adam(rate: 0.2)))
  print("weight decay", try exp(found.hyper).item())
}
