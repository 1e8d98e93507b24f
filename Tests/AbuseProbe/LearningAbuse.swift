import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics

extension AbuseRoom {
  static let learning = AbuseRoom("OuterloopLearning") { room in
    room.addLayers()
    room.addLosses()
    room.addOptimizers()
    room.addRelaxations()
    room.addArchitectures()
    room.addBatches()
    room.addData()
    let visits = [
      "ArchitectureCell", "BatchNorm", "Convolution2D", "Dense", "LSTMCell", "LSTMCell.State",
      "MixedOperation", "MultilayerPerceptron", "Time", "TrainingState",
    ]
    for name in visits { room.exclude("calls its argument for each tensor", name + ".visit") }
  }

  private static let key = RandomKey(seed: 1)

  private mutating func addLayers() {
    let (all, key) = (Edges.tensors, Self.key)
    let features = RandomKey(seed: 2).normal([2, 3])
    add("Dense.init", Edges.sizes, Edges.sizes, Edges.types) { Dense($0, $1, key: key, dtype: $2) }
    add("Dense.callAsFunction", all) { Dense(3, 2, key: key)($0) }
    add("Dense.callAsFunction", all, all) { Dense(weights: $0, bias: $1)(features) }
    add("Initializer.glorot", Edges.shapes, Edges.sizes, Edges.sizes) {
      Initializer.glorot($0, fanIn: $1, fanOut: $2, key: key)
    }
    add("Initializer.he", Edges.shapes, Edges.sizes) { Initializer.he($0, fanIn: $1, key: key) }
    let sizes: [[Int]] = [
      [], [3], [3, 2], [-1, 2], [3, .max, 2], [.min, .min], [0, 0], [3, 0, 2],
    ]
    for activation in Activation.allCases {
      add("MultilayerPerceptron.init", sizes) {
        MultilayerPerceptron($0, activation: activation, key: key)
      }
      add("MultilayerPerceptron.callAsFunction", sizes) {
        MultilayerPerceptron($0, activation: activation, key: key)(features)
      }
      add("Activation.callAsFunction", all) { activation($0) }
    }
    add("BatchNorm.init", Edges.integers, Edges.numbers) { BatchNorm(features: $0, epsilon: $1) }
    add("BatchNorm.callAsFunction", all) { BatchNorm(features: 3)($0) }
    add("BatchNorm.statistics", all) {
      let moments = BatchNorm(features: 3).statistics(of: $0)
      return [moments.mean, moments.variance]
    }
    add("BatchNorm.infer", all, all) {
      BatchNorm(features: 3).infer(features, mean: $0, variance: $1)
    }
    let kernels: [[Int]] = [[], [3], [3, 3], [0, 0], [-1, 3], [.max, .max], [3, 3, 3]]
    add("Convolution2D.init", Edges.sizes, kernels, kernels) {
      Convolution2D(channels: $0, filters: 2, kernel: $1, stride: $2, key: key)
    }
    add("Convolution2D.callAsFunction", all, kernels) {
      Convolution2D(channels: 2, filters: 2, stride: $1, key: key)($0)
    }
    add("LSTMCell.init", Edges.sizes, Edges.sizes, Edges.types) {
      LSTMCell(inputs: $0, units: $1, key: key, dtype: $2)
    }
    add("LSTMCell.zeroState", Edges.integers) {
      LSTMCell(inputs: 3, units: 2, key: key).zeroState($0)
    }
    add("LSTMCell.State.init", all, all) {
      LSTMCell(inputs: 3, units: 2, key: key)(features, LSTMCell.State(hidden: $0, cell: $1))
    }
    add("LSTMCell.callAsFunction", all) {
      let cell = LSTMCell(inputs: 3, units: 2, key: key)
      return [cell(sequence: $0) as Any, cell($0, cell.zeroState(2))]
    }
    refuse("LSTMCell.callAsFunction", [features, Edges.broken, Tensor(1)]) {
      LSTMCell(inputs: 3, units: 2, key: key)(sequence: $0)
    }
    add("LSTMCell.callAsFunction", Edges.integers) { units in
      var cell = LSTMCell(inputs: 3, units: 2, key: key)
      cell.units = units
      return cell(features, cell.zeroState(2))
    }
  }

