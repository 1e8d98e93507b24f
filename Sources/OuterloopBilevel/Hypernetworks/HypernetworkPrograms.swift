internal import OuterloopAutodiff
internal import OuterloopLearning
internal import OuterloopNumerics

/// The programs of a hypernetwork on flat lists of tensors.
///
/// phi is one list: the *stack*, for each tensor of the state its values for b and the H rows of A
/// along a leading axis (so that the problem's optimizer, mapped over that axis, trains them all);
/// then the trunk's tensors and Adam's two moments of them, if there are hidden layers.
///
/// All read phi, lambda, rho (s = softplus rho) and a key.
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

  /// The stack's weights, its other tensors, the trunk, and Adam's two moments of the trunk.
  private func parts(
    _ phi: [Tensor]
  ) -> (weights: [Tensor], buffers: [Tensor], trunk: [Tensor], moments: [[Tensor]]) {
    let (weights, states) = (problem.weightTypes.count, problem.stateTypes.count)
    let trunk = phi[states...].prefix((phi.count - states) / 3)
    let moments = phi.dropFirst(states + trunk.count)
    return (
      Array(phi[..<weights]), Array(phi[weights..<states]), Array(trunk),
      [Array(moments.prefix(trunk.count)), Array(moments.dropFirst(trunk.count))]
    )
  }

  private func program(
    _ name: String, with extra: [Slot] = [], writes: [Slot],
    _ trace: (TracedInputs) throws -> [Slot: [Tensor]]
  ) throws -> BoundProgram {
    // Settings are part of the programs.
    try problem.program(
      "hypernetwork \(name) \(settings)", reads: [.phi, .hyper, .rho, .key] + extra,
      writes: writes,
      types: [
        .phi: phiTypes, .newPhi: phiTypes, .slopes: slopeTypes,
        .key: [TensorType([4], .int32)],
      ], trace)
  }

  /// dw/dlambda: a row for each number of lambda, for each weight tensor.
  private var slopeTypes: [TensorType] {
    problem.weightTypes.map { TensorType([problem.hyperCount] + $0.shape, $0.dtype) }
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
  func trainProgram() throws -> BoundProgram {
    try program("train", with: [.batch, .time], writes: [.newPhi]) { x in
      let (phi, hyper) = (parts(x[.phi]), x[.hyper])
      let slope = try gradient(at: Pair(phi.weights, phi.trunk)) { phi in
        try mean(x[.key][0]) { e in
          let l = perturbed(hyper, x[.rho], by: e)
          return try objective.loss(
            response(at: l, centre: hyper, phi.first, phi.second), l, x[.batch])
        }
      }
      let stack = try vmap(Pair(phi.weights + phi.buffers, slope.first)) {
        try objective.update($0.first, $0.second, hyper, x.time)
      }
      guard !phi.trunk.isEmpty else { return [.newPhi: stack] }
      let trained = Optimizer.adam(rate: .init(settings.trunkRate)).update(
        TrainingState(weights: phi.trunk, slots: phi.moments), gradient: slope.second,
        time: x.time)
      return [.newPhi: stack + trained.leaves]
    }
  }

  /// One validation step: (..., rho's moments, time, validation batch) -> (E, its gradient with
  /// respect to lambda through the response, rho', its moments, s').
  ///
  /// The gradient is that at lambda itself: averaged over perturbations it would be that of a blurred
  /// E, which differs wherever E is not quadratic. The scale moves along the mean.
  func validationProgram() throws -> BoundProgram {
    try program(
      "validation", with: [.firstMoment, .secondMoment, .time, .validation],
      writes: [.loss, .sum, .newRho, .newFirstMoment, .newSecondMoment, .scale]
    ) { x in
      let (phi, hyper) = (parts(x[.phi]), x[.hyper])
      // Buffers of the optimizer are those of b.
      let buffers = phi.buffers.map { $0.example(0) }
      func outer(_ l: [Tensor]) throws -> Tensor {
        let weights = response(at: l, centre: hyper, phi.weights, phi.trunk)
        return try problem.traceOuter(weights + buffers, l, x[.validation])
      }
      let (value, slope) = try valueAndGradient(at: hyper) { try outer($0) }
      var scale = TrainingState(
        weights: x[.rho], slots: [x[.firstMoment], x[.secondMoment]])
      if let rate = settings.scaleRate {
        // Of the mean of E, and of -tau sum log softplus(rho).
        let scaleSlope = try gradient(at: x[.rho]) { rho in
          let mean = try mean(x[.key][0]) { e in try outer(perturbed(hyper, rho, by: e)) }
          let entropy = rho.map { log(softplus($0)).sum().cast(to: .float64) }
            .reduce(Tensor(0, dtype: .float64), +)
          return mean.cast(to: .float64) - settings.entropyWeight * entropy
        }
        scale = Optimizer.adam(rate: .init(rate)).update(
          scale, gradient: scaleSlope, time: x.time)
      }
      return [
        .loss: [value.cast(to: .float64)], .sum: slope, .newRho: scale.weights,
        .newFirstMoment: scale.slots[0], .newSecondMoment: scale.slots[1],
        .scale: scale.weights.map { softplus($0) },
      ]
    }
  }

  /// Moves b along the response when lambda moves: (..., lambda before) -> b
  func recentringProgram() throws -> BoundProgram {
    try program("recentring", with: [.centre], writes: [.base]) { x in
      let phi = parts(x[.phi])
      return [
        .base: response(at: x[.hyper], centre: x[.centre], phi.weights, phi.trunk)
      ]
    }
  }

  /// dw_phi/dl at lambda.
  func slopeProgram() throws -> BoundProgram {
    try program("slope", writes: [.slopes]) { x in
      let (phi, hyper) = (parts(x[.phi]), x[.hyper])
      // Without hidden layers it is A.
      guard trunk != nil else {
        return [.slopes: phi.weights.map { $0.sliced(axis: 0, 1..<(units + 1)) }]
      }
      let rows = Tensor.eye(problem.hyperCount, dtype: .float64)
      let slopes = try vmap(rows) { row in
        let direction = hyper.unflattened(row)
        return try jvp(
          at: hyper, along: zip(direction, hyper).map { $0.cast(to: $1.dtype) }
        ) { response(at: $0, centre: hyper, phi.weights, phi.trunk) }.derivative
      }
      return [.slopes: slopes]
    }
  }
}

extension Slot {
  static let phi = Slot("phi", .listed)
  static let newPhi = Slot("newPhi", .listed)
  /// rho and Adam's moments of it, before and after.
  static let rho = Slot("rho", .hyper)
  static let firstMoment = Slot("firstMoment", .hyper)
  static let secondMoment = Slot("secondMoment", .hyper)
  static let newRho = Slot("newRho", .hyper)
  static let newFirstMoment = Slot("newFirstMoment", .hyper)
  static let newSecondMoment = Slot("newSecondMoment", .hyper)
  /// s
  static let scale = Slot("scale", .hyper)
  /// Of the random numbers.
  static let key = Slot("key", .listed)
  /// lambda before, and b.
  static let centre = Slot("centre", .hyper)
  static let base = Slot("base", .weights)
  static let slopes = Slot("slopes", .listed)
}
