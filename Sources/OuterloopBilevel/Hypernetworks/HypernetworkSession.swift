internal import OuterloopAutodiff
internal import OuterloopNumerics

/// A hypernetwork at work: phi and the scale of the perturbations, kept from update to update.
final class HypernetworkSession: HypergradientSession {
  private let programs: HypernetworkPrograms
  private let problem: CompiledProblem
  private let settings: HypernetworkSettings
  /// phi before and after a step, by turns.
  private var phi: [[Storage]] = []
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

  /// A training from s_0 learns its response anew; one that goes on from weights keeps it.
  func beginTraining(at hyper: [Tensor], over window: Window) {
    keepsResponse = window.start != nil && !phi.isEmpty
    centre = nil
  }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    if centre == nil { try begin(run) }
    try recentre(at: run.hyper)
    let train = try programs.trainStage()
    if taken == 0, !keepsResponse {
      for index in 0..<settings.warmUp { try step(train, run, batch: run.window.batch + index) }
    }
    for index in 0..<run.steps { try step(train, run, batch: run.window.batch + index) }
    run.cost.steps = run.steps
    run.cost.liveStates = 2 * (programs.units + 1)
    run.cost.stateBytes = 2 * programs.phiTypes.reduce(0) { $0 + $1.byteCount }

    // b comes first in each block: it is the model at lambda.
    run.end = phi[now].prefix(problem.stateTypes.count).map(\.pointer)
    try requireFinite(run)
    let (loss, _, _) = try run.outer()
    let validation = try validate(run)
    let response = BestResponse(
      slopes: settings.reportsSlopes ? try slopes(run) : [], scale: scale)
    run.finalCopy = run.end.tensors(problem.stateTypes)
    var result = try run.result(loss: loss, stages: [train, validation, problem.outerStage()])
    result.diagnostics.response = response
    return result
  }

  // MARK: - Training

  /// b starts at the training's first state, with every response zero or as it was; optimizer buffers
  /// start as those of b.
  private func begin(_ run: Run) throws {
    if phi.isEmpty {
      phi = (0..<2).map { _ in programs.phiTypes.map { Storage(byteCount: $0.byteCount) } }
    }
    taken = 0
    if !keepsResponse { try forgetResponse() }
    let states = phi[now].prefix(problem.stateTypes.count).map(\.pointer)
    try run.begin(at: states)
    for index in problem.weightTypes.count..<problem.stateTypes.count {
      let bytes = problem.stateTypes[index].byteCount
      for row in 1...programs.units {
        (states[index] + row * bytes).copyMemory(from: states[index], byteCount: bytes)
      }
    }
    centre = run.hyper
  }

  private func forgetResponse() throws {
    for storage in phi[now] {
      storage.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: storage.byteCount)
    }
    for (storage, tensor) in zip(
      phi[now].dropFirst(problem.stateTypes.count), programs.trunk?.leaves ?? [])
    {
      let tensor = try tensor.materialized()
      withExtendedLifetime(tensor) {
        storage.pointer.copyMemory(from: tensor.memory, byteCount: tensor.type.byteCount)
      }
    }
  }

  private func recentre(at hyper: [Tensor]) throws {
    defer { centre = hyper }
    guard let centre, taken > 0 else { return }
    let stage = try programs.recentringStage()
    let base = problem.weightTypes.map { Storage(byteCount: $0.byteCount) }
    let key = try nextKey("recentring")
    try withExtendedLifetime((base, key, centre, hyper)) {
      bind(stage, hyper, key, rest: centre.map(\.memory))
      stage.bind(outputs: 0, to: base.map(\.pointer))
      try stage.run()
      let present = phi[now].prefix(base.count).map(\.pointer)
      present.copy(from: base.map(\.pointer), problem.weightTypes)
    }
  }

  private func step(_ stage: Stage, _ run: Run, batch: Int) throws {
    let data = problem.batchTypes.isEmpty ? [] : try problem.batch(batch)
    // A warm-up counts as training, but schedules have T entries.
    let place = Swift.min(taken, problem.steps - 1)
    let key = try nextKey("train")
    try withExtendedLifetime((data, key)) {
      bind(
        stage, run.hyper, key,
        rest: data.map(\.memory)
          + [problem.times[0].memory + 4 * place, problem.times[1].memory + 8 * place])
      stage.bind(outputs: 0, to: phi[1 - now].map(\.pointer))
      try stage.run()
    }
    now = 1 - now
    taken += 1
  }

  private func nextKey(_ purpose: String) throws -> Tensor {
    defer { draws += 1 }
    return try RandomKey(
      seed: settings.seed, purpose: "hypernetwork \(purpose)", index: draws
    ).tensor.materialized()
  }

  private func bind(_ stage: Stage, _ hyper: [Tensor], _ key: Tensor, rest: Run.Pointers) {
    stage.bind(
      inputs: 0,
      to: phi[now].map(\.pointer) + hyper.map(\.memory) + scaleState[0].map(\.memory)
        + [key.memory] + rest)
  }

  /// Training that left the numbers is named as such.
  private func requireFinite(_ run: Run) throws {
    for (type, storage) in zip(programs.phiTypes, phi[now]) {
      guard try Tensor(type: type, content: .values(storage)).isAllFinite() else {
        throw BilevelError.nonFinite(
          tensor: "the hypernetwork", step: run.window.first + run.steps, steps: problem.steps,
          hint: "training diverged: lower the learning rate or the scale of the perturbations, and "
            + "keep lambda unconstrained (transform it inside the losses)")
      }
    }
  }

  // MARK: - Validation

  /// Puts the gradient in the run's sum and updates the scale.
  private func validate(_ run: Run) throws -> Stage {
    let stage = try programs.validationStage()
    let batch =
      problem.validationTypes.isEmpty
      ? [] : try problem.validationBatch(run.window.validation + run.steps - 1)
    let key = try nextKey("validate")
    updates += 1
    let time = [Tensor([Int32(updates - 1)]), Tensor([Double(updates)], shape: [])]
    let loss = Storage(byteCount: 8)
    let made = (0..<4).map { _ in problem.hyperTypes.map { Storage(byteCount: $0.byteCount) } }
    try withExtendedLifetime((batch, key, time, loss, made)) {
      bind(
        stage, run.hyper, key,
        rest: (scaleState[1] + scaleState[2] + time + batch).map(\.memory))
      stage.bind(
        outputs: 0, to: [loss.pointer] + run.sum + made.flatMap { $0 }.map(\.pointer))
      try stage.run()
      let tensors = made.map { $0.map(\.pointer).tensors(problem.hyperTypes) }
      scaleState = Array(tensors[..<3])
      scale = tensors[3]
    }
    return stage
  }

  private func slopes(_ run: Run) throws -> [Tensor] {
    let stage = try programs.slopeStage()
    let types = problem.weightTypes.map {
      TensorType([problem.hyperCount] + $0.shape, $0.dtype)
    }
    let made = types.map { Storage(byteCount: $0.byteCount) }
    let key = try nextKey("slope")
    return try withExtendedLifetime((made, key)) {
      bind(stage, run.hyper, key, rest: [])
      stage.bind(outputs: 0, to: made.map(\.pointer))
      try stage.run()
      return made.map(\.pointer).tensors(types)
    }
  }

  func finishTraining(_ run: Run) throws { try run.train() }
  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}
