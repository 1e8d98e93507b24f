internal import OuterloopAutodiff
internal import OuterloopNumerics

/// The state of a hypernetwork in training: phi and the scale of the perturbations, kept from
/// update to update.
final class HypernetworkSession: HypergradientSession {
  private let programs: HypernetworkPrograms
  private let problem: CompiledProblem
  private let settings: HypernetworkSettings
  /// phi before and after a step, alternately.
  private var phi: [TensorBuffers] = []
  private var now = 0
  /// lambda that the response is centred at; nil before training begins.
  private var centre: [Tensor]?
  /// Whether the next training starts with the response of the last.
  private var keepsResponse = false
  /// Steps of this training; perturbations drawn and updates of the scale ever made.
  private var taken = 0
  private var draws: UInt64 = 0
  private var updates = 0
  /// rho and Adam's moments of it, s = softplus(rho).
  private var scaleState: [[Tensor]]
  private var scale: [Tensor]

  init(
    _ problem: CompiledProblem, _ settings: HypernetworkSettings,
    of method: some HypergradientMethod
  ) throws {
    self.problem = problem
    self.settings = settings
    programs = try HypernetworkPrograms(problem, settings, of: method)
    let start = try HyperTransform.softplus.free(Tensor([settings.scale])).doubles()[0]
    func everywhere(_ value: Double) throws -> [Tensor] {
      try problem.hyperTypes.map {
        try Tensor(repeating: value, shape: $0.shape, dtype: $0.dtype).materialized()
      }
    }
    scaleState = [try everywhere(start), try everywhere(0), try everywhere(0)]
    scale = try everywhere(settings.scale)
  }

  /// A training from s_0 relearns its response; one that continues from weights keeps it.
  func beginTraining(at hyper: [Tensor], over window: Window) {
    keepsResponse = window.start != nil && !phi.isEmpty
    centre = nil
  }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    if centre == nil { try begin(run) }
    try recentre(at: run.hyper)
    let train = try programs.trainProgram()
    if taken == 0, !keepsResponse {
      for index in 0..<settings.warmUp { try step(train, run, batch: run.window.batch + index) }
    }
    for index in 0..<run.steps { try step(train, run, batch: run.window.batch + index) }
    run.cost.steps = run.steps
    run.cost.liveStates = 2 * (programs.units + 1)
    run.cost.stateBytes = 2 * programs.phiTypes.byteCount

    // b comes first in each block: it is the model at lambda.
    run.end = stack[0]
    try requireFinite(run)
    let loss = try run.outer()
    let validation = try validate(run)
    let response = BestResponse(
      slopes: settings.reportsSlopes ? try slopes(run) : [], scale: scale)
    run.finalCopy = run.end.tensors
    var result = try run.result(loss: loss, programs: [train, validation, problem.outerProgram()])
    result.diagnostics.response = response
    return result
  }

  // MARK: - Training

  /// b starts at the training's first state, with every response zero or as it was; optimizer buffers
  /// start as those of b.
  private func begin(_ run: Run) throws {
    if phi.isEmpty {
      phi = (0..<2).map { _ in TensorBuffers(programs.phiTypes) }
    }
    taken = 0
    if !keepsResponse { try forgetResponse() }
    let stack = stack
    try run.begin(at: stack[0])
    let buffers = stack[0].dropFirst(problem.weightTypes.count)
    for row in 1...programs.units {
      stack[row].dropFirst(problem.weightTypes.count).copy(from: buffers)
    }
    centre = run.hyper
  }

  private func forgetResponse() throws {
    phi[now].setZero()
    let trunk = try (programs.trunk?.leaves ?? []).map { try $0.materialized() }
    phi[now].dropFirst(problem.stateTypes.count).prefix(trunk.count)
      .copy(from: TensorBuffers(holding: trunk))
  }

  private func recentre(at hyper: [Tensor]) throws {
    defer { centre = hyper }
    guard let centre, taken > 0 else { return }
    let program = try programs.recentringProgram()
    let base = TensorBuffers(problem.weightTypes)
    program.bind(.centre, to: TensorBuffers(holding: centre))
    program.bind(.base, to: base)
    try run(program, at: TensorBuffers(holding: hyper), "recentring")
    stack[0].prefix(base.count).copy(from: base)
  }

  private func step(_ program: BoundProgram, _ run: Run, batch: Int) throws {
    program.bind(
      .batch, to: problem.batchTypes.isEmpty ? problem.nothing : try problem.batch(batch))
    // A warm-up counts as training, but schedules have T entries.
    program.bind(.time, to: problem.times[Swift.min(taken, problem.steps - 1)])
    program.bind(.newPhi, to: phi[1 - now])
    try self.run(program, at: run.lambda, "train")
    now = 1 - now
    taken += 1
  }

  /// phi as states, one for b and one for each row of A.
  private var stack: TensorMemory {
    TensorMemory(rowsOf: phi[now].prefix(problem.stateTypes.count), as: problem.stateTypes)
  }

  /// Binds what all programs read, and runs one of them.
  private func run(
    _ program: BoundProgram, at lambda: TensorBuffers, _ purpose: String
  ) throws {
    program.bind(.phi, to: phi[now])
    program.bind(.hyper, to: lambda)
    program.bind(.rho, to: TensorBuffers(holding: scaleState[0]))
    program.bind(.key, to: TensorBuffers(holding: [try nextKey(purpose)]))
    try program.run()
  }

  private func nextKey(_ purpose: String) throws -> Tensor {
    defer { draws += 1 }
    return try RandomKey(
      seed: settings.seed, purpose: "hypernetwork \(purpose)", index: draws
    ).tensor.materialized()
  }

  /// Reports training that diverged.
  private func requireFinite(_ run: Run) throws {
    for tensor in phi[now].memory.tensors {
      guard try tensor.isAllFinite() else {
        throw BilevelError.nonFinite(
          tensor: "the hypernetwork", step: run.window.first + run.steps, steps: problem.steps,
          hint: "training diverged: lower the learning rate or the scale of the perturbations, and "
            + "keep lambda unconstrained (transform it inside the losses)")
      }
    }
  }

  // MARK: - Validation

  /// Puts the gradient in the run's sum and updates the scale.
  private func validate(_ run: Run) throws -> BoundProgram {
    let program = try programs.validationProgram()
    updates += 1
    program.bind(.firstMoment, to: TensorBuffers(holding: scaleState[1]))
    program.bind(.secondMoment, to: TensorBuffers(holding: scaleState[2]))
    program.bind(
      .time,
      to: TensorBuffers(
        holding: [Tensor([Int32(updates - 1)]), Tensor([Double(updates)], shape: [])]))
    program.bind(.validation, to: try run.validationBatch(run.steps))
    program.bind(.loss, to: problem.lossNumber)
    program.bind(.sum, to: run.sum)
    let results: [Slot] = [.newRho, .newFirstMoment, .newSecondMoment, .scale]
    let made = results.map { _ in TensorMemory(problem.hyperTypes) }
    for (slot, memory) in zip(results, made) { program.bind(slot, to: memory[0]) }
    try self.run(program, at: run.lambda, "validate")
    scaleState = made[..<3].map(\.tensors)
    scale = made[3].tensors
    return program
  }

  private func slopes(_ run: Run) throws -> [Tensor] {
    let program = try programs.slopeProgram()
    let slopes = TensorMemory(program.types(of: .slopes))
    program.bind(.slopes, to: slopes[0])
    try self.run(program, at: run.lambda, "slope")
    return slopes.tensors
  }

  func finishTraining(_ run: Run) throws { try run.train() }
  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}
