internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// The programs of a hypernetwork on flat lists of tensors.
///
/// phi is one list: the *stack*, for each tensor of the state its values for b and the H rows of A
/// along a leading axis (so that the problem's optimizer, mapped over that axis, trains them all);
/// then the trunk's tensors and Adam's two moments of them, if there are hidden layers.
///
/// Order of inputs: phi, lambda, rho (s = softplus rho), key, then what the program adds.
struct HypernetworkPrograms {
  let problem: CompiledProblem
  let objective: CompiledObjective
  let settings: HypernetworkSettings
  /// The hidden layers as they start.
  let trunk: MultilayerPerceptron?
  let phiTypes: [TensorType]

  init(
    _ problem: CompiledProblem, _ settings: HypernetworkSettings,
    of method: some HypergradientMethod
  ) throws {
    self.problem = problem
    self.settings = settings
    objective = try problem.requireObjective(method)
    let dtype = problem.weightTypes.first?.dtype ?? .float32
    let sizes = [problem.hyperCount] + settings.hidden
    trunk =
      settings.hidden.isEmpty
      ? nil
      : MultilayerPerceptron(
        sizes, key: RandomKey(seed: settings.seed, purpose: "hypernetwork trunk"), dtype: dtype)
    let rows = sizes[sizes.count - 1] + 1
    let trunkTypes = trunk?.leafTypes ?? []
    phiTypes =
      problem.stateTypes.map { TensorType([rows] + $0.shape, $0.dtype) }
      + trunkTypes + trunkTypes + trunkTypes
  }

  /// H
  var units: Int { settings.hidden.last ?? problem.hyperCount }

  private struct Arguments {
    /// The whole stack, its weights, the trunk, Adam's moments of the trunk.
    var stack, weights, trunk, moments: [Tensor]
    var hyper, rho: [Tensor]
    var key: Tensor
    var rest: [Tensor]
  }

  private var inputs: [TensorType] {
    phiTypes + problem.hyperTypes + problem.hyperTypes + [TensorType([4], .int32)]
  }

  private func arguments(_ x: [Tensor]) -> Arguments {
    let (states, hypers) = (problem.stateTypes.count, problem.hyperTypes.count)
    let trunks = (phiTypes.count - states) / 3
    let h = phiTypes.count
    return Arguments(
      stack: Array(x[..<states]), weights: Array(x[..<objective.weightCount]),
      trunk: Array(x[states..<(states + trunks)]), moments: Array(x[(states + trunks)..<h]),
      hyper: Array(x[h..<(h + hypers)]), rho: Array(x[(h + hypers)..<(h + 2 * hypers)]),
      key: x[h + 2 * hypers], rest: Array(x[(h + 2 * hypers + 1)...]))
  }

  private func stage(
    _ name: String, _ types: [TensorType], gives outputs: [TensorType],
    _ body: ([Tensor]) throws -> [Tensor]
  ) throws -> Stage {
    // Settings are part of the programs.
    try problem.stage("hypernetwork \(name) \(settings)") {
      try Stage(try Graph(tracing: types, body), invariant: [], gives: outputs)
    }
  }

  // MARK: - The response

  /// h(l): l itself, or the units of the last hidden layer.
  private func features(_ l: [Tensor], _ weights: [Tensor]) -> Tensor {
    let dtype = problem.weightTypes.first?.dtype ?? .float32
    let vector = l.map { $0.cast(to: dtype) }.flattened
    guard let network = trunk?.replacingLeaves(weights) else { return vector }
    return network.activation(network(vector))
  }

  /// w_phi(l) = b + (h(l) - h(centre)) A
  private func response(
    at l: [Tensor], centre: [Tensor], _ weights: [Tensor], _ trunk: [Tensor]
  ) -> [Tensor] {
    var network = LinearHypernetwork(
      base: weights.map { $0.example(0) }, hyperparameters: units)
    network.slopes = weights.map {
      $0.sliced(axis: 0, 1..<(units + 1)).reshaped([units, -1])
    }
    return network(features(l, trunk) - features(centre, trunk))
  }

  /// l + s e, tensor by tensor; e: (Q).
  private func perturbed(_ hyper: [Tensor], _ rho: [Tensor], by e: Tensor) -> [Tensor] {
    let noise = hyper.unflattened(e)
    return hyper.indices.map {
      hyper[$0] + softplus(rho[$0]) * noise[$0].cast(to: hyper[$0].dtype)
    }
  }

  /// The mean of a scalar over standard normal e (Q) in pairs +e, -e.
  private func mean(_ key: Tensor, of body: (Tensor) throws -> Tensor) throws -> Tensor {
    let dtype = problem.weightTypes.first?.dtype ?? .float32
    let samples = settings.samples
    let pairs = (samples + 1) / 2
    let draws = Tensor.normal([pairs, problem.hyperCount], key: key, dtype: dtype)
    guard samples > 1 else { return try body(draws.example(0)).reshaped([]) }
    let all = concatenate([draws, -draws.sliced(axis: 0, 0..<(samples - pairs))])
    return try vmap(all) { try body($0).reshaped([]) }.mean()
  }

