internal import OuterloopNumerics

/// Training by heavy ball in fixed point over a run's window, forward and exactly back.
///
/// The state in floating point, weights and momenta in the model's element types, is what losses
/// and adjoint steps see; it is made from the integers, never the other way round.
final class ReversibleTraining {
  private let run: Run
  private let method: any HypergradientMethod
  private let steps: HeavyBallSteps
  private let gradients, momentaAfter, alphas: TensorBuffers
  /// s_t in floating point.
  let state: TensorBuffers
  /// One for each weight tensor.
  var tensors: [FixedPointMomentum] = []
  private var decays: [RationalDecay] = []
  /// Those of the momenta met so far.
  private var known: [Double: RationalDecay] = [:]

  private var count: Int { run.problem.weightTypes.count }
  private var weights: TensorBuffers { run.weights(of: state) }
  var programs: [BoundProgram] { steps.programs }

  /// At the state before the first step.
  init(_ run: Run, _ ball: CompiledHeavyBall, for method: some HypergradientMethod) throws {
    self.run = run
    self.method = method
    let steps = try HeavyBallSteps(run, ball)
    self.steps = steps
    let types = run.problem.weightTypes
    gradients = TensorBuffers(types)
    momentaAfter = TensorBuffers(types)
    alphas = TensorBuffers(types.indices.map { TensorType([steps.rate($0).count], .float64) })
    state = try run.states(1)[0]
    run.countAdjoint()
    run.cost.stateBytes += gradients.byteCount + momentaAfter.byteCount
    try run.begin(at: state)
    try prepare(1)
    // In t steps m grows to t gradients, and to 1 / (1 - mu) of them at the most.
    let leastScale = 1 / Double(run.window.first + run.steps)
    for (index, type) in types.enumerated() {
      let tensor = FixedPointMomentum(
        type, kappa: Swift.max(1 - steps.momentum(index), leastScale))
      tensors.append(tensor)
      let escaped = tensor.set(weights: state[index], momenta: state[count + index])
      guard escaped == nil else { throw outOfRange(index, step: 0) }
      tensor.write(weights: state[index], momenta: state[count + index])
    }
  }

  /// The rates, momenta and decays of step t.
  func prepare(_ t: Int) throws {
    try steps.evaluateRates(t)
    decays = try (0..<count).map { try decay(of: $0, step: t) }
  }

  private func decay(of index: Int, step t: Int) throws -> RationalDecay {
    let momentum = steps.momentum(index)
    if let decay = known[momentum] { return decay }
    guard let decay = RationalDecay(momentum) else {
      let name = run.problem.stateNames[index]
      let what = "the momentum of \(name) is \(momentum) at step \(run.window.first + t)"
      guard let nearest = RationalDecay.nearest(to: momentum) else {
        throw method.refused(
          what + ", and it must be between 0 and 1", "use a momentum such as 0.9, or reverse")
      }
      throw method.refused(
        what + ", which no product of two ratios of whole numbers up to 65536 meets to 1e-9",
        "use the nearest that there is, \(nearest.effective), or reverse")
    }
    known[momentum] = decay
    return decay
  }

  /// s_t from s_{t-1}; the momenta are left in fixed point.
  func advance(_ t: Int) throws {
    try prepare(t)
    try steps.gradient(t, at: weights, to: gradients)
    for index in 0..<count {
      let escaped = tensors[index].advance(
        decay: decays[index], alpha: alpha(index), gradient: gradients[index],
        to: state[index])
      guard escaped == nil else { throw try stopped(index, step: t) }
    }
  }

  /// Writes the state at the end of training.
  func finish() {
    for (index, tensor) in tensors.enumerated() {
      tensor.write(weights: state[index], momenta: state[count + index])
    }
    run.cost.steps = run.steps
    run.cost.reversalBits = tensors.reduce(0) { $0 + $1.buffer.bits }
    run.cost.stateBytes += tensors.reduce(0) { $0 + $1.byteCount }
    run.end = state
  }

  /// s_{t-1} from s_t, the gradient computed again.
  func retreat(_ t: Int) throws {
    try prepare(t)
    keepMomenta()
    for index in 0..<count {
      let escaped = tensors[index].retreatWeights(alpha: alpha(index), to: state[index])
      guard escaped == nil else { throw lost(index, step: t) }
    }
    try steps.gradient(t, at: weights, to: gradients)
    for index in 0..<count {
      let escaped = tensors[index].retreatVelocities(
        decay: decays[index], gradient: gradients[index], to: state[count + index])
      guard escaped == nil else { throw lost(index, step: t) }
    }
    run.cost.recomputedSteps += 1
  }

  /// Keeps m_t for the adjoint step at s_{t-1}.
  func keepMomenta() {
    momentaAfter.copy(from: state.dropFirst(count))
  }

  /// g += a B_t, then a = a A_t, at s_{t-1}: with the decays actually applied to the velocities.
  func adjointStep(_ t: Int) throws {
    try steps.adjointStep(
      t, at: weights, momenta: state.dropFirst(count), momentaAfter,
      decays: decays.map(\.effective))
  }

  /// Throws unless the integers are those that training started at and no bit is left over. A
  /// backward step is one to one, so any error on the way shows here.
  func requireStart() throws {
    let start = try run.states(1)[0]
    try run.begin(at: start)
    for (index, tensor) in tensors.enumerated() {
      let name = run.problem.stateNames[index]
      guard tensor.buffer.isEmpty else {
        throw BilevelError.notReconstructed("bits of \(name) are left over")
      }
      guard tensor.equals(weights: start[index], momenta: start[count + index]) else {
        throw BilevelError.notReconstructed("\(name) or its momentum has other bits")
      }
    }
  }

  /// eta / kappa
  private func alpha(_ index: Int) -> FixedPointMomentum.Alpha {
    let rates = steps.rate(index)
    let values = alphas[index].assumingMemoryBound(to: Double.self)
    for element in rates.indices { values[element] = rates[element] / tensors[index].kappa }
    return FixedPointMomentum.Alpha(values: values, stride: rates.count == 1 ? 0 : 1)
  }

  // MARK: - What went wrong

  private func outOfRange(_ index: Int, step t: Int) -> BilevelError {
    .outOfRange(
      tensor: run.problem.stateNames[index], step: run.window.first + t, steps: run.problem.steps)
  }

  private func stopped(_ index: Int, step t: Int) throws -> BilevelError {
    if try gradients.tensors[index].isAllFinite() { return outOfRange(index, step: t) }
    return .nonFinite(
      tensor: "the gradient of \(run.problem.stateNames[index])", step: run.window.first + t,
      steps: run.problem.steps,
      hint: "training diverged: lower the learning rate, or check the data for extreme values")
  }

  private func lost(_ index: Int, step t: Int) -> BilevelError {
    .notReconstructed(
      "\(run.problem.stateNames[index]) left the range on the way back, before step "
        + "\(run.window.first + t)")
  }
}
