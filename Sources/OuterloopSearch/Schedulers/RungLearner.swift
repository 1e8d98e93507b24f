internal import OuterloopStudy

/// A sampler that learns from trials long before they are trained to the end: it sees the study as though
/// trials ended at one of the rungs, the highest one with enough results (Falkner, Klein and Hutter 2018, BOHB,
/// who model the largest budget with results of d + 1 trials or more). So every sampler works under every
/// scheduler, unchanged.
///
/// A sampler that models the results of one rung only (`OneRungSampler`) says how many of them it needs, and sees
/// trials that rest below the rung as they are.
///
/// For it a trial is complete when its result at that rung is known, and fails where that is not finite; what
/// happens to it later is not seen. One that rests below the rung is pruned, with what it has reported: who
/// models the best trials only, as BOHB does, believes of every unknown place that it is as good as they are. A
/// trial that goes on and gets to the rung has changed the past: when a twentieth of the trials have, and when
/// a higher rung has enough results, the sampler begins anew and sees the study from its first event on. Its
/// state is therefore a function of the study's events, as everything else is.
///
/// - Complexity: O(1) beside the sampler's own for an event; O(log n) replays of a study with n trials.
struct RungLearner: Sampler {
  private let make: @Sendable () throws -> any Sampler
  private var sampler: any Sampler
  private var results: RungResults
  private var log: [Event] = []
  /// The study as the sampler sees it.
  private var seen = History()
  private var rung = 0
  /// Trials that the sampler believes to be pruned, and that have got to the rung.
  private var outdated = 0
  /// Results of a rung from which on it is learned from.
  private let enough: Int
  /// Whether trials that rest below the rung are shown as pruned.
  private let endsResting: Bool
  /// What went wrong when the sampler was made anew.
  private var failure: StudyError?

  /// - Parameter epochs: of the rungs, rising.
  init(
    _ epochs: [Int], _ specification: StudySpecification,
    make: @escaping @Sendable () throws -> any Sampler
  ) throws {
    self.make = make
    let sampler = try make()
    self.sampler = sampler
    results = RungResults(epochs, specification)
    let needed = (sampler as? any OneRungSampler)?.resultsNeeded
    enough = needed ?? max(specification.space.parameters.count + 1, 12)
    endsResting = needed == nil
  }

  var choice: String? { sampler.choice }

  mutating func observe(_ event: Event, in history: History) {
    results.observe(event, in: history)
    log.append(event)
    show(event)
    let highest = results.results.lastIndex { $0.count >= enough } ?? 0
    if highest > rung || outdated * 20 > history.trials.count { restart(at: highest) }
  }

  private mutating func restart(at rung: Int) {
    self.rung = rung
    (seen, outdated) = (History(), 0)
    do { sampler = try make() } catch { failure = error as? StudyError }
    for event in log { show(event) }
  }

  /// Shows an event to the sampler, and what it makes known of its trial at the rung.
  private mutating func show(_ event: Event) {
    let number = event.trial
    guard !event.kind.isAboutStudy, seen.trials.indices.contains(number) else {
      return tell(event.kind, event)
    }
    let result = results.results[rung][number]
    if endsResting, case .paused(let attempt, let seconds) = event.kind, result == nil {
      tell(.finished(attempt: attempt, .pruned, seconds: seconds), event)
    } else {
      tell(event.kind, event)
    }
    guard let result, result.revision == event.revision else { return }
    if seen.trials[number].state == .pruned { outdated += 1 }
    let outcome = result.values.map(Outcome.complete) ?? .failed(.invalid, message: nil)
    tell(.finished(attempt: seen.trials[number].attempt, outcome), event)
  }

  /// Tells the sampler of an event, if it can happen to the trial as the sampler sees it.
  private mutating func tell(_ kind: Event.Kind, _ event: Event) {
    if !kind.isAboutStudy, seen.trials.indices.contains(event.trial),
      seen.trials[event.trial].accepts(kind) != .accepted
    {
      return
    }
    let told = Event(revision: seen.revision + 1, time: event.time, trial: event.trial, kind)
    do {
      try seen.take(told)
      sampler.observe(told, in: seen)
    } catch { failure = failure ?? error as? StudyError }
  }

  mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    if let failure { throw failure }
    return try sampler.suggest(number, in: seen)
  }
}

/// A sampler that models the results of one rung, and passes over trials that have not got there.
protocol OneRungSampler: Sampler {
  /// Results that make a rung worth modelling.
  var resultsNeeded: Int { get }
}

extension SamplerMethod {
  /// The same sampler, which learns from trials that have got to a rung.
  /// - Parameter epochs: of the rungs of a study, rising.
  func learning(
    at epochs: @escaping @Sendable (StudySpecification) throws -> [Int]
  ) -> SamplerMethod {
    SamplerMethod(description) { [make] specification in
      try RungLearner(try epochs(specification), specification) { try make(specification) }
    }
  }
}
