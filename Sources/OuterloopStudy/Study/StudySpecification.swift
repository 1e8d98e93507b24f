public import OuterloopText

/// What a study is: fixed when it is created, except for the budget and the attributes.
public struct StudySpecification: Sendable, Hashable, Codable {
  /// The study's name, unique in its store.
  public var name: String
  /// What is searched.
  public var space: SearchSpace
  /// One or more, in the order in which values are listed.
  public var objectives: [Objective]
  /// Constraints on results; a trial that violates one is never the best.
  public var constraints: [OutcomeConstraint]
  /// The cost of trials, for cost-aware search.
  public var cost: TrialCost?
  /// Priors of where good values lie.
  public var priors: [ParameterPrior]
  /// Results of an earlier study, by the parameters and objectives that this one has too: `gp` learns from
  /// them where good values lie. They are not trials of this study.
  public var earlier: [KnownResult]
  /// How it is searched.
  public var method: MethodDescription
  /// Names the random streams: the same seed and events give the same suggestions.
  public var seed: UInt64
  /// Epochs of a full training; 1 for objectives without epochs.
  public var epochs: Int
  /// How much it may use, in total.
  public var budget: Budget
  /// How often a trial that failed with an error is retried.
  public var retries: Int
  /// How many workers may be lost during a trial before it fails as lost.
  public var maxAttempts: Int
  /// Data that others store with the study, by name: the command to run, notes.
  public var attributes: [String: String]

  /// - Throws: `StudyError` for an empty space, no objective, one metric twice, or bounds that are
  ///   not numbers; `SpaceError` for priors that do not suit the space.
  public init(
    name: String, space: SearchSpace, objectives: [Objective],
    constraints: [OutcomeConstraint] = [], cost: TrialCost? = nil, priors: [ParameterPrior] = [],
    earlier: [KnownResult] = [], method: MethodDescription, seed: UInt64, epochs: Int = 1,
    budget: Budget = Budget(),
    retries: Int = 0,
    maxAttempts: Int = 3, attributes: [String: String] = [:]
  ) throws {
    self.name = name
    self.space = space
    self.objectives = objectives
    self.constraints = constraints
    self.cost = cost
    self.priors = try space.checked(priors)
    self.earlier = Self.comparable(earlier, space, objectives)
    self.method = method
    self.seed = seed
    self.epochs = epochs
    self.budget = budget
    self.retries = retries
    self.maxAttempts = maxAttempts
    self.attributes = attributes
    try check()
  }

  private func check() throws {
    guard !name.isEmpty else { throw StudyError("a study needs a name", "name it") }
    guard !space.parameters.isEmpty || isGrowing else {
      throw StudyError("the space of study `\(name)` is empty", "declare at least one parameter")
    }
    guard !objectives.isEmpty else {
      throw StudyError(
        "study `\(name)` has no objective", "say which metric to minimize or maximize")
    }
    for (index, objective) in objectives.enumerated() {
      guard !objective.metric.isEmpty else {
        throw StudyError("an objective has no name", "name the metric")
      }
      if objectives[..<index].contains(where: { $0.metric == objective.metric }) {
        throw StudyError(
          "metric `\(objective.metric)` is an objective twice", "remove one of them")
      }
    }
    for constraint in constraints {
      guard !constraint.metric.isEmpty, constraint.bound.isFinite else {
        throw StudyError(
          "the constraint `\(constraint)` cannot be kept", "name a metric and a finite bound")
      }
    }
    if let metric = cost?.metric, metric.isEmpty {
      throw StudyError("the metric that says the cost has no name", "name it")
    }
    guard epochs >= 1 else {
      throw StudyError("\(epochs) epochs cannot be trained", "say 1 or more")
    }
    guard retries >= 0 else {
      throw StudyError("\(retries) retries cannot be made", "say 0 or more")
    }
    guard maxAttempts >= 1 else {
      throw StudyError("a trial that may be begun \(maxAttempts) times never runs", "say 1 or more")
    }
  }

  /// The imported results that are comparable with this study's: those with a finite value of every
  /// objective, and with values that its parameters can have.
  private static func comparable(
    _ results: [KnownResult], _ space: SearchSpace, _ objectives: [Objective]
  ) -> [KnownResult] {
    let metrics = Set(objectives.map(\.metric))
    return results.compactMap { result in
      var kept = result
      kept.values = result.values.filter { metrics.contains($0.key) && $0.value.isFinite }
      kept.params = [:]
      for (name, value) in result.params {
        guard let place = space.index(of: name) else { continue }
        kept.params[name] = space.parameters[place].domain.canonical(value)
      }
      kept.seconds = nil
      return kept.values.count == metrics.count && !kept.params.isEmpty ? kept : nil
    }
  }

