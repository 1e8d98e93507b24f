/// A searcher and the history it has seen: the fold over a study's log.
///
/// Some kinds of event change the meaning of earlier ones; the fold then starts over:
///
/// - `.widened`: a searcher for the wider space observes all events from the first one on.
/// - `.retried`: the failure before it counts as an attempt that was released, so that no searcher
///   has to unlearn it.
/// - `.supplemented`: the trial counts as one that started with its complete configuration.
///
/// So its state, and every suggestion, is a function of the events up to some revision.
struct SearcherFold {
  private(set) var specification: StudySpecification
  private(set) var history = History()
  private(set) var searcher: any Searcher
  private let method: SearchMethod
  /// The revision of the extension that the space comes from.
  private var extensionRevision = 0
  /// The revision at which a trial was last retried.
  private var retries: [Int: Int] = [:]
  /// The complete configurations of trials that were supplemented, and the revision of the
  /// supplement.
  private var supplements: [Int: (revision: Int, assignment: Assignment)] = [:]

  /// - Parameter specification: its space may be that of any extension: the log determines which one
  ///   applies.
  init(_ specification: StudySpecification, _ method: SearchMethod) throws {
    self.specification = specification
    self.method = method
    searcher = try method.searcher(specification)
  }

  /// The automatic method's current choice, if the log does not record it yet.
  var newChoice: String? {
    searcher.choice.flatMap { $0 == history.choice ? nil : $0 }
  }

  mutating func propose(_ number: Int?) throws -> Proposal {
    try searcher.propose(number, in: history)
  }

  mutating func verdict(on trial: Int) throws -> Verdict {
    try searcher.verdict(on: trial, in: history)
  }

  /// Applies the next events. False: they change the past, and nothing was applied; the caller must
  /// pass all events from the first one on.
  mutating func take(_ events: [Event]) throws -> Bool {
    guard try !changePast(events) else { return false }
    for event in events where event.revision > history.revision {
      let event = asSeen(event)
      try history.take(event)
      switch event.kind {
      case .widened, .retried, .supplemented, .chosen, .stopped: break
      default: searcher.observe(event, in: history)
      }
    }
    return true
  }

  /// Whether `events` contain an extension, a retry or a supplement that is new to the fold.
  private mutating func changePast(_ events: [Event]) throws -> Bool {
    var isOther = false
    for event in events {
      switch event.kind {
      case .widened(let space) where event.revision > extensionRevision:
        extensionRevision = event.revision
        if space != specification.space {
          specification.space = space
          isOther = true
        }
      case .retried where event.revision > retries[event.trial] ?? 0:
        retries[event.trial] = event.revision
        isOther = true
      case .supplemented(_, let whole)
      where event.revision > supplements[event.trial]?.revision ?? 0:
        supplements[event.trial] = (event.revision, whole)
        isOther = true
      default: break
      }
    }
    guard isOther else { return false }
    history = History()
    searcher = try method.searcher(specification)
    return true
  }

  private func asSeen(_ event: Event) -> Event {
    var seen = event
    switch event.kind {
    case .suggested(let assignment, let through, let revision):
      seen.kind = .suggested(
        whole(assignment, of: event.trial), through: through, seen: revision)
      return seen
    case .enqueued(let assignment, let through):
      seen.kind = .enqueued(whole(assignment, of: event.trial), through: through)
      return seen
    case .supplemented(let attempt, let assignment):
      seen.kind = .supplemented(attempt: attempt, whole(assignment, of: event.trial))
      return seen
    default: break
    }
    guard case .finished(let attempt, .failed(let reason, _), let seconds) = event.kind,
      let retry = retries[event.trial], event.revision < retry
    else { return event }
    seen.kind = .released(attempt: attempt, reason, seconds: seconds)
    return seen
  }

  /// The configuration of a trial in the current space, with all values added to it.
  private func whole(_ assignment: Assignment, of trial: Int) -> Assignment {
    (supplements[trial]?.assignment ?? assignment).laidOut(for: specification.space)
  }
}
