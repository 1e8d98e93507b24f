internal import OuterloopText

/// The columns by which lists of a study's trials are sorted and filtered: the parameters, the
/// metrics, and `number`, `state`, `reason`, `seconds`, `epoch` and `attempts`.
///
/// An ambiguous name means the parameter, then the metric; `param.NAME` and `value.NAME` are
/// unambiguous. `trial` and `time` are `number` and `seconds`, as tables call them.
public struct TrialColumns: Sendable {
  enum Content: Sendable, Hashable {
    case parameter(Int)
    /// With its index among the objectives, if it is one.
    case metric(String, objective: Int?)
    case number, state, reason, seconds, epoch, attempts
  }

  /// The values of the column `state`.
  package static let states = [
    "waiting", "running", "stale", "paused", "complete", "pruned", "failed",
  ]

  /// The columns as a vocabulary for filter statements.
  let vocabulary: SearchSpace
  private let contents: [Content]

  /// - Parameter metrics: the names of all metrics that may have been reported, objectives or not.
  public init(_ specification: StudySpecification, metrics: [String] = []) {
    let parameters = specification.space.parameters
    let objectives = specification.objectives.map(\.metric)
    let names = objectives + metrics.filter { !objectives.contains($0) }
    var things: [Parameter] = []
    var contents: [Content] = []
    var taken: Set<String> = []
    func add(_ name: String, _ domain: Domain, _ content: Content) {
      guard taken.insert(name).inserted else { return }
      things.append(Parameter(name: name, domain: domain, condition: nil))
      contents.append(content)
    }
    for (index, parameter) in parameters.enumerated() {
      add(parameter.name, parameter.domain, .parameter(index))
    }
    for name in names {
      add(name, .anyNumber, .metric(name, objective: objectives.firstIndex(of: name)))
    }
    add("state", .categorical(Self.states.map(ParameterValue.text)), .state)
    add("reason", .categorical(FailureReason.allCases.map { .text($0.rawValue) }), .reason)
    for (name, content) in [
      ("number", Content.number), ("trial", .number), ("seconds", .seconds), ("time", .seconds),
      ("epoch", .epoch), ("attempts", .attempts),
    ] {
      add(name, .anyNumber, content)
    }
    for (index, parameter) in parameters.enumerated() {
      add("param." + parameter.name, parameter.domain, .parameter(index))
    }
    for name in names {
      add("value." + name, .anyNumber, .metric(name, objective: objectives.firstIndex(of: name)))
    }
    vocabulary = SearchSpace(of: things)
    self.contents = contents
  }

  /// The column of that name.
  /// - Throws: `StudyError` that lists the existing columns.
  public func column(named name: String) throws -> Column {
    guard let index = vocabulary.index(of: name) else {
      let names = vocabulary.names.all.filter {
        !$0.hasPrefix("param.") && !$0.hasPrefix("value.")
      }
      throw StudyError(
        "trials have no column `\(name)`",
        Spelling.remedy(for: name, among: names, called: "columns"))
    }
    return Column(content: contents[index], domain: vocabulary.parameters[index].domain)
  }

  /// A trial's value in the column at `index`; nil if none.
  func value(_ index: Int, of trial: Trial, isStale: Bool) -> ParameterValue? {
    contents[index].value(of: trial, isStale: isStale)
  }

  /// One of the columns, to sort by.
  public struct Column: Sendable {
    let content: Content
    let domain: Domain

    /// Whether it is the objective at this index.
    public func isObjective(_ place: Int) -> Bool {
      if case .metric(_, let objective) = content { objective == place } else { false }
    }

    /// The index of the objective; nil for all other columns.
    public var objective: Int? {
      if case .metric(_, let objective) = content { objective } else { nil }
    }

    /// A trial's value in the column; nil if none.
    public func value(of trial: Trial, isStale: Bool = false) -> ParameterValue? {
      content.value(of: trial, isStale: isStale)
    }

    /// Trials sorted by their value in the column, ascending: numbers by size, choices of an ordinal
    /// parameter in their order, other strings alphabetically. Trials without a value, or with NaN,
    /// come last, even if `isReversed`; the sort is stable.
    ///
    /// - Complexity: O(n log n).
    public func sorted(
      _ trials: [Trial], isReversed: Bool = false, isStale: (Int) -> Bool = { _ in false }
    ) -> [Trial] {
      let keys = trials.map { key(of: $0, isStale: isStale($0.number)) }
      return trials.indices.sorted { a, b in
        guard let x = keys[a] else { return keys[b] == nil && a < b }
        guard let y = keys[b] else { return true }
        if x < y { return !isReversed }
        if y < x { return isReversed }
        return a < b
      }.map { trials[$0] }
    }

    private enum Key: Comparable {
      case number(Double)
      case text(String)
    }

    private func key(of trial: Trial, isStale: Bool) -> Key? {
      guard let value = value(of: trial, isStale: isStale) else { return nil }
      if case .ordinal = domain, let place = domain.index(of: value) {
        return .number(Double(place))
      }
      if let number = value.number { return .number(number) }
      return .text(value.description)
    }
  }
}

extension TrialColumns.Content {
  func value(of trial: Trial, isStale: Bool) -> ParameterValue? {
    switch self {
    case .parameter(let index):
      return trial.assignment.values.indices.contains(index)
        ? trial.assignment.values[index] : nil
    case .metric(let name, let objective):
      return trial.value(of: name, objective: objective).flatMap { $0.isNaN ? nil : .float($0) }
    case .number: return .int(trial.number)
    case .state: return .text(isStale ? "stale" : trial.state.name)
    case .reason: return trial.state.reason.map { .text($0.rawValue) }
    case .seconds: return trial.attempts.last?.ended == nil ? nil : .float(trial.workingSeconds)
    case .epoch: return trial.lastReport.map { .int($0.epoch) }
    case .attempts: return .int(trial.attempt)
    }
  }
}

extension Trial {
  /// The value of a metric: the result of a complete trial where it is an objective, otherwise the
  /// last reported one.
  ///
  /// - Parameter objective: its index among the objectives, if it is one.
  package func value(of metric: String, objective: Int?) -> Double? {
    if let objective, let values, values.indices.contains(objective) { return values[objective] }
    return lastReport?.values[metric]
  }
}

extension Domain {
  /// The domain of numbers of unknown range.
  fileprivate static let anyNumber: Domain = {
    guard let range = try? NumericRange(-1e300, 1e300) else {
      preconditionFailure("the widest range is one")
    }
    return .float(range)
  }()
}
