internal import OuterloopAutodiff
internal import OuterloopNumerics

/// Trains from update to update of lambda as a schedule says, and asks a method for the
/// hypergradient of each window.
final class TrainingDriver {
  private let problem: CompiledProblem
  private let method: any HypergradientMethod
  private let session: any HypergradientSession
  private let schedule: TrainingSchedule
  private let every: Int
  private var window: Window
  /// Trainings begun.
  private var trainings = 0
  /// The state before the last window's, of which the driver has no more need.
  private var retired: [Tensor] = []
  /// Weights that the training under way started at, where they are carried over.
  private var phi: [Tensor] = []

  init(
    _ problem: CompiledProblem, _ method: any HypergradientMethod, _ chosen: TrainingSchedule?
  ) throws {
    self.problem = problem
    self.method = method
    let schedule = chosen ?? method.schedule
    self.schedule = schedule
    every = schedule.every ?? problem.steps
    guard every >= 1, every <= problem.steps else {
      throw BilevelError.invalid(
        "an update of lambda every \(every) steps of a training of \(problem.steps)",
        remedy: "use 1...\(problem.steps)")
    }
    if let trainings = schedule.trainings, trainings < 1 {
      throw BilevelError.invalid("a schedule of \(trainings) trainings", remedy: "use 1 or more")
    }
    try method.check(problem, steps: every)
    session = try method.session(problem)
    window = Window(steps: every)
    window.continues = !schedule.repeatsData
    if case .reptile(let rate, let tasks) = schedule.start {
      guard rate > 0, rate <= 1 else {
        throw BilevelError.invalid("a Reptile rate of \(rate)", remedy: "use a number in (0, 1]")
      }
      _ = try problem.requireObjective("Reptile")
      guard tasks >= 1, tasks == 1 || problem.weightTypes.allSatisfy({ $0.shape.first == tasks })
      else {
        throw BilevelError.invalid(
          "Reptile over \(tasks) tasks, but the weights are \(problem.weightTypes)",
          remedy: "give each a leading axis of tasks")
      }
      if problem.initialUses.contains(true) {
        throw BilevelError.invalid(
          "the initial state depends on \(problem.initialNames), but by this schedule's start "
            + ".reptile weights are carried into it", remedy: "use the start .fresh")
      }
    }
    let isPartial = every < problem.steps
    if isPartial, !session.seesInitialState, problem.initialUses.contains(true) {
      throw method.refused(
        "the initial state depends on \(problem.initialNames), which updates every \(every) of "
          + "\(problem.steps) steps do not see",
        "use the schedule .restarted, or realTime(every: \(every))")
    }
  }

  /// How many updates to make: as many as are wanted, if the schedule has them, or all that it has.
  func updates(wanted: Int?) throws -> Int {
    if let wanted, wanted < 0 {
      throw BilevelError.invalid("`updates` is \(wanted)", remedy: "use 0 or more")
    }
    guard let trainings = schedule.trainings else {
      if let wanted { return wanted }
      throw BilevelError.invalid(
        "`updates` is missing",
        remedy: "training begins again whenever it ends, so there is no last update")
    }
    let all = (problem.steps / every).multipliedReportingOverflow(by: trainings)
    let most = all.overflow ? .max : all.partialValue
    guard let wanted else { return most }
    guard wanted <= most else {
      throw BilevelError.invalid(
        "`updates` is \(wanted), and the schedule has \(most): it trains "
          + (trainings == 1 ? "once" : "\(trainings) times")
          + " for \(problem.steps) steps, with an update every \(every); ask for fewer or for none in "
          + "particular, take more `steps`, or pass `training: .online(every: \(every))`")
    }
    return wanted
  }

  /// The hypergradient at `hyper` by the next window of training.
  func next(at hyper: [Tensor]) throws -> EstimatorResult {
    if trainings == 0 {
      try beginTraining(at: hyper, from: nil)
    } else if window.first + every > problem.steps {
      try finishTraining(at: hyper)
    }
    problem.recycle(retired)
    retired = []
    let run = try Run(problem, hyper: hyper, window: window)
    let result = try session.hypergradient(run)
    try result.require(problem, by: method)
    advance(by: every, to: result.state)
    return result
  }

  /// The outer loop has gone back from the lambda of the last hypergradient.
  func stepWasRejected() { session.stepWasRejected() }

  private func advance(by steps: Int, to state: [Tensor]) {
    window.first += steps
    window.batch += steps
    window.validation += steps
    retired = window.start ?? []
    window.start = state
  }

  private func beginTraining(at hyper: [Tensor], from start: [Tensor]?) throws {
    trainings += 1
    window.first = 0
    if schedule.repeatsData { window.batch = 0 }
    window.start = start
    if case .reptile = schedule.start, phi.isEmpty { phi = try initialState(at: hyper) }
    var whole = window
    whole.steps = problem.steps
    try session.beginTraining(at: hyper, over: whole)
  }

  /// Trains the steps that are left, and starts the next training as the schedule says.
  private func finishTraining(at hyper: [Tensor]) throws {
    let left = problem.steps - window.first
    if left > 0 {
      var rest = window
      rest.steps = left
      let run = try Run(problem, hyper: hyper, window: rest)
      try session.finishTraining(run)
      advance(by: left, to: try run.lastState())
    }
    guard case .reptile(let rate, let tasks) = schedule.start, let end = window.start else {
      return try beginTraining(at: hyper, from: nil)
    }
    for index in problem.weightTypes.indices {
      var target = end[index]
      if tasks > 1 {
        target = target.mean(axes: [0], keeping: true).broadcast(to: target.shape)
      }
      phi[index] = rate == 1 ? target : phi[index] - rate * (phi[index] - target)
    }
    try beginTraining(at: hyper, from: phi)
  }

  private func initialState(at hyper: [Tensor]) throws -> [Tensor] {
    let run = try Run(problem, hyper: hyper)
    let memory = try run.states(1)
    try run.begin(at: memory[0])
    return memory[0].tensors
  }
}
