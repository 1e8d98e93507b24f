/// A searcher and the history it has seen: the fold over a study's log.
///
/// Two kinds of event change what came before them, and the fold begins anew then:
///
/// - `.widened`: a searcher of the wider space sees all events from the first one on.
/// - `.retried`: the failure before it counts as an attempt that was released, so that no searcher
///   has to take back what it learned from it.
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
      case .widened, .retried, .chosen, .stopped: break
      default: searcher.observe(event, in: history)
      }
    }
    return true
  }

  /// Whether `events` hold an extension or a retry that the fold did not know of.
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
      default: break
      }
    }
    guard isOther else { return false }
    history = History()
    searcher = try method.searcher(specification)
    return true
  }

  private func asSeen(_ event: Event) -> Event {
    guard case .finished(let attempt, .failed(let reason, _), let seconds) = event.kind,
      let retry = retries[event.trial], event.revision < retry
    else { return event }
    var seen = event
    seen.kind = .released(attempt: attempt, reason, seconds: seconds)
    return seen
  }
}
