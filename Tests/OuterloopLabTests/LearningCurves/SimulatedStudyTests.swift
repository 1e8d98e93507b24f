import OuterloopSearch
import OuterloopStudy
import Testing

@testable import OuterloopLab

/// Studies of recorded curves on a simulated clock.
@Suite struct SimulatedStudyTests {
  /// Methods of all kinds: full trainings, rests and promotions, proposals from the whole space.
  static let methods = ["none", "one-epoch", "halving", "random-space"]

  private func method(_ name: String, _ table: CurveTable) throws -> SearchMethod {
    switch name {
    case "halving": SearchMethod(.candidates(of: table), .asha())
    case "random-space": SearchMethod(.random, .asha())
    default: try ReplayMethod.method(name, for: table)
    }
  }

  private func study(
    _ name: String, _ table: CurveTable, workers: Int = 1, budget: Int, seed: UInt64 = 3
  ) throws -> SimulatedStudy {
    var study = try SimulatedStudy(
      table, try method(name, table), workers: workers, budget: budget, seed: seed)
    try study.run()
    return study
  }

  @Test func oneWorkerGoesInOrder() throws {
    let table = try CurveSamples.crossing(6, epochs: 4)
    let study = try study("none", table, budget: 10)
    let order = study.candidates
    #expect(
      study.observations.map(\.candidate) == Array(repeating: order[0], count: 4)
        + Array(repeating: order[1], count: 4) + Array(repeating: order[2], count: 2))
    #expect(study.observations.map(\.epoch) == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2])
    #expect(study.time == 10)
    #expect(study.history.trials.map(\.state) == [.complete, .complete, .running])
    #expect(study.history.trials[0].values == [table.candidates[order[0]].values[3]])
  }

  /// Epochs of different cost end in the order of the clock.
  @Test func clock() throws {
    let table = try CurveSamples.table([[1, 1], [2, 2], [3, 3]], costs: [1, 1.6, 10])
    var study = try SimulatedStudy(
      table, SearchMethod(ComponentDescription("line")) { _ in Line() }, workers: 2,
      budget: 5,
      seed: 0)
    try study.run()
    #expect(study.observations.map(\.candidate) == [0, 1, 0, 1, 2])
    #expect(study.time == 12)
    let reports = study.events.filter { if case .reported = $0.kind { true } else { false } }
    #expect(reports.map(\.time) == [1, 1.6, 2, 3.2, 12])
  }

  @Test(arguments: methods, [1, 4])
  func spendsItsBudget(_ name: String, _ workers: Int) throws {
    let table = try CurveSamples.crossing(40, epochs: 9)
    let study = try study(name, table, workers: workers, budget: 77)
    #expect(study.observations.count == 77)
    #expect(study.history.epochs == 77)
    #expect(study.history.runningCount <= workers)
  }

  /// No candidate is tried twice, and each is trained one epoch after the other.
  @Test(arguments: methods, [1, 3, 50])
  func triesEachCandidateOnce(_ name: String, _ workers: Int) throws {
    let table = try CurveSamples.crossing(12, epochs: 9)
    let study = try study(name, table, workers: workers, budget: 1_000)
    #expect(Set(study.candidates).count == study.candidates.count)
    var reached: [Int: Int] = [:]
    for observation in study.observations {
      #expect(observation.epoch == reached[observation.candidate, default: 0] + 1)
      reached[observation.candidate] = observation.epoch
    }
    // All there is has been tried.
    #expect(study.candidates.count == 12)
    if name == "none" || name == "one-epoch" { #expect(study.observations.count == 12 * 9) }
    for (trial, candidate) in zip(study.history.trials, study.candidates) {
      #expect(trial.assignment == table.candidates[candidate].assignment)
    }
  }

  /// A searcher that is given the events of a study proposes the same at every point.
  @Test(arguments: methods, [1, 3])
  func replays(_ name: String, _ workers: Int) throws {
    let table = try CurveSamples.crossing(30, epochs: 9)
    let study = try study(name, table, workers: workers, budget: 90)
    var searcher = try method(name, table).searcher(study.specification)
    var history = History()
    var decisions = study.decisions[...]
    func ask() throws {
      while let next = decisions.first, next.seen == history.revision {
        #expect(try searcher.propose(next.number, in: history) == next.proposal)
        decisions.removeFirst()
      }
    }
    try ask()
    for event in study.events {
      try history.take(event)
      searcher.observe(event, in: history)
      try ask()
    }
    #expect(decisions.isEmpty)
    let again = try self.study(name, table, workers: workers, budget: 90)
    #expect(again.events == study.events)
  }

  /// Curves that end early are complete there; those that are NaN at the end failed.
  @Test func curvesOfUnequalLength() throws {
    let table = try CurveSamples.table([[1, 2], [3, 2, 1, 0.5], [1, .nan]])
    let study = try study("none", table, budget: 100)
    #expect(study.observations.count == 8)
    var states: [Int: TrialState] = [:]
    for (trial, candidate) in zip(study.history.trials, study.candidates) {
      states[candidate] = trial.state
    }
    #expect(states == [0: .complete, 1: .complete, 2: .failed(.invalid)])
  }

  @Test func stops() throws {
    let table = try CurveSamples.crossing(6, epochs: 4)
    var study = try SimulatedStudy(
      table, try method("none", table).stopping(when: [.afterOneTrial]), workers: 2,
      budget: 100,
      seed: 0)
    try study.run()
    #expect(study.history.stopReason == "enough")
    #expect(study.observations.count == 8)
  }

  /// Proposals that cannot be carried out are errors, not traps.
  @Test(arguments: [
    Proposal.advance(trial: 9, through: 2), .advance(trial: -1, through: 2),
    .start(Assignment.none, through: 0),
  ])
  func refusesProposals(_ proposal: Proposal) throws {
    let table = try CurveSamples.crossing(3, epochs: 4)
    var study = try SimulatedStudy(
      table,
      SearchMethod(MethodDescription("bad")) { _ in Stubborn(proposal: proposal) }, budget: 10,
      seed: 0)
    #expect(throws: StudyError.self) { try study.run() }
  }

  @Test func refusesSettings() throws {
    let table = try CurveSamples.crossing(3, epochs: 4)
    #expect(throws: LabError.self) { try study("none", table, workers: 0, budget: 1) }
    #expect(throws: LabError.self) { try study("none", table, budget: 0) }
  }

  /// Screening takes every configuration for one epoch, then trains the best to its end.
  @Test func oneEpochFirst() throws {
    let table = try CurveSamples.table([[3, 1], [1, 4], [2, 0], [5, 5]])
    let study = try study("one-epoch:screened=4", table, budget: 6)
    #expect(study.observations.prefix(4).map(\.epoch) == [1, 1, 1, 1])
    #expect(study.observations.suffix(2).map(\.candidate) == [1, 2])
    #expect(study.observations.suffix(2).map(\.epoch) == [2, 2])
  }

  @Test func methodsByName() throws {
    let table = try CurveSamples.crossing(3, epochs: 4)
    for text in ["nothing", "none:a=1", "one-epoch:screened=0", "one-epoch:eta=3", "one-epoch:"] {
      #expect(throws: StudyError.self, "\(text)") {
        try ReplayMethod.method(text, for: table)
      }
    }
  }
}

/// x = 0, 1, 2, ...
private struct Line: Sampler {
  mutating func observe(_ event: Event, in history: History) {}
  mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    var space = SearchSpace()
    try space.add(ParameterDeclaration("x", .float(try NumericRange(0, 1_000))))
    return try space.assignment(["x": .float(Double(number) + 0.2)])
  }
}

/// The same proposal whatever has happened.
private struct Stubborn: Searcher {
  let proposal: Proposal
  mutating func observe(_ event: Event, in history: History) {}
  mutating func propose(_ number: Int?, in history: History) throws -> Proposal { proposal }
  mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }
}

private struct OneTrial: StopRule {
  mutating func observe(_ event: Event, in history: History) {}
  mutating func reason(in history: History) throws -> String? {
    history.trials.contains { $0.state == .complete } ? "enough" : nil
  }
}

extension StopRuleMethod {
  fileprivate static let afterOneTrial = StopRuleMethod(ComponentDescription("one")) { _ in
    OneTrial()
  }
}

extension Assignment {
  /// Of the empty space.
  fileprivate static let none = SearchSpace().assignment { _, _ in nil }!
}