  /// The part of it that may change.
  public var settings: StudySettings {
    get { StudySettings(budget: budget, attributes: attributes) }
    set { (budget, attributes) = (newValue.budget, newValue.attributes) }
  }

  /// The random seed of a trial's own program: the same for all attempts at it.
  public func seed(ofTrial number: Int) -> UInt64 {
    var z = seed &+ UInt64(truncatingIfNeeded: number &+ 1) &* 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9  // SplitMix64
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    // 31 bits, which generators of every language accept.
    return (z ^ (z >> 31)) >> 33
  }
}

/// The settings of a study that may change.
public struct StudySettings: Sendable, Hashable {
  /// How much the study may use, in total.
  public var budget: Budget
  /// See `StudySpecification.attributes`.
  public var attributes: [String: String]

  /// Settings from their parts.
  public init(budget: Budget = Budget(), attributes: [String: String] = [:]) {
    self.budget = budget
    self.attributes = attributes
  }

  /// The events that record the changes.
  package func changes(since old: StudySettings) -> [Event.Kind] {
    var changes: [Event.Kind] = budget == old.budget ? [] : [.budgeted(budget)]
    let names = Set(attributes.keys).union(old.attributes.keys)
      .filter { attributes[$0] != old.attributes[$0] }
    for name in names.sorted() {
      guard let place = NoteTarget(attribute: name) else { continue }
      changes.append(.annotated(trial: place.trial, attributes[name] ?? ""))
    }
    return changes
  }
}

/// What a note belongs to: a trial, or the study.
package struct NoteTarget: Sendable, Hashable {
  /// Nil: on the study.
  package let trial: Int?

  package init(trial: Int?) { self.trial = trial }

  /// The attribute that holds the note.
  package var attribute: String { trial.map { "\(Self.prefix).\($0)" } ?? Self.prefix }

  private static let prefix = "notes"

  /// Nil: the attribute holds something else.
  init?(attribute: String) {
    if attribute == Self.prefix {
      trial = nil
    } else {
      guard let number = Int(attribute.dropFirst(Self.prefix.count + 1)),
        NoteTarget(trial: number).attribute == attribute
      else { return nil }
      trial = number
    }
  }
}

/// How much a study may spend; each part is a total over its lifetime, nil: unlimited.
public struct Budget: Sendable, Hashable, Codable {
  /// Trials created, whatever their outcome.
  public var trials: Int?
  /// Epochs trained, over all trials; a trial that has started is trained to its end.
  public var epochs: Int?
  /// Seconds during which at least one trial ran.
  public var seconds: Double?

  /// A total of trials, epochs or seconds; nil for no bound.
  public init(trials: Int? = nil, epochs: Int? = nil, seconds: Double? = nil) {
    self.trials = trials
    self.epochs = epochs
    self.seconds = seconds
  }
}

/// What is wrong with a study or its store, and what to do about it.
public struct StudyError: ExplainedError, Hashable {
  public var what: String
  public var remedy: String
  /// What callers match on.
  public var cause: Cause

  /// What kind of error it is.
  public enum Cause: Sendable, Hashable {
    /// The constraints of the space leave no configuration to try.
    case infeasible
    /// Any other cause.
    case other
  }

  /// An error and what to do about it.
  public init(_ what: String, _ remedy: String, cause: Cause = .other) {
    self.what = what
    self.remedy = remedy
    self.cause = cause
  }
}

extension StudySpecification {
  /// What makes this another study than `other`; nil if suggestions would be the same.
  public func difference(from other: StudySpecification) -> String? {
    if space != other.space { return "another space" }
    if objectives != other.objectives { return "other objectives" }
    if constraints != other.constraints { return "other constraints" }
    if cost != other.cost { return "another cost" }
    if priors != other.priors { return "other priors" }
    if earlier != other.earlier { return "other earlier results" }
    if method != other.method { return "another search method, \(method)" }
    if seed != other.seed { return "another seed, \(seed)" }
    if epochs != other.epochs { return "another number of epochs, \(epochs)" }
    return nil
  }
}
