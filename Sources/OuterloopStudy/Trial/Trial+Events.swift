extension Trial {
  /// The trial that an event creates; nil for events about existing trials.
  public init?(_ event: Event) {
    switch event.kind {
    case .suggested(let assignment, let through, let seen):
      self.init(
        number: event.trial, assignment: assignment, through: through, seen: seen,
        created: event.time)
    case .enqueued(let assignment, let through):
      self.init(
        number: event.trial, assignment: assignment, through: through, seen: nil,
        created: event.time)
    default: return nil
    }
  }

  /// Whether the event may happen now; stores ask before they write.
  ///
  /// A superseded attempt may no longer write, except that its result is accepted if there is no
  /// other: finished work is not thrown away.
  public func accepts(_ kind: Event.Kind) -> Acceptance {
    switch kind {
    case .suggested, .enqueued: return .refused(.exists)
    case .widened, .hinted, .chosen, .stopped, .reopened, .suspended, .resumed, .budgeted,
      .annotated:
      return .refused(.unknown)
    case .retried: return state.reason != nil ? .accepted : .refused(.notFailed)
    case .continued: return state == .paused ? .accepted : .refused(.notPaused)
    case .claimed(let number, _):
      guard !state.isFinished else { return .refused(.finished) }
      guard state == .waiting || state == .paused else { return .refused(.taken) }
      return number == attempt + 1 ? .accepted : .refused(.overtaken)
    case .finished(let number, let outcome, _):
      if state == .failed(.lost), case .complete = outcome { return .accepted }
      guard !state.isFinished else { return .refused(.finished) }
      if case .pruned = outcome, state == .paused {
        return number == attempt ? .accepted : .refused(.overtaken)
      }
      if case .complete = outcome { return number <= attempt ? .accepted : .refused(.overtaken) }
      return current(number)
    case .reported(let number, _), .extended(let number, _), .checkpointed(let number, _),
      .supplemented(let number, _), .paused(let number, _), .released(let number, _, _):
      return current(number)
    }
  }

  private func current(_ number: Int) -> Acceptance {
    if state.isFinished { return .refused(.finished) }
    guard number == attempt, state == .running else { return .refused(.overtaken) }
    return .accepted
  }

  /// Applies an accepted event. Events that are not accepted change nothing.
  public mutating func apply(_ event: Event) {
    guard accepts(event.kind) == .accepted else { return }
    switch event.kind {
    case .retried:
      attemptsBeforeRetry = attempts.count
      (message, ended) = (nil, nil)
      state = checkpoint > 0 ? .paused : .waiting
    case .continued(let through, _):
      self.through = through
      state = .waiting
    case .claimed(_, let worker):
      attempts.append(Attempt(worker: worker, started: event.time))
      state = .running
      // Epochs after the checkpoint are trained again.
      reports.removeAll { $0.epoch > checkpoint }
      if let epoch = latest, epoch > checkpoint { latest = reports.last?.epoch }
    case .reported(_, let report): take(report) { $0 = report }
    case .extended(_, let report): take(report) { $0.extend(by: report) }
    case .checkpointed(_, let epoch): checkpoint = max(checkpoint, epoch)
    case .supplemented(_, let whole): assignment = whole
    case .paused(_, let seconds):
      endAttempt(at: event.time, after: seconds, nil)
      state = .paused
    case .released(_, let reason, let seconds):
      endAttempt(at: event.time, after: seconds, reason)
      state = checkpoint > 0 ? .paused : .waiting
    case .finished(let number, let outcome, let seconds):
      // The time measured by a superseded attempt says nothing about the last one.
      finish(outcome, at: event.time, after: number == attempt ? seconds : nil)
    // Events that create a trial, and those about the study, are not accepted.
    default: break
    }
  }

  /// Applies a report: `change` is applied to what is known of the epoch, if anything is.
  private mutating func take(_ report: Report, _ change: (inout Report) -> Void) {
    latest = report.epoch
    let place = reports.lastIndex { $0.epoch <= report.epoch }
    if let place, reports[place].epoch == report.epoch {
      change(&reports[place])
    } else {
      reports.insert(report, at: place.map { $0 + 1 } ?? 0)
    }
  }

  private mutating func finish(_ outcome: Outcome, at time: Double, after seconds: Double?) {
    ended = time
    switch outcome {
    case .complete(let values):
      endAttempt(at: time, after: seconds, nil)
      (self.values, state, message) = (values, .complete, nil)
    case .pruned:
      endAttempt(at: time, after: seconds, nil)
      state = .pruned
    case .failed(let reason, let text):
      endAttempt(at: time, after: seconds, reason)
      (state, message) = (.failed(reason), text)
    }
  }

  private mutating func endAttempt(
    at time: Double, after seconds: Double?, _ reason: FailureReason?
  ) {
    guard let last = attempts.indices.last, attempts[last].ended == nil else { return }
    attempts[last].ended = seconds.map { attempts[last].started + $0 } ?? time
    attempts[last].reason = reason
  }
}

/// Whether a store accepted an event. Refusals are answers, not errors: the caller stops working on
/// the trial and nothing is lost.
public enum Acceptance: Sendable, Hashable {
  /// The events are kept.
  case accepted
  /// The events do not fit the trial, and nothing was kept.
  case refused(Refusal)

  /// Why events were not kept.
  public enum Refusal: String, Sendable, Hashable {
    /// A trial with this number already exists.
    case exists
    /// There is no such trial.
    case unknown
    /// The trial has a result.
    case finished
    /// Another attempt has started since.
    case overtaken
    /// Another worker runs it.
    case taken
    /// The trial is not paused.
    case notPaused
    /// The trial has not failed.
    case notFailed
  }
}

extension Trial {
  /// How an attempt whose work is done ends: the single rule, for local runs and for ask and tell.
  ///
  /// - nothing was reported, an objective or a metric with a bound is missing, or is not finite: failed,
  ///   `invalid`;
  /// - its scheduler stopped it early: pruned, whatever was reported;
  /// - every objective has a value, and the trial is trained to its end: complete;
  /// - the same, but epochs of a full training are left: paused, for its scheduler to decide.
  ///
  /// - Parameters:
  ///   - attempt: the attempt that ends.
  ///   - last: the last report.
  ///   - verdict: of the scheduler; `.goOn` where it has not ended the training.
  ///   - seconds: its duration by a monotonic clock.
  public func end(
    of attempt: Int, with last: Report?, in specification: StudySpecification,
    seconds: Double? = nil, after verdict: Verdict = .goOn
  ) -> Event.Kind {
    if verdict == .prune { return .finished(attempt: attempt, .pruned, seconds: seconds) }
    func invalid(_ message: String) -> Event.Kind {
      .finished(attempt: attempt, .failed(.invalid, message: message), seconds: seconds)
    }
    guard let last else { return invalid("it reported nothing") }
    for metric in specification.objectives.map(\.metric) + specification.constraints.map(\.metric) {
      guard let value = last.values[metric] else {
        return invalid("its last report has no `\(metric)`")
      }
      guard value.isFinite else { return invalid("`\(metric)` is \(value)") }
    }
    let results = specification.objectives.compactMap { last.values[$0.metric] }
    return through < specification.epochs && verdict == .goOn
      ? .paused(attempt: attempt, seconds: seconds)
      : .finished(attempt: attempt, .complete(results), seconds: seconds)
  }
}
