/// The ask-and-tell interface for custom loops: ask for a trial, run it anywhere, tell its result.
extension Study {
  /// The next trial: one that was enqueued or must run again, otherwise a new one; nil if every
  /// configuration has been tried. Pass its result to `tell` within `lease` seconds; after that the
  /// trial goes to the next caller.
  ///
  /// - Throws: what access to the store and the method throw.
  public func ask(worker: String = "own loop", lease: Double = 3600) async throws -> Claim? {
    let claimant = Claimant(worker: worker, lease: lease)
    guard case .trial(let claim) = try await source.next(for: claimant, within: Budget()) else {
      return nil
    }
    return claim
  }

  /// The result of a trial that was asked for: a value for each objective, and any other metrics. A
  /// missing or non-finite objective fails the trial; one that is not trained to the end is paused:
  /// see `Trial.end`.
  ///
  /// - Throws: what access to the store throws.
  @discardableResult
  public func tell(_ claim: Claim, _ values: [String: Double]) async throws -> Acceptance {
    let report = Report(epoch: claim.trial.through, values)
    return try await store.append(
      [
        .reported(attempt: claim.attempt, report),
        claim.trial.end(of: claim.attempt, with: report, in: specification),
      ], to: claim.trial.number, of: id)
  }

  /// Reports an epoch of a trial that was asked for, and renews its lease for `lease` seconds. False: it should
  /// stop, because its scheduler has ended it, which is recorded, or because another worker has taken it over.
  ///
  /// - Throws: what access to the store and the scheduler throw.
  public func report(
    _ claim: Claim, epoch: Int, _ values: [String: Double], lease: Double = 3600
  ) async throws -> Bool {
    let news = Event.Kind.reported(attempt: claim.attempt, Report(epoch: epoch, values))
    guard try await store.append([news], to: claim.trial.number, of: id) == .accepted,
      try await store.renew(claim, seconds: lease)
    else { return false }
    return epoch >= specification.epochs
      ? true : try await source.shouldContinue(claim.trial.number, attempt: claim.attempt)
  }

  /// Marks a trial that was asked for as failed.
  ///
  /// - Throws: what access to the store throws.
  @discardableResult
  public func tell(
    _ claim: Claim, failed reason: FailureReason, _ message: String? = nil
  ) async throws -> Acceptance {
    try await store.append(
      [.finished(attempt: claim.attempt, .failed(reason, message: message))],
      to: claim.trial.number, of: id)
  }

  /// Adds a configuration to be tried before any other; known good ones make a warm start. Omitted
  /// parameters get values from the search method. Returns the number of its trial.
  /// - Throws: `SpaceError` if it is not in the space.
  @discardableResult
  public func enqueue(_ values: [String: ParameterValue]) async throws -> Int? {
    let specification = try await store.specification(of: id)
    let number = try await store.summary(of: id).trials
    let assignment = try specification.configuration(with: values, asTrial: number, by: method)
    let kind = Event.Kind.enqueued(assignment, through: specification.epochs)
    return try await store.add(kind, asTrial: nil, to: id, claimedBy: nil)?.trial.number
  }

  /// Makes failed trials run again, as further attempts. Refused: the trial has not failed.
  ///
  /// - Throws: what access to the store throws.
  @discardableResult
  public func retry(_ trial: Int) async throws -> Acceptance {
    try await store.append([.retried], to: trial, of: id)
  }

  /// Adds priors of where good values lie: the search favours them at first, and relies on its
  /// trials more and more.
  /// - Throws: `SpaceError` for priors that do not suit the space.
  public func hint(_ priors: ParameterPrior...) async throws {
    let space = try await store.specification(of: id).space
    try await store.note(.hinted(space.checked(priors)), in: id)
  }

  /// Reopens a study that a stopping rule of its search method has ended.
  ///
  /// - Throws: what access to the store throws.
  public func reopen() async throws { try await store.note(.reopened, in: id) }

  /// Gives parameters a wider range or more choices: `study.extend("lr", .float(NumericRange(1e-6, 1)))`.
  /// What was tried stays; `specification` is the one that the study was opened with.
  /// - Throws: `SpaceError` for unknown parameters, and domains that lack a value of the present one.
  public func extend(_ parameter: String, _ domain: Domain) async throws {
    let space = try await store.specification(of: id).space
    try await store.extend(
      id, to: try space.extended(by: [ParameterDeclaration(parameter, domain)]))
  }
}
