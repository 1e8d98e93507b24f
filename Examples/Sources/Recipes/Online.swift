import Outerloop

/// On minibatches, while the model trains: an update of the learning rate every ten steps.
func online() throws {
  let x = RandomKey(seed: 1).normal([200, 4])
  let y = x.sum(axes: [1])
  let held = RandomKey(seed: 2).normal([50, 4])
  let batches = Batches { step in
    let rows = (20 * step % 200)..<(20 * step % 200 + 20)
    return [x.sliced(axis: 0, rows), y.sliced(axis: 0, rows)]
  }
  let problem = BilevelProblem(
    steps: 200, batches: batches, weights: { (_: Tensor) in Tensor.zeros([4]) },
    optimizer: { logRate, _ in .sgd(rate: .init(exp(logRate))) },
    loss: { w, _, batch in Loss.squaredError(matmul(batch[0], w), batch[1]) },
    outer: { w, _ in Loss.squaredError(matmul(held, w), held.sum(axes: [1])) })
  let found = try problem.minimize(
    from: Tensor(-6), by: .oneStep, updates: 20, with: OuterLoop(.adam(rate: 0.2)),
    training: .online(every: 10)
  ) { progress in
    if progress.update % 5 == 0 { print("loss", progress.loss, "log rate", progress.hyper) }
    return true
  }
  // As many updates as one training has.
  let exact = try problem.minimize(
    from: Tensor(-6), by: .realTime(every: 10), with: OuterLoop(.adam(rate: 0.2)))
  print("log rate", found.hyper, "by exact tangents", exact.hyper, "updates", exact.updates)
}
