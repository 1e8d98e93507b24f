import Outerloop

/// A learning rate for each step, as logarithms so that they stay positive.
func rateSchedule() throws {
  let x = RandomKey(seed: 1).normal([30, 5])
  let y = x.sum(axes: [1])
  let problem = BilevelProblem(
    steps: 20, weights: { (_: Tensor) in Tensor.zeros([5]) },
    optimizer: { logRates, time in .momentum(rate: .init(Schedule.perStep(exp(logRates), time))) },
    loss: { w, _ in Loss.squaredError(matmul(x, w), y) },
    outer: { w, _ in Loss.squaredError(matmul(x, w), y) })
  let found = try problem.minimize(
    from: Tensor(repeating: -4, shape: [20]), updates: 20, with: OuterLoop(.adam(rate: 0.1)))
  print("rates", try exp(found.hyper).doubles())
}
