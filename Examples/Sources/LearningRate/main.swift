import Outerloop

// A learning rate for each of 60 steps, learned through whole trainings of a small network for digits.
let digits = try Digits.load()
let order = RandomKey(seed: 1, purpose: "split").permutation(digits.count)
func part(_ range: Range<Int>) throws -> (x: Tensor, y: Tensor) {
  let data = try digits.selecting(Array(order[range]))
  return (data.featureTensor(flat: true) / 16, data.labelTensor)
}
let (train, held, test) = (try part(0..<1000), try part(1000..<1400), try part(1400..<1797))

let steps = 60
let network = MultilayerPerceptron([64, 32, 10], key: RandomKey(seed: 1, purpose: "weights"))
func problem(judgedBy held: (x: Tensor, y: Tensor)) throws
  -> BilevelProblem<TrainingState<MultilayerPerceptron>, Tensor, Tensor>
{
  BilevelProblem(
    steps: steps, batches: try .shuffled(count: 1000, size: 50, seed: 1), weights: { _ in network },
    optimizer: { logs, time in .momentum(rate: .init(Schedule.perStep(exp(logs), time))) },
    loss: { network, _, rows in
      Loss.crossEntropy(network(train.x.gathered(at: rows)), labels: train.y.gathered(at: rows))
    },
    outer: { network, _ in Loss.crossEntropy(network(held.x), labels: held.y) })
}

let untuned = log(Tensor(repeating: 0.005, shape: [steps]))
let found = try problem(judgedBy: held).minimize(
  from: untuned, updates: 80, with: OuterLoop(.adam(rate: 0.1)),
  // Another order of the data for each update: one order would be learned by heart.
  training: .online(every: steps)
) { progress in
  if progress.update % 20 == 0 { print("update \(progress.update): loss \(progress.loss)") }
  return true
}
for (name, logs) in [("untuned", untuned), ("learned", found.hyper)] {
  let result = try problem(judgedBy: test).solve(at: logs)
  let accuracy = try Loss.accuracy(result.state.weights(test.x), labels: test.y).item()
  print("\(name): test loss \(result.loss), accuracy \(accuracy)")
}
print("rates", try exp(found.hyper).doubles())
