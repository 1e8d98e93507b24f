internal import OuterloopStudy

/// Lets a sampler learn from trials long before they are trained to the end: it sees the study as though trials
/// ended at one of the rungs, the highest one with enough results (Falkner, Klein and Hutter 2018, BOHB, who
/// model the largest budget with results of d + 1 trials or more). So every sampler works unchanged with every
/// scheduler.
///
/// A sampler that models the results of one rung only (`OneRungSampler`) declares how many of them it needs, and
/// sees paused trials below the rung as they are.
///
/// To other samplers a trial is complete when its result at that rung is known, and fails if that is not
/// finite; what happens later is hidden. A paused trial below the rung is shown as pruned, with its reports: a
/// model of only the best trials, as in BOHB, would predict that every unknown point is as good as they are. A
/// trial that continues and reaches the rung has changed the past: when a twentieth of the trials have, and
/// when a higher rung has enough results, the sampler is rebuilt and observes the study from its first event
/// on. Its state is therefore a function of the study's events, like everything else.
///
/// - Complexity: O(1) per event in addition to the sampler's own; O(log n) replays of a study with n
///   trials.
struct RungLearner: Sampler {
  private let make: @Sendable () throws -> any Sampler
  private var sampler: any Sampler
  private var results: RungResults
  private var log: [Event] = []
  /// The study as the sampler sees it.
  private var seen = History()
  private var rung = 0
  /// The number of trials that the sampler saw as pruned but that have reached the rung.
  private var outdated = 0
  /// The number of results from which on a rung is used.
  private let enough: Int
  /// Whether paused trials below the rung are shown as pruned.
  private let endsPaused: Bool
  /// The error when the sampler was rebuilt.
  private var failure: StudyError?

  /// - Parameter epochs: the epochs of the rungs, ascending.
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
    endsPaused = needed == nil
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

  /// Passes an event to the sampler, and the result of its trial at the rung.
  private mutating func show(_ event: Event) {
    let number = event.trial
    guard !event.kind.isAboutStudy, seen.trials.indices.contains(number) else {
      return tell(event.kind, event)
    }
    let result = results.results[rung][number]
    if endsPaused, case .paused(let attempt, let seconds) = event.kind, result == nil {
      tell(.finished(attempt: attempt, .pruned, seconds: seconds), event)
    } else {
      tell(event.kind, event)
    }
    guard let result, result.revision == event.revision else { return }
    if seen.trials[number].state == .pruned { outdated += 1 }
    let outcome = result.values.map(Outcome.complete) ?? .failed(.invalid, message: nil)
    tell(.finished(attempt: seen.trials[number].attempt, outcome), event)
  }

  /// Passes an event to the sampler, if it is valid for the trial as the sampler sees it.
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

/// A sampler that models the results of one rung, and ignores trials that have not reached it.
protocol OneRungSampler: Sampler {
  /// Results that make a rung worth modelling.
  var resultsNeeded: Int { get }
}

extension SamplerMethod {
  /// The same sampler, learning from trials that have reached a rung.
  /// - Parameter epochs: the epochs of the study's rungs, ascending.
  func learning(
    at epochs: @escaping @Sendable (StudySpecification) throws -> [Int]
  ) -> SamplerMethod {
    SamplerMethod(description) { [make] specification in
      try RungLearner(try epochs(specification), specification) { try make(specification) }
    }
  }
}
