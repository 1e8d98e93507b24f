internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics

/// Trainings of a small network for digits, each with different initial weights and data order, as steps that any
/// optimizer can take.
///
/// The initial weights are part of the data of each step, and the difference to them is trained: the start can vary
/// between trainings of a single problem.
struct OptimizeeTask: Sendable {
  typealias Network = MultilayerPerceptron
  /// Rows of a batch, and the initial weights of this training.
  typealias Batch = Pair<Tensor, Network>

  let data: ImageSplit.Part
  let hidden: [Int]
  let activation: Activation
  let batch: Int
  let steps: Int

  private func network(_ seed: UInt64, _ run: Int) -> Network {
    MultilayerPerceptron(
      [data.data.exampleSize] + hidden + [data.data.classCount], activation: activation,
      key: RandomKey(seed: seed, purpose: "optimizee weights", index: UInt64(run)))
  }

  /// The difference to the start, before the first step.
  var origin: Network { network(0, 0).zeros }

  /// Step t belongs to training t / T.
  func batches(seed: UInt64) throws -> Batches<Batch> {
    let rows = try Batches<Tensor>.shuffled(count: data.count, size: batch, seed: seed)
    return Batches { step in Pair(try rows.batch(step), network(seed, step / steps)) }
  }

  /// One training only: that of number `run`.
  func batches(seed: UInt64, run: Int) throws -> Batches<Batch> {
    let all = try batches(seed: seed)
    return Batches { step in try all.batch(run * steps + step) }
  }

  /// The mean cross-entropy of a batch at a difference to its start.
  var loss: @Sendable (Network, Batch) throws -> Tensor {
    let (x, y) = (data.x, data.y)
    return { difference, batch in
      let network = difference.zipLeaves(batch.second) { $0 + $1 }
      return Loss.crossEntropy(
        network(x.gathered(at: batch.first)), labels: y.gathered(at: batch.first))
    }
  }

  /// Training by an optimizer with a rate.
  func dynamics(
    _ batches: Batches<Batch>, _ optimizer: @escaping @Sendable (Tensor) -> Optimizer
  ) -> InnerDynamics<TrainingState<Network>, Tensor, Batch> {
    let (origin, loss) = (origin, loss)
    return InnerDynamics(
      steps: steps, batches: batches, weights: { _ in origin },
      optimizer: { rate, _ in optimizer(rate) }, loss: { try loss($0, $2) })
  }

  /// Training by a learned optimizer.
  func problem(_ batches: Batches<Batch>) throws -> BilevelProblem<
    LearnedTrainingState<Network, [LSTMCell.State]>, CoordinatewiseLSTM, Batch
  > {
    try BilevelProblem(steps: steps, batches: batches, weights: origin, loss: loss)
  }

  /// The trace of a training, before each step: the loss of the batch, the norm of its gradient,
  /// and the norm of the weights.
  struct Trace: Codable, Sendable {
    var losses, gradientNorms, weightNorms: [Double]
    /// The loss on all data at the end.
    var finalLoss: Double
  }

  /// Records a training.
  func trace<State: Structure, Hyper: Structure>(
    _ dynamics: InnerDynamics<State, Hyper, Batch>, at hyper: Hyper,
    difference: @escaping @Sendable (State) -> Network
  ) throws -> Trace {
    let loss = loss
    let measure = Compiled<Pair<State, Batch>, Tensor> { input in
      let here = difference(input.first)
      let (value, slope) = try valueAndGradient(at: here) { try loss($0, input.second) }
      let network = here.zipLeaves(input.second.second) { $0 + $1 }
      return stack([
        value.reshaped([]), sqrt(2 * Loss.halfSquaredNorm(slope)),
        sqrt(2 * Loss.halfSquaredNorm(network)),
      ])
    }
    let step = Compiled<Pair<Pair<State, Hyper>, Pair<Batch, Time>>, State> { input in
      try dynamics.step(
        input.first.first, input.first.second, input.second.first, input.second.second)
    }
    var state = try dynamics.initial(hyper)
    var trace = Trace(losses: [], gradientNorms: [], weightNorms: [], finalLoss: .nan)
    for t in 0..<steps {
      let batch = try dynamics.batches.batch(t)
      let numbers = try measure(Pair(state, batch)).doubles()
      trace.losses.append(numbers[0])
      trace.gradientNorms.append(numbers[1])
      trace.weightNorms.append(numbers[2])
      state = try step(Pair(Pair(state, hyper), Pair(batch, Time(step: t))))
    }
    let start = try dynamics.batches.batch(0).second
    let network = difference(state).zipLeaves(start) { $0 + $1 }
    trace.finalLoss = try Loss.crossEntropy(network(data.x), labels: data.y).item()
    return trace
  }
}
