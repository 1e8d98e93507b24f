import Outerloop

// How far to turn the training digits, and how much noise to add, when the digits to be read are turned.
let digits = try Digits.load()
let order = RandomKey(seed: 1, purpose: "split").permutation(digits.count)
func part(_ range: Range<Int>) throws -> (x: Tensor, y: Tensor) {
  let data = try digits.selecting(Array(order[range]))
  return (data.featureTensor(flat: true) / 16, data.labelTensor)
}

/// Digits (n, 64) turned by angles (n, 1): each pixel is read from where it comes, between its four neighbours.
func turned(_ x: Tensor, by angle: Tensor) -> Tensor {
  let (row, column) = (
    Tensor((0..<64).map { Float($0 / 8) - 3.5 }), Tensor((0..<64).map { Float($0 % 8) - 3.5 })
  )
  func hat(_ place: Tensor) -> Tensor {
    relu(1 - abs(place.expanded(at: 2) + 3.5 - Tensor((0..<8).map { Float($0) })))
  }
  let (c, s) = (cos(angle), sin(angle))
  let read = matmul(hat(c * column - s * row), x.reshaped([-1, 8, 8]), transposeB: true)
  return (read * hat(c * row + s * column)).sum(axes: [2])
}
func turnedAnyhow(_ part: (x: Tensor, y: Tensor), _ key: RandomKey) -> (x: Tensor, y: Tensor) {
  (turned(part.x, by: 0.4 * key.normal([part.y.count, 1])), part.y)
}
let train = try part(0..<200)
let held = turnedAnyhow(try part(200..<700), RandomKey(seed: 2))
let test = turnedAnyhow(try part(700..<1700), RandomKey(seed: 3))

let network = MultilayerPerceptron([64, 32, 10], key: RandomKey(seed: 1, purpose: "weights"))
let problem = BilevelProblem(
  steps: 60, batches: Batches { RandomKey(seed: 4, index: UInt64($0)).tensor },
  weights: { (_: NamedTensors) in network }, optimizer: { _, _ in .momentum(rate: 0.1) },
  loss: { network, logs, key in
    let draws = Tensor.normal([200, 65], key: key)
    let angle = exp(logs["angle"]) * draws.sliced(axis: 1, 0..<1)
    let noise = exp(logs["noise"]) * draws.sliced(axis: 1, 1..<65)
    return Loss.crossEntropy(network(turned(train.x, by: angle) + noise), labels: train.y)
  },
  outer: { network, _ in Loss.crossEntropy(network(held.x), labels: held.y) })

let untuned = NamedTensors(["angle": log(Tensor(0.05)), "noise": log(Tensor(0.03))])
let found = try problem.minimize(from: untuned, updates: 40, with: OuterLoop(.adam(rate: 0.1)))
for (name, logs) in [("untuned", untuned), ("learned", found.hyper)] {
  let trained = try problem.solve(at: logs).state.weights
  print(
    "\(name): angles of \(try exp(logs["angle"]).item()) radians, noise \(try exp(logs["noise"]).item()),",
    "test accuracy \(try Loss.accuracy(trained(test.x), labels: test.y).item())")
}
