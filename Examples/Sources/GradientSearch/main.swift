import Outerloop

// Five groups of features, each with a weight decay of its own. A trial trains with its decays and reports the
// validation loss and that one's derivative by each of them, through all steps of training; the search takes
// both in.
let groups = 5
let keys = RandomKey(seed: 1).split(4)
let scales = concatenate(
  (0..<groups).map { Tensor(repeating: $0 % 2 == 0 ? 1 : 0.1, shape: [6]) })
let truth = scales * keys[0].normal([6 * groups])
let (x, held) = (keys[1].normal([40, 6 * groups]), keys[2].normal([200, 6 * groups]))
let y = matmul(x, truth) + 2 * keys[3].normal([40])
let problem = BilevelProblem(
  steps: 100, weights: { (_: Tensor) in Tensor.zeros([6 * groups]) },
  optimizer: { _, _ in .momentum(rate: 0.02, momentum: 0.9) },
  loss: { w, decays in
    Loss.squaredError(matmul(x, w), y)
      + (decays * w.square().reshaped([groups, 6]).sum(axes: [1])).sum()
  },
  outer: { w, _ in Loss.squaredError(matmul(held, w), matmul(held, truth)) })

var space = SearchSpace()
let decays = try (0..<groups).map { try space.float("decay\($0)", 1e-4...10, log: true) }

let study = try await Study(space, .minimize("loss"), by: .gp(), seed: 7)
try await study.run(trials: 20) { trial in
  let values = decays.map { trial[$0] }
  let result = try problem.hypergradient(at: Tensor(values, dtype: .float32))
  let slopes = try result.gradient.scalars(Float.self)
  var gradient: [String: Double] = [:]
  for (decay, slope) in zip(decays, slopes) { gradient[decay.name] = Double(slope) }
  _ = try await trial.report(epoch: 1, ["loss": result.loss], gradient: gradient)
  return result.loss
}
if let best = try await study.best(), let loss = best.values?[0] {
  print("trial \(best.number): \(loss) at \(best.assignment)")
}
