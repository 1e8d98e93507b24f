import Outerloop

/// Without validation data: how much each weight of a linear model matters, by the evidence.
func evidence() throws {
  let x = RandomKey(seed: 1).normal([40, 6], dtype: .float64)
  let noise = RandomKey(seed: 2).normal([40], dtype: .float64)
  let y = matmul(x, Tensor([3.0, -2, 1, 0, 0, 0], dtype: .float64)) + 0.3 * noise
  let model = try LinearGaussianModel(inputs: x, targets: y)
  let loop = OuterLoop<Precisions>(.adam(rate: 0.1))
  let logs = try loop.minimize(
    from: Precisions(weights: [0, 0, 0, 0, 0, 0], noise: 0), updates: 200
  ) { h in -model.logEvidence(h.mapLeaves { exp($0) }) }
  print("log precisions", logs.hyper.weights, "of the noise", logs.hyper.noise)
}
