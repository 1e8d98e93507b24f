/// A study in Swift: a space, the objectives, a search method, and a store.
///
///     var space = SearchSpace()
///     let rate = try space.float("rate", 1e-5...1e-1, log: true)
///     let study = try await Study(space, .minimize("loss"), by: .auto())
///     try await study.run(trials: 50) { trial in try train(rate: trial[rate]) }
///     print(try await study.best()?.assignment ?? "nothing")
public struct Study: Sendable {
  /// Where the study is kept.
  public let store: any StudyStore
  /// Which of the store's studies it is.
  public let id: StudyID
  /// What the study is.
  public let specification: StudySpecification
  /// How it searches.
  public let method: SearchMethod
  let source: TrialSource

  /// Creates a study, or continues the one of that name if space, objectives, method and seed are
  /// the same.
  ///
  /// - Throws: `StudyError` if the store holds another study of that name, `SpaceError` for priors that
  ///   do not suit the space.
  public init(
    _ space: SearchSpace, _ objectives: Objective..., constraints: [OutcomeConstraint] = [],
    cost: TrialCost? = nil, priors: [ParameterPrior] = [], earlier: [KnownResult] = [],
    by method: SearchMethod,
    name: String = "study", seed: UInt64 = 0, epochs: Int = 1, retries: Int = 0,
    in store: any StudyStore = MemoryStore()
  ) async throws {
    let wanted = try StudySpecification(
      name: name, space: space, objectives: objectives, constraints: constraints, cost: cost,
      priors: priors, earlier: earlier, method: method.description, seed: seed, epochs: epochs,
      retries: retries)
    self.store = store
    self.method = method
    (id, specification) = try await Self.entered(wanted, in: store)
    source = try await TrialSource(id, in: store, by: method)
  }

  /// The study of that name, created if there is none. Several processes may do so at once: all of
  /// them get the one that was created first.
  private static func entered(
    _ wanted: StudySpecification, in store: any StudyStore
  ) async throws -> (StudyID, StudySpecification) {
    let name = wanted.name
    if try await store.study(named: name) == nil {
      do { return (try await store.create(wanted), wanted) } catch let error as StudyError {
        guard try await store.study(named: name) != nil else { throw error }
      }
    }
    guard let id = try await store.study(named: name) else {
      throw StudyError("study `\(name)` was deleted while it was opened", "try again")
    }
    let kept = try await store.specification(of: id)
    if let difference = kept.difference(from: wanted) {
      throw StudyError(
        "the store has a study `\(name)` with \(difference)", "choose another name, or delete it")
    }
    return (id, kept)
  }

  /// Runs trials until the study has `trials` in total, `parallel` at a time. In a study with epochs
  /// `totalEpochs` bounds what is trained, over all trials; at least one of the two is needed.
  ///
  /// The closure returns the value of the only objective. It may report epochs on the way; an error
  /// it throws fails the trial, and the study continues.
  ///
  /// - Parameter keepsCheckpoints: whether the closure has saved a checkpoint of the last epoch that it
  ///   reported when it returns, so that it need not call `checkpointed`.
  /// - Throws: `StudyError` without a budget, with several objectives or if no trial can run, and
  ///   what access to the store throws. An error of the closure fails its trial.
  public func run(
    trials: Int? = nil, totalEpochs: Int? = nil, parallel: Int = 1, keepsCheckpoints: Bool = false,
    _ objective: @escaping @Sendable (RunningTrial) async throws -> Double
  ) async throws {
    guard let metric = specification.objectives.first?.metric, specification.objectives.count == 1
    else {
      throw StudyError(
        "study `\(specification.name)` has \(specification.objectives.count) objectives",
        "return a dictionary with a value for each")
    }
    try await run(
      trials: trials, totalEpochs: totalEpochs, parallel: parallel,
      keepsCheckpoints: keepsCheckpoints
    ) {
      [metric: try await objective($0)]
    }
  }

  /// As `run` above, for several objectives: the closure returns a value for each.
  ///
  /// - Throws: `StudyError` without a budget or if no trial can run, and what access to the store
  ///   throws. An error of the closure fails its trial.
  public func run(
    trials: Int? = nil, totalEpochs: Int? = nil, parallel: Int = 1, keepsCheckpoints: Bool = false,
    _ objective: @escaping @Sendable (RunningTrial) async throws -> [String: Double]
  ) async throws {
    guard trials != nil || totalEpochs != nil else {
      throw StudyError(
        "nothing bounds what study `\(specification.name)` spends",
        "give the total number of trials, or of epochs")
    }
    try await store.update(id) { ($0.budget.trials, $0.budget.epochs) = (trials, totalEpochs) }
    var driver = StudyDriver(id, in: store, by: method)
    driver.parallel = parallel
    try await driver.run(ClosureWork(objective: objective, keepsCheckpoints: keepsCheckpoints))
  }

  /// All trials, by number.
  ///
  /// - Throws: what access to the store throws.
  public func trials() async throws -> [Trial] {
    try await store.trials(of: id, matching: TrialQuery())
  }

  /// The best complete trial of the first objective among those that satisfy the constraints.
  ///
  /// - Throws: what access to the store throws.
  public func best() async throws -> Trial? {
    specification.best(in: try await store.history(of: id))
  }
}
