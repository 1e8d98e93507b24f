import Outerloop

// Learning rate and weight decays of a small network, for a folder with MNIST, or for the bundled digits.
let folder = CommandLine.arguments.dropFirst().first
let parts = try folder.map { try LabeledData.load($0) }
let pictures = try parts?.train ?? Digits.load()
let order = RandomKey(seed: 1, purpose: "split").permutation(pictures.count)
let greatest = pictures.features.max() ?? 1
func part(_ range: Range<Int>) throws -> (x: Tensor, y: Tensor) {
  let data = try pictures.selecting(Array(order[range]))
  return (data.featureTensor(flat: true) / Double(greatest), data.labelTensor)
}
// Few examples, so that decay matters.
let (train, held, test) = (try part(0..<100), try part(100..<700), try part(700..<1700))

let network = MultilayerPerceptron(
  [pictures.exampleSize, 64, pictures.classCount], key: RandomKey(seed: 1, purpose: "weights"))
let problem = BilevelProblem(
  steps: 100, batches: try .shuffled(count: 100, size: 50, seed: 1),
  weights: { (_: NamedTensors) in network },
  optimizer: { logs, _ in .momentum(rate: .init(exp(logs["rate"]))) },
  loss: { network, logs, rows in
    let decays = exp(logs["decays"])
    let norms = stack(network.layers.map { $0.weights.square().sum() })
    return Loss.crossEntropy(
      network(train.x.gathered(at: rows)), labels: train.y.gathered(at: rows))
      + 0.5 * (decays * norms).sum()
  },
  outer: { network, _ in Loss.crossEntropy(network(held.x), labels: held.y) })

let untuned = NamedTensors([
  "rate": log(Tensor(0.003)), "decays": log(Tensor(repeating: 1e-5, shape: [2])),
])
let found = try problem.minimize(
  from: untuned, updates: 60, with: OuterLoop(.adam(rate: 0.2))
) { progress in
  if progress.update % 20 == 0 { print("update \(progress.update): loss \(progress.loss)") }
  return true
}
for (name, logs) in [("untuned", untuned), ("learned", found.hyper)] {
  let trained = try problem.solve(at: logs).state.weights
  print(
    "\(name): rate \(try exp(logs["rate"]).item()), decays \(try exp(logs["decays"]).doubles()),",
    "test accuracy \(try Loss.accuracy(trained(test.x), labels: test.y).item())")
}
