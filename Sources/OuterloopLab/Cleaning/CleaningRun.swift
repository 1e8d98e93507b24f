internal import OuterloopAutodiff
public import OuterloopBilevel
internal import OuterloopLearning
internal import OuterloopNumerics
internal import OuterloopPlatform

/// Data hyper-cleaning (Franceschi et al. 2017): learn a weight in [0, 1] for every training example
/// by the gradient of the validation loss through training; wrong labels end near 0.
///
///     minimise over w:  mean CE on validation of  train(w)     subject to 0 <= w_i <= 1, sum w <= R
///
/// The weights start at R / n. After the last update a final model is trained on the training
/// examples with their weights and on the validation examples with the largest weight.
public struct CleaningRun: Sendable {
  public let data: CleaningData
  public let settings: CleaningSettings
  private let problem: SoftmaxRegression.Problem
  private let loop: OuterLoop<OuterloopNumerics.Tensor>

  public init(_ data: CleaningData, settings: CleaningSettings) throws {
    try settings.validate()
    self.data = data
    self.settings = settings
    // Reports a missing BLAS before a folder is created.
    _ = try BLAS.load()
    try Self.requireMemory(data, settings)
    let n = data.train.count
    let total = settings.total(for: n)
    problem = SoftmaxRegression.problem(
      train: data.train, validation: data.validation, steps: settings.steps,
      rate: settings.rate * Double(n) / total)
    loop = OuterLoop(
      .adam(rate: .init(settings.outerRate), epsilon: 1e-12),
      constraints: [try .cappedSimplex(total: Swift.min(total, Double(n)))])
    try problem.check(settings.estimator.value, at: startingWeights)
  }

  private var startingWeights: OuterloopNumerics.Tensor {
    let n = data.train.count
    let share = Swift.min(1, settings.total(for: n) / Double(n))
    return Tensor([Float](repeating: Float(share), count: n))
  }

  /// The state of a run: everything the next update depends on.
  public struct State: Sendable, Codable, Equatable {
    public var updates = 0
    public var weights: [Float]
    var firstMoment: [Float]
    var secondMoment: [Float]
    /// Validation loss before each update.
    public var losses: [Double] = []
    public var seconds = 0.0
  }

  /// The state before the first update.
  public func start() throws -> State {
    try State(loop.start(at: startingWeights), after: nil, loss: nil, seconds: 0)
  }

  public var isDone: @Sendable (State) -> Bool {
    { [settings] in $0.updates >= settings.hyperSteps }
  }

  /// One update of the weights.
  /// - Throws: `LabError` with cause `diverged`, the training step and the tensor, if training or
  ///   the weights become non-finite.
  public func update(_ state: State) throws -> (state: State, cost: Cost) {
    do {
      return try plainUpdate(state)
    } catch {
      throw Self.diverged(error, in: "update \(state.updates + 1)")
    }
  }

  private func plainUpdate(_ state: State) throws -> (state: State, cost: Cost) {
    let start = ContinuousClock.now
    let current = OuterLoop<OuterloopNumerics.Tensor>.State(
      training: TrainingState(
        weights: Tensor(state.weights),
        slots: [Tensor(state.firstMoment), Tensor(state.secondMoment)]),
      updates: state.updates)
    let result = try problem.hypergradient(at: current.hyper, by: settings.estimator.value)
    let next = try loop.step(current, along: result.gradient)
    let seconds = start.duration(to: .now) / .seconds(1)
    return (
      try State(next, after: state, loss: result.loss, seconds: seconds), result.cost
    )
  }

  /// Trains the final models and measures everything.
  ///
  /// - Parameter beforeTraining: called with the name of each model before it is trained; an error
  ///   it throws ends the run.
  public func finish(
    _ state: State, files: CleaningReport.Files, beforeTraining: (String) throws -> Void = { _ in }
  ) throws -> CleaningReport {
    try CleaningReport(data, settings, state, files: files, beforeTraining)
  }

  /// The error, converted to one of this run if it is a numerical overflow.
  static func diverged(_ error: any Error, in part: String) -> any Error {
    switch error {
    case BilevelError.nonFinite(let tensor, let step, let steps, _):
      // The weights of the examples are a single tensor without a name.
      let name = tensor.hasSuffix(" of ") ? tensor + "the example weights" : tensor
      let place = step.map { "at step \($0) of \(steps)" } ?? "after \(steps) steps"
      return LabError(
        .diverged, "\(part): \(name) became non-finite \(place)",
        remedy: "lower --rate, or check the data for extreme values")
    case ConstraintError.notFinite:
      return LabError(
        .diverged, "\(part): the example weights became non-finite",
        remedy: "lower --outer-rate")
    default: return error
    }
  }

  /// Refuses a stored trajectory that is larger than the machine's memory.
  private static func requireMemory(_ data: CleaningData, _ settings: CleaningSettings) throws {
    guard settings.estimator == .reverse else { return }
    let floats = (data.train.exampleSize + 1) * data.train.classCount
    let bytes = 4 * Double(floats) * Double(settings.steps + 2)
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let size = sysconf(Int32(_SC_PAGESIZE))
    guard pages > 0, size > 0, bytes > Double(pages) * Double(size) else { return }
    let half = Int(Double(pages) * Double(size) / 2e9)
    throw LabError(
      .memory,
      "--estimator reverse would keep \(settings.steps) models of \(floats) numbers, "
        + "\(Int(bytes / 1e9)) GB, more than this machine's memory",
      remedy: "bound it with --estimator reverse:\(Swift.max(1, half))GB, or lower --steps")
  }
}

extension CleaningRun.State {
  fileprivate init(
    _ loop: OuterLoop<OuterloopNumerics.Tensor>.State, after previous: Self?, loss: Double?,
    seconds: Double
  ) throws {
    updates = loop.updates
    weights = try loop.hyper.scalars()
    firstMoment = try loop.training.slots[0].scalars()
    secondMoment = try loop.training.slots[1].scalars()
    losses = (previous?.losses ?? []) + (loss.map { [$0] } ?? [])
    self.seconds = (previous?.seconds ?? 0) + seconds
  }
}
