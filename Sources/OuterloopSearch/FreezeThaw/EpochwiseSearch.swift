internal import OuterloopNumerics
internal import OuterloopStudy

/// A model that decides which training gets the next epoch.
protocol EpochwiseModel: Sendable {
  /// Updates the model with the observations.
  /// - Returns: whether the observations distinguish trainings.
  mutating func update(_ observed: ObservedCurves) throws -> Bool

  /// A score of each paused trial, then of each new configuration: the largest one gets the next epoch. Nil: no
  /// preference.
  func scores(_ choice: EpochwiseChoice) throws -> [Double]?
}

/// The candidates for the next epoch.
struct EpochwiseChoice {
  let resting: [Trial]
  let new: [Candidate]
  let observed: ObservedCurves
  let history: History
  /// How many more epochs the budget allows a training.
  let epochsLeft: Int
  /// The key of the model's random numbers.
  let key: RandomKey

  /// Running trials, which a model may treat as trained already.
  func underWay(of epochs: Int) -> [Trial] {
    history.trials.filter { $0.isUnderWay && min($0.through, epochs) > $0.epoch }
  }
}

/// A search that trains all trials concurrently, one epoch at a time, and asks a model after each epoch which one
/// continues or whether a new configuration starts; space-filling ones come first.
///
/// - Complexity: that of its model.
struct EpochwiseSearch: Searcher {
  private let specification: StudySpecification
  private let name: String
  private let screening: Double
  private let isConstant: Bool
  private var observed: ObservedCurves
  private var training: EpochwiseTraining
  private var model: any EpochwiseModel

  /// - Parameters:
  ///   - options: the options, which are checked and identify the method and its random numbers.
  ///   - candidates: new candidate configurations per proposal.
  ///   - pool: the available configurations; nil: the entire space.
  ///   - schedule: when the model is fitted.
  /// - Throws: `StudyError` for options out of range, and several objectives.
  init<Options: EpochwiseOptions>(
    _ specification: StudySpecification, _ options: Options, candidates: Int, pool: [Assignment]?,
    _ schedule: FitSchedule, model: (SpaceCoordinates) throws -> any EpochwiseModel
  ) throws {
    try options.check()
    let coordinates = SpaceCoordinates(specification.space)
    self.specification = specification
    name = Options.owner
    screening = options.screening
    isConstant = coordinates.coordinates.isEmpty
    observed = ObservedCurves(specification, coordinates, schedule, rows: options.observations)
    training = try EpochwiseTraining(
      specification,
      NewConfigurations(
        specification, coordinates, candidates: candidates, list: pool,
        staysInside: Options.staysInside),
      for: Options.owner)
    self.model = try model(coordinates)
  }

  mutating func observe(_ event: Event, in history: History) {
    training.new.observe(event, in: history)
    observed.observe(event, in: history)
  }

  mutating func propose(_ number: Int?, in history: History) throws -> Proposal {
    let screening = training.screening(screening)
    switch try training.opening(number, screening: screening, in: history) {
    case .made(let proposal): return proposal
    case .open(let number, let resting):
      if !isConstant, try model.update(observed),
        let choice = try choice(number, resting, in: history)
      {
        return choice
      }
      return try training.unguided(number, resting: resting, in: history)
    }
  }

  func verdict(on trial: Int, in history: History) -> Verdict { .goOn }

  /// The model's choice; nil: it has none.
  private mutating func choice(
    _ number: Int?, _ resting: [Trial], in history: History
  ) throws -> Proposal? {
    let key = RandomKey(
      seed: specification.seed, purpose: name, index: UInt64(truncatingIfNeeded: observed.steps)
    ).split(2)
    let found =
      number == nil
      ? []
      : training.new.options(
        near: observed.best(), trials: history.trials.count, key: key[1])
    guard resting.count + found.count > 0 else { return nil }
    let scores = try model.scores(
      EpochwiseChoice(
        resting: resting, new: found.map(\.candidate), observed: observed, history: history,
        epochsLeft: training.epochsLeft(in: history), key: key[0]))
    return scores.flatMap { training.best($0, of: resting, found) }
  }
}
