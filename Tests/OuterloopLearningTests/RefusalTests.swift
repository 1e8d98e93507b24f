import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import OuterloopText
import Testing

/// Values that layers, losses and optimizers cannot take: an error says which, and why.
@Suite struct RefusalTests {
  private let logits = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
  private let labels = Tensor([0, 2] as [Int32])

  private func message(_ tensor: Tensor) -> String { tensor.error?.description ?? "no error" }

  @Test func lossesRepeatNothing() {
    let predictions = Tensor.ones([4])
    for target in [Tensor.ones([4, 1]), Tensor.ones([1]), Tensor.ones([3])] {
      #expect(message(Loss.squaredError(predictions, target)).contains("shapes differ"))
      #expect(message(Loss.logistic(predictions, signs: target)).contains("shapes differ"))
    }
    #expect(
      message(Loss.crossEntropy(logits, labels: labels.reshaped([2, 1]))).contains("labels (n)"))
    #expect(message(Loss.crossEntropy(logits, labels: Tensor([0, 2]))).contains("int32"))
    #expect(message(Loss.accuracy(logits, labels: labels.reshaped([2, 1]))).contains("labels (n)"))
    let weights = Tensor.ones([2, 1])
    #expect(
      message(Loss.weightedCrossEntropy(logits, labels: labels, weights: weights)).contains("[2,1]")
    )
    #expect(message(softmaxCrossEntropy(logits, targets: Tensor.ones([3]))).contains("differ"))
    // A plain number is a target for all.
    #expect(Loss.squaredError(predictions, Tensor(1)).error == nil)
  }

  @Test func noExamples() {
    let none = Tensor.zeros([0, 3])
    let results = [
      Loss.squaredError(none, none), Loss.logistic(none, signs: none),
      Loss.crossEntropy(none, labels: Tensor([] as [Int32])),
      Loss.accuracy(none, labels: Tensor([] as [Int32])),
    ]
    for result in results { #expect(message(result).contains("no examples"), "\(result)") }
    #expect(throws: TensorError.self) { try Batches.shuffled(count: 0, size: 0, seed: 1) }
  }

  private static let optimizers: [Optimizer] = [
    .sgd(rate: 0.1), .momentum(rate: 0.1), .nesterov(rate: 0.1), .adam(rate: 0.1),
    .adamW(rate: 0.1),
    .rmsProp(rate: 0.1),
  ]

  @Test(arguments: optimizers.indices) func statesThatDoNotFit(_ index: Int) {
    let optimizer = Self.optimizers[index]
    let weights = [Tensor([1, 2]), Tensor([3])]
    func step(_ state: TrainingState<[Tensor]>, _ gradient: [Tensor]) -> String {
      message(optimizer.update(state, gradient: gradient, time: Time(step: 0)).weights[0])
    }
    let state = optimizer.initialState(weights)
    #expect(step(state, weights) == "no error")
    for gradient in [[], [weights[0]], weights + weights, [weights[1], weights[0]]] {
      #expect(step(state, gradient).contains("the gradient is"))
    }
    let slots = [[Tensor]](repeating: weights, count: 3)
    #expect(step(TrainingState(weights: weights, slots: slots), weights).contains("initialState"))
    if optimizer.slotCount > 0 {
      #expect(step(TrainingState(weights: weights), weights).contains("initialState"))
      let short = TrainingState(
        weights: weights, slots: [[Tensor]](repeating: [weights[0]], count: optimizer.slotCount))
      #expect(step(short, weights).contains("a buffer is"))
    }
  }

  @Test func ratesThatDoNotFit() throws {
    let weights = [Tensor([1, 2]), Tensor([3])]
    func moved(_ rate: Optimizer.Rate) -> [Tensor] {
      let optimizer = Optimizer.sgd(rate: rate)
      return optimizer.update(
        optimizer.initialState(weights), gradient: weights, time: Time(step: 0)
      ).weights
    }
    // One rate that was given for each is not one for all.
    #expect(message(moved(.each([Tensor(0.5)]))[0]).contains("1 rates"))
    #expect(message(moved(.each([Tensor(0.5), Tensor(0.5), Tensor(0.5)]))[1]).contains("3 rates"))
    #expect(try moved(.each([Tensor(0.5), Tensor(1)]))[0].doubles() == [0.5, 1])
    // A rate of another shape than the weights would make them grow.
    #expect(message(moved(Optimizer.Rate(Tensor.ones([5, 1])))[0]).contains("shape"))
  }

  @Test func steps() {
    for step in [Int.min, -1, 1 << 31, 1 << 33, .max] {
      #expect(message(Time(step: step).index).contains("\(step)"))
      #expect(message(Time(step: step).number).contains("\(step)"))
    }
    #expect(message(Schedule.cosine(Tensor(1), steps: -1, Time(step: 0))).contains("-1"))
    #expect(message(Schedule.warmUp(Tensor(1), steps: -1, Time(step: 0))).contains("-1"))
  }

  @Test func sizesOfLayers() {
    let key = RandomKey(seed: 1)
    for size in [Int.min, -1, 1 << 40, .max] {
      #expect(Dense(3, size, key: key).leaves.contains { $0.error != nil })
      #expect(LSTMCell(inputs: 3, units: size, key: key).input.error != nil)
      #expect(MultilayerPerceptron([2, size, 2], key: key)(Tensor.ones([1, 2])).error != nil)
      #expect(Convolution2D(channels: size, filters: 2, key: key).filter.error != nil)
    }
    #expect(message(BatchNorm(features: 3)(Tensor(1))).contains("features"))
    let states = LSTMCell(inputs: 3, units: 2, key: key)(sequence: Tensor.ones([2, 3]))
    #expect(states.count == 1 && message(states[0].hidden).contains("steps"))
  }

  /// A forget gate that starts open, the other gates at 0.
  @Test func biasOfTheCell() throws {
    let cell = LSTMCell(inputs: 3, units: 2, key: RandomKey(seed: 1), dtype: .float64)
    #expect(try cell.bias.doubles() == [0, 0, 1, 1, 0, 0, 0, 0])
  }

  @Test func batches() throws {
    for count in [1 << 31, 1 << 33, Int.max] {
      #expect(throws: TensorError.self) { try Batches.shuffled(count: count, size: 1, seed: 1) }
      #expect(throws: TensorError.self) { try Batches.partitioned(count: count, size: 1, seed: 1) }
    }
    let batches = try Batches.shuffled(count: 4, size: 2, seed: 1)
    #expect(throws: TensorError.self) { try batches.batch(-1) }
    #expect(try batches.batch(.max).count == 2)
  }

  @Test func edgesOfCells() {
    #expect(Genotype.edgeCount(inputs: 2, nodes: 4) == 14)
    #expect(Genotype.edgeCount(inputs: 3, nodes: 1) == 3)
    #expect(Genotype.edgeCount(inputs: .max, nodes: 2) == .max)
    #expect(Genotype.edgeCount(inputs: 1, nodes: .max) == .max)
    #expect(Genotype.edgeCount(inputs: -1, nodes: 3) == 0)
  }

  @Test func minimisationWithAnyMemory() throws {
    for memory in [1, 2, 3, 1 << 33, Int.max] {
      let found = try LBFGS(memory: memory).minimize(from: [3, -2, 1]) { x, gradient in
        gradient = [2 * x[0], 20 * x[1], 200 * x[2]]
        return x[0] * x[0] + 10 * x[1] * x[1] + 100 * x[2] * x[2]
      }
      #expect(found.outcome == .converged)
    }
  }
}