  private mutating func addLosses() {
    let all = Edges.tensors
    let logits = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    let labels = Tensor([0, 2] as [Int32])
    add("Loss.crossEntropy", all, all) { Loss.crossEntropy($0, labels: $1) }
    add("Loss.weightedCrossEntropy", all, all) {
      Loss.weightedCrossEntropy($0, labels: $1, weights: $0)
    }
    add("Loss.squaredError", all, all) { Loss.squaredError($0, $1) }
    add("Loss.logistic", all, all) { Loss.logistic($0, signs: $1) }
    add("Loss.accuracy", all, all) { Loss.accuracy($0, labels: $1) }
    add("Loss.halfSquaredNorm", all) { Loss.halfSquaredNorm([$0, $0]) }
    // Labels that would be repeated to fit, and no examples at all.
    let wrong = [
      labels.reshaped([2, 1]), Tensor([0] as [Int32]), Tensor(0, dtype: .int32), Tensor([0, 2]),
      Tensor([0, 3] as [Int32]), Tensor([0, -1] as [Int32]),
    ]
    refuse("Loss.crossEntropy", wrong) { Loss.crossEntropy(logits, labels: $0) }
    refuse("Loss.accuracy", Array(wrong.prefix(3))) { Loss.accuracy(logits, labels: $0) }
    refuse("Loss.weightedCrossEntropy", [Tensor.ones([1]), Tensor.ones([2, 1]), Tensor.ones([3])]) {
      Loss.weightedCrossEntropy(logits, labels: labels, weights: $0)
    }
    let columns = [Tensor.ones([4, 1]), Tensor.ones([1]), Tensor.ones([1, 4]), Tensor.ones([3])]
    refuse("Loss.squaredError", columns) { Loss.squaredError(Tensor.ones([4]), $0) }
    refuse("Loss.logistic", columns) { Loss.logistic(Tensor.ones([4]), signs: $0) }
    let none = Tensor.zeros([0, 3])
    refuse("Loss.squaredError", [none]) { Loss.squaredError($0, $0) }
    refuse("Loss.logistic", [none]) { Loss.logistic($0, signs: $0) }
    refuse("Loss.crossEntropy", [none]) { Loss.crossEntropy($0, labels: Tensor([] as [Int32])) }
    refuse("Loss.accuracy", [none]) { Loss.accuracy($0, labels: Tensor([] as [Int32])) }
  }

