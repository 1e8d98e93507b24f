/// A result for a configuration that is known from elsewhere: another study, a file, a notebook.
public struct KnownResult: Sendable, Hashable, Codable {
  /// The configuration.
  public var params: [String: ParameterValue]
  /// By metric; empty: the configuration is worth trying, its result is unknown.
  public var values: [String: Double]
  /// How long it took, in seconds.
  public var seconds: Double?

  /// A configuration with what is known of it.
  public init(
    params: [String: ParameterValue], values: [String: Double] = [:], seconds: Double? = nil
  ) {
    self.params = params
    self.values = values
    self.seconds = seconds
  }

  /// The result of a complete trial of a study, by metric.
  public init(_ trial: Trial, of specification: StudySpecification) {
    params = Dictionary(
      trial.assignment.active.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    values = trial.lastReport?.values ?? [:]
    for (objective, value) in zip(specification.objectives, trial.values ?? []) {
      values[objective.metric] = value
    }
    seconds = trial.attempts.last?.seconds
  }
}

extension StudySpecification {
  /// What a known result is in this study.
  public enum Adoption: Sendable, Hashable {
    /// A trial that has ended.
    case result(Assignment, Report)
    /// A configuration to try: these values are given, the sampler chooses the others.
    case configuration([String: ParameterValue])
  }

  /// What a known result is in this study. Parameters that this space does not have are ignored.
  ///
  /// - Throws: `SpaceError` for values outside of the space, and forbidden configurations.
  public func adoption(of known: KnownResult) throws -> Adoption {
    let params = try space.canonical(known.params.filter { space.index(of: $0.key) != nil })
    let metrics = objectives.map(\.metric) + constraints.map(\.metric)
    guard metrics.allSatisfy({ known.values[$0]?.isFinite ?? false }), space.isWhole(params) else {
      return .configuration(params)
    }
    let report = Report(epoch: epochs, known.values, seconds: known.seconds)
    return .result(try space.assignment(params), report)
  }
}

extension StudyStore {
  /// A trial that was run elsewhere: created, claimed and ended. Nil: another worker has taken it
  /// meanwhile.
  ///
  /// - Parameters:
  ///   - report: its result; nil where there is none.
  ///   - worker: the worker recorded for it.
  ///   - end: how it ended, by the number of the attempt; nil: as `Trial.end` says.
  /// - Throws: `StudyError` for a configuration that is not one of the space, and what access to
  ///   the store throws.
  public func addEnded(
    _ assignment: Assignment, _ report: Report?, to study: StudyID, worker: String,
    end: ((Trial, Int) -> Event.Kind)? = nil
  ) async throws -> Trial? {
    let specification = try await specification(of: study)
    let claim = try await add(
      .enqueued(assignment, through: specification.epochs), asTrial: nil, to: study,
      claimedBy: Claimant(worker: worker, lease: 60))
    guard let claim else { return nil }
    let kind =
      end?(claim.trial, claim.attempt)
      ?? claim.trial.end(
        of: claim.attempt, with: report, in: specification, seconds: report?.seconds)
    let answer = try await append(
      [report.map { .reported(attempt: claim.attempt, $0) }, kind].compactMap(\.self),
      to: claim.trial.number, of: study)
    return answer == .accepted ? claim.trial : nil
  }
}
