import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics

extension AbuseRoom {
  mutating func addHypernetworks() {
    let key = RandomKey(seed: 1)
    let small = Edges.tensors.filter { $0.count < 100 }
    add("Structure.unflattened", Edges.tensors) {
      [Tensor(1), Tensor([1, 2] as [Float])].unflattened($0)
    }
    add("Structure.unflattened", small) { [$0, $0].unflattened([$0, $0].flattened) }
    add("Structure.unflattened") { [Tensor]().unflattened([Tensor]().flattened) }

    add("LinearHypernetwork.init", small, Edges.integers) {
      LinearHypernetwork(base: $0, hyperparameters: $1)(Tensor([1, 2] as [Float]))
    }
    add("LinearHypernetwork.callAsFunction", Edges.tensors) {
      LinearHypernetwork(base: Tensor([1, 2] as [Float]), hyperparameters: 3)($0)
    }
    add("LinearHypernetwork.callAsFunction", Edges.tensors) {
      var network = LinearHypernetwork(base: [Tensor(1), Tensor(2)], hyperparameters: 3)
      network.slopes = [$0]
      return network(Tensor([1, 2, 3] as [Float]))
    }
    add("PerceptronHypernetwork.init", Edges.sizes, [[], [0], [-1], [3], [.max], [2, .max]]) {
      try PerceptronHypernetwork(
        base: Tensor([1, 2] as [Float]), hyperparameters: $0, hidden: $1, key: key
      )(Tensor([1, 2, 3] as [Float]))
    }
    refuse("PerceptronHypernetwork.init", [[], [0], [-1], [.max]]) {
      try PerceptronHypernetwork(
        base: Tensor([1, 2] as [Float]), hyperparameters: 3, hidden: $0, key: key
      )(Tensor([1, 2, 3] as [Float]))
    }
    add("PerceptronHypernetwork.callAsFunction", Edges.tensors) {
      try PerceptronHypernetwork(
        base: Tensor([1, 2] as [Float]), hyperparameters: 3, hidden: [2], key: key)($0)
    }

    add("SelfTuningDense.init", Edges.sizes, Edges.sizes, Edges.sizes) {
      SelfTuningDense($0, $1, hyperparameters: $2, key: key)(
        Tensor.ones([2, 3]), Tensor.ones([3]))
    }
    add("SelfTuningDense.init", small, small) {
      SelfTuningDense(
        base: Dense(weights: $0, bias: $1), response: Dense(weights: $1, bias: $0),
        weightScales: $0, biasScales: $1)(Tensor.ones([2, 3]), Tensor.ones([3]))
    }
    let dense = SelfTuningDense(3, 2, hyperparameters: 3, key: key)
    add("SelfTuningDense.callAsFunction", Edges.tensors, Edges.tensors) { dense($0, $1) }
    add("SelfTuningDense.dense", Edges.tensors) { dense.dense(at: $0) }
    add("SelfTuningConvolution2D.init", Edges.sizes, Edges.sizes, Edges.sizes) {
      SelfTuningConvolution2D(channels: $0, filters: $1, hyperparameters: $2, key: key)(
        Tensor.ones([1, 4, 4, 3]), Tensor.ones([3]))
    }
    add(
      "SelfTuningConvolution2D.init",
      [[], [0, 0], [3], [-1, 3], [.max, 2], [1, 1, 1]], [[], [0, 1], [1], [.max, .max], [-1, 1]]
    ) {
      SelfTuningConvolution2D(
        channels: 3, filters: 2, kernel: $0, stride: $1, hyperparameters: 3, key: key)(
          Tensor.ones([1, 4, 4, 3]), Tensor.ones([3]))
    }
    let convolution = SelfTuningConvolution2D(
      channels: 2, filters: 2, hyperparameters: 3, key: key)
    add("SelfTuningConvolution2D.callAsFunction", Edges.tensors, Edges.tensors) {
      convolution($0, $1)
    }
    add("SelfTuningConvolution2D.convolution2D", Edges.tensors) {
      convolution.convolution2D(at: $0)
    }
  }

  mutating func addLearnedOptimizers() {
    let key = RandomKey(seed: 1)
    let units: [[Int]] = [[], [0], [-1], [2], [.max], [2, 3], [2, .max], [.min]]
    add("CoordinatewiseLSTM.init", units, Edges.types) { units, dtype in
      let lstm = try CoordinatewiseLSTM(units: units, key: key, dtype: dtype)
      return lstm.update(Tensor.ones([3], dtype: dtype), lstm.memory(coordinates: 3)).update
    }
    add("CoordinatewiseLSTM.init", Edges.numbers, Edges.numbers) { k, scale in
      let lstm = try CoordinatewiseLSTM(
        units: [2], preprocessing: .logarithm(k: k), scale: scale, key: key)
      return lstm.update(Tensor.ones([3]), lstm.memory(coordinates: 3)).update
    }
    refuse("CoordinatewiseLSTM.init", [[], [0], [-1], [.max]]) {
      try CoordinatewiseLSTM(units: $0, key: key)
    }
    add("CoordinatewiseLSTM.memory", Edges.integers) {
      try CoordinatewiseLSTM(units: [2], key: key).memory(coordinates: $0).map(\.hidden)
    }
    add("CoordinatewiseLSTM.update", Edges.tensors, [0, 1, 2, 3]) { gradient, layers in
      let lstm = try CoordinatewiseLSTM(units: [2, 2], key: key)
      let memory = lstm.memory(coordinates: gradient.count)
      return lstm.update(gradient, Array((memory + memory).prefix(layers))).update
    }
    add("GradientPreprocessing.callAsFunction", Edges.tensors, Edges.numbers) {
      GradientPreprocessing.logarithm(k: $1)($0)
    }
    add("BilevelProblem.init", Edges.tensors, [0, 1, 3]) { weights, steps in
      let learner = try CoordinatewiseLSTM(units: [2], key: key)
      return try BilevelProblem(
        steps: steps, weights: weights, learner: CoordinatewiseLSTM.self,
        loss: { $0.square().sum() }
      ).hypergradient(at: learner).gradient
    }
  }
}