  private mutating func addOptimizers() {
    let all = Edges.tensors
    let weights = [Tensor([1, 2]), Tensor([3])]
    let time = Time(step: 0)
    let optimizers: [(String, @Sendable (Optimizer.Rate) -> Optimizer)] = [
      ("Optimizer.sgd", { .sgd(rate: $0) }),
      ("Optimizer.momentum", { .momentum(rate: $0, momentum: $0) }),
      ("Optimizer.nesterov", { .nesterov(rate: $0, momentum: $0) }),
      ("Optimizer.adam", { .adam(rate: $0, beta1: $0, beta2: $0, epsilon: $0) }),
      ("Optimizer.adamW", { .adamW(rate: $0, decay: $0) }),
      ("Optimizer.rmsProp", { .rmsProp(rate: $0, decay: $0, epsilon: $0) }),
    ]
    for (name, make) in optimizers {
      @Sendable func update(_ rate: Optimizer.Rate, _ time: Time = time) -> TrainingState<[Tensor]>
      {
        let optimizer = make(rate)
        return optimizer.update(optimizer.initialState(weights), gradient: weights, time: time)
      }
      @Sendable func rates(_ count: Int) -> Optimizer.Rate {
        .each([Tensor](repeating: Tensor(0.1), count: count))
      }
      add(name, Edges.numbers) { update(Optimizer.Rate($0)) }
      add("Optimizer.Rate.init", all) { update(Optimizer.Rate($0)) }
      add("Optimizer.Rate.each", [0, 1, 2, 3]) { update(rates($0)) }
      refuse("Optimizer.Rate.each", [0, 1, 3]) { update(rates($0)) }
      add("Optimizer.initialState", all) { make(0.1).initialState($0) }
      // States without their buffers or with too many, gradients of other weights.
      refuse("TrainingState.init", [3, 4]) { count in
        make(0.1).update(
          TrainingState(weights: weights, slots: Array(repeating: weights, count: count)),
          gradient: weights, time: time)
      }
      let gradients = [[], [weights[0]], weights + weights, [weights[1], weights[0]]]
      refuse("Optimizer.update", gradients) {
        make(0.1).update(make(0.1).initialState(weights), gradient: $0, time: time)
      }
      add("Optimizer.update", gradients) { gradient in
        make(0.1).update(
          TrainingState(weights: weights, slots: [gradient, gradient]), gradient: weights,
          time: time)
      }
      add("Optimizer.update", all, all) {
        make(0.1).update(make(0.1).initialState($0), gradient: $1, time: time)
      }
      refuse("Optimizer.update", [Edges.broken]) {
        make(0.1).update(make(0.1).initialState($0), gradient: $0, time: time)
      }
      add("Time.init", Edges.integers) { update(0.1, Time(step: $0)) }
    }
    refuse("TrainingState.init", [0, 1, 3]) { count in
      Optimizer.adam(rate: 0.1).update(
        TrainingState(weights: weights, slots: Array(repeating: weights, count: count)),
        gradient: weights, time: time)
    }
    refuse("Time.init", [.min, -1, 1 << 31, 1 << 33, .max]) { Time(step: $0) }
    add("Time.init", all, all) { Time(index: $0, number: $1) }
    add("Schedule.perStep", all, Edges.integers) { Schedule.perStep($0, Time(step: $1)) }
    add("Schedule.exponential", all, Edges.numbers) {
      Schedule.exponential($0, factor: $0, every: $1, time)
    }
    add("Schedule.cosine", all, Edges.integers) { Schedule.cosine($0, steps: $1, time) }
    add("Schedule.inverseTime", all, all) { Schedule.inverseTime($0, decay: $1, time) }
    add("Schedule.warmUp", all, Edges.integers) { Schedule.warmUp($0, steps: $1, time) }
    refuse("Schedule.warmUp", [.min, -1]) { Schedule.warmUp(Tensor(1), steps: $0, time) }
    refuse("Schedule.cosine", [.min, -1]) { Schedule.cosine(Tensor(1), steps: $0, time) }
    add("LBFGS.init", Edges.numbers, [.min, -1, 0, 1, 1 << 33, .max], [.min, -1, 0, 1, .max]) {
      let method = LBFGS(tolerance: $0, memory: $1, iterations: $2)
      return try method.minimize(from: [1, 2]) { x, gradient in
        gradient = x
        return 0.5 * (x[0] * x[0] + x[1] * x[1])
      }.outcome.description
    }
    add("LBFGS.init", Edges.numbers) { rounding in
      try LBFGS(rounding: rounding).minimize(from: [1.0]) { x, gradient in
        gradient = [2 * x[0]]
        return x[0] * x[0]
      }.iterations
    }
    // Objectives that are no functions, or change their length.
    add("LBFGS.minimize", Edges.numbers, [0, 1, 2, 3]) { value, count in
      try LBFGS(iterations: 20).minimize(from: [1, 2]) { _, gradient in
        gradient = [Double](repeating: value, count: count)
        return value
      }.outcome.advice ?? ""
    }
    add("LBFGS.minimize", all) {
      try LBFGS(iterations: 3).minimize(from: $0) { $0.square().sum() }.point
    }
  }
}