  // MARK: - Programs

  /// One training step: (..., batch, time) -> phi'
  func trainStage() throws -> Stage {
    let types = inputs + problem.batchTypes + [TensorType([1], .int32), TensorType([], .float64)]
    return try stage("train", types, gives: phiTypes) { x in
      let a = arguments(x)
      let batch = Array(a.rest[..<problem.batchTypes.count])
      let time = Time(
        index: a.rest[problem.batchTypes.count], number: a.rest[problem.batchTypes.count + 1])
      let slope = try gradient(at: Pair(a.weights, a.trunk)) { phi in
        try mean(a.key) { e in
          let l = perturbed(a.hyper, a.rho, by: e)
          return try objective.loss(
            response(at: l, centre: a.hyper, phi.first, phi.second), l, batch)
        }
      }
      let stack = try vmap(Pair(a.stack, slope.first)) {
        try objective.update($0.first, $0.second, a.hyper, time)
      }
      guard !a.trunk.isEmpty else { return stack }
      let count = a.trunk.count
      let trained = Optimizer.adam(rate: .init(settings.trunkRate)).update(
        TrainingState(
          weights: a.trunk, slots: [Array(a.moments[..<count]), Array(a.moments[count...])]),
        gradient: slope.second, time: time)
      return stack + trained.leaves
    }
  }

  /// One validation step: (..., rho's moments, time, validation batch)
  /// -> (E as float64, its gradient by lambda through the response, rho', its moments, s').
  ///
  /// The gradient is that at lambda itself: averaged over perturbations it would be that of a blurred
  /// E, which is another one wherever E is not quadratic. The scale moves along the mean.
  func validationStage() throws -> Stage {
    let h = problem.hyperTypes.count
    let types =
      inputs + problem.hyperTypes + problem.hyperTypes
      + [TensorType([1], .int32), TensorType([], .float64)] + problem.validationTypes
    let scaleTypes = problem.hyperTypes + problem.hyperTypes + problem.hyperTypes
    return try stage(
      "validation", types,
      gives: [TensorType([], .float64)] + problem.hyperTypes + scaleTypes + problem.hyperTypes
    ) { x in
      let a = arguments(x)
      let moments = [Array(a.rest[..<h]), Array(a.rest[h..<(2 * h)])]
      let time = Time(index: a.rest[2 * h], number: a.rest[2 * h + 1])
      let batch = Array(a.rest[(2 * h + 2)...])
      // Buffers of the optimizer are those of b.
      let buffers = a.stack.dropFirst(a.weights.count).map { $0.example(0) }
      func outer(_ l: [Tensor]) throws -> Tensor {
        let weights = response(at: l, centre: a.hyper, a.weights, a.trunk)
        return try problem.traceOuter(weights + buffers, l, batch)
      }
      let (value, slope) = try valueAndGradient(at: a.hyper) { try outer($0) }
      var scale = TrainingState(weights: a.rho, slots: moments)
      if let rate = settings.scaleRate {
        // Of the mean of E, and of -tau sum log softplus(rho).
        let scaleSlope = try gradient(at: a.rho) { rho in
          let mean = try mean(a.key) { e in try outer(perturbed(a.hyper, rho, by: e)) }
          let entropy = rho.map { log(softplus($0)).sum().cast(to: .float64) }
            .reduce(Tensor(0, dtype: .float64), +)
          return mean.cast(to: .float64) - settings.entropyWeight * entropy
        }
        scale = Optimizer.adam(rate: .init(rate)).update(scale, gradient: scaleSlope, time: time)
      }
      return [value.cast(to: .float64)] + slope + scale.leaves
        + scale.weights.map { softplus($0) }
    }
  }

  /// Moves b along the response when lambda moves: (..., lambda before) -> b
  func recentringStage() throws -> Stage {
    try stage("recentring", inputs + problem.hyperTypes, gives: problem.weightTypes) { x in
      let a = arguments(x)
      return response(at: a.hyper, centre: a.rest, a.weights, a.trunk)
    }
  }

  /// dw_phi/dl at lambda: a row for each number of lambda, for each weight tensor.
  func slopeStage() throws -> Stage {
    let slopes = problem.weightTypes.map {
      TensorType([problem.hyperCount] + $0.shape, $0.dtype)
    }
    return try stage("slope", inputs, gives: slopes) { x in
      let a = arguments(x)
      // Without hidden layers it is A.
      guard trunk != nil else { return a.weights.map { $0.sliced(axis: 0, 1..<(units + 1)) } }
      let rows = Tensor.eye(problem.hyperCount, dtype: .float64)
      return try vmap(rows) { row in
        let direction = a.hyper.unflattened(row)
        return try jvp(
          at: a.hyper, along: zip(direction, a.hyper).map { $0.cast(to: $1.dtype) }
        ) { response(at: $0, centre: a.hyper, a.weights, a.trunk) }.derivative
      }
    }
  }
}
