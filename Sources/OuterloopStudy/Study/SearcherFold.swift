/// A searcher and the history it has seen: the fold over a study's log.
///
/// Some kinds of event change what came before them, and the fold begins anew then:
///
/// - `.widened`: a searcher of the wider space sees all events from the first one on.
/// - `.retried`: the failure before it counts as an attempt that was released, so that no searcher
///   has to take back what it learned from it.
/// - `.supplemented`: the trial counts as one that began with its whole configuration.
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
  /// The whole configurations of trials that were supplemented, and the revision that says so.
  private var supplements: [Int: (revision: Int, assignment: Assignment)] = [:]

  /// - Parameter specification: its space may be the one of any extension: the log says which holds.
  init(_ specification: StudySpecification, _ method: SearchMethod) throws {
    self.specification = specification
    self.method = method
    searcher = try method.searcher(specification)
  }

  /// What the method does from here on, if it chooses by itself and the log does not say so yet.
  var newChoice: String? {
    searcher.choice.flatMap { $0 == history.choice ? nil : $0 }
  }

  mutating func propose(_ number: Int?) throws -> Proposal {
    try searcher.propose(number, in: history)
  }

  mutating func verdict(on trial: Int) throws -> Verdict {
    try searcher.verdict(on: trial, in: history)
  }

  /// Takes the next events in. False: they change the past, and nothing has been taken; events from
  /// the first one on are to follow.
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

  /// Whether `events` hold an extension, a retry or a supplement that the fold did not know of.
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

  /// The configuration of a trial as the space has it, with all that has been added to it.
  private func whole(_ assignment: Assignment, of trial: Int) -> Assignment {
    (supplements[trial]?.assignment ?? assignment).laidOut(for: specification.space)
  }
}
