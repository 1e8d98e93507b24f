import Outerloop

// Noisy linear data with more features than examples; learn how much weight decay it needs.
let keys = RandomKey(seed: 1).split(4)
let truth = keys[0].normal([40])
let (x, held) = (keys[1].normal([30, 40]), keys[2].normal([200, 40]))
let y = matmul(x, truth) + 3 * keys[3].normal([30])
let problem = BilevelProblem(
  steps: 100, weights: { (_: Tensor) in Tensor.zeros([40]) },
  optimizer: { _, _ in .momentum(rate: 0.02, momentum: 0.9) },
  loss: { w, decay in Loss.squaredError(matmul(x, w), y) + exp(decay) * w.square().sum() },
  outer: { w, _ in Loss.squaredError(matmul(held, w), matmul(held, truth)) })
let found = try problem.minimize(
  from: Tensor(-6), updates: 60, with: OuterLoop(.adam(rate: 0.1))
) { step in
  if step.update % 20 == 0 { print("update \(step.update): validation loss \(step.loss)") }
  return true
}
print("weight decay", try exp(found.hyper).item(), try problem.verify(.reverse, at: found.hyper))
