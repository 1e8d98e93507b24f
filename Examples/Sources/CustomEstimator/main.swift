import Outerloop

// An estimator of one's own is used like the package's: verified, averaged, and followed.
let keys = RandomKey(seed: 1).split(2)
let (x, y) = (keys[0].normal([60, 5], dtype: .float64), keys[1].normal([60], dtype: .float64))
let start = Tensor.zeros([5], dtype: .float64)
let problem = BilevelProblem(
  steps: 40, weights: { (_: Tensor) in start },
  optimizer: { _, _ in .momentum(rate: 0.05, momentum: 0.8) },
  loss: { w, decay in Loss.squaredError(matmul(x, w), y) + (exp(decay) * w.square()).sum() },
  outer: { w, _ in (w - 0.1).square().sum() })
let decay = Tensor([-3.0, -2, -1, -2, -3], dtype: .float64)

// Without a random end it is reverse mode, bit by bit.
print(try problem.verify(.randomizedTruncation(survival: 1), at: decay, against: .reverse))

// One draw is off; the mean of many is not, and that of as short a horizon is.
let exact = try problem.hypergradient(at: decay, by: .reverse).gradient
func error(_ estimate: Tensor) throws -> Double {
  try ((estimate - exact).square().sum() / exact.square().sum()).item().squareRoot()
}
var (mean, products) = (Tensor.zeros([5], dtype: .float64), 0)
let draws = 4_000
for seed in 0..<UInt64(draws) {
  let drawn = try problem.hypergradient(
    at: decay, by: .randomizedTruncation(survival: 0.9, seed: seed))
  mean = mean + drawn.gradient * (1 / Double(draws))
  products += drawn.cost.products
}
print("\(products / draws) products a draw; error of the mean of \(draws): \(try error(mean))")
let truncated = try problem.hypergradient(at: decay, by: .truncated(products / draws)).gradient
print("error of truncated(\(products / draws)): \(try error(truncated))")
let found = try problem.minimize(
  from: decay, by: .randomizedTruncation(survival: 0.9), updates: 50,
  with: OuterLoop(.adam(rate: 0.1)))
print(
  "outer loss", try problem.solve(at: decay).loss, "->", try problem.solve(at: found.hyper).loss)
