/// For people with a loop of their own: ask for a trial, run it wherever, tell what became of it.
extension Study {
  /// The next trial: one that was enqueued or is to run again, else a new one; nil if every
  /// configuration has been tried. What became of it is said to `tell` within `lease` seconds;
  /// afterwards it is given to whoever asks next.
  public func ask(worker: String = "own loop", lease: Double = 3600) async throws -> Claim? {
    let claimant = Claimant(worker: worker, lease: lease)
    guard case .trial(let claim) = try await asker.next(for: claimant, within: Budget()) else {
      return nil
    }
    return claim
  }

  /// The result of a trial that was asked for: a value for each objective, and what else was measured.
  /// A missing or non-finite objective fails the trial.
  @discardableResult
  public func tell(_ claim: Claim, _ values: [String: Double]) async throws -> Acceptance {
    let report = Report(epoch: claim.trial.through, values)
    return try await store.append(
      [
        .reported(attempt: claim.attempt, report),
        report.end(of: claim, objectives: specification.objectives),
      ], to: claim.trial.number, of: id)
  }

  /// Says that a trial that was asked for has no result.
  @discardableResult
  public func tell(
    _ claim: Claim, failed reason: FailureReason, _ message: String? = nil
  ) async throws -> Acceptance {
    try await store.append(
      [.finished(attempt: claim.attempt, .failed(reason, message: message))],
      to: claim.trial.number, of: id)
  }

  /// Adds a configuration to be tried before any other; known good ones make a warm start. Returns the
  /// number of its trial.
  /// - Throws: `SpaceError` if it is not in the space.
  @discardableResult
  public func enqueue(_ values: [String: ParameterValue]) async throws -> Int? {
    let assignment = try specification.space.assignment(values)
    let kind = Event.Kind.enqueued(assignment, through: specification.epochs)
    return try await store.add(kind, asTrial: nil, to: id, claimedBy: nil)?.trial.number
  }
}
