import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

@Suite struct FreezeThawSearchTests {
  static let mixed = [
    "optimizer=choice(sgd, adam)", "lr=float(0.0001, 1, log)", "width=int(1, 64)",
    "momentum=float(0, 1) if optimizer == sgd", "beta=float(0, 1) if optimizer == adam",
    "depth=ordinal(1, 2, 4)",
  ]

  /// 10 full trainings of random configurations come to 0.05 or so; the median of five studies to less. (One of six
  /// may not: the optimum trains slowly, and its first epoch is worse than many others'.)
  @Test func findsTheBestRegion() throws {
    let bests = try (0..<5 as Range<UInt64>).map { seed in
      var study = try CurveRehearsal(
        .curves(.cube(2), epochs: 20, budget: Budget(epochs: 200), seed: seed), loss: fallingLoss)
      try study.run(epochs: 200)
      #expect(study.study.trials.contains { $0.state == .complete })
      #expect(study.study.trials.count > 10 && study.study.trials.count < 150)
      #expect(study.study.history.epochs == 200)
      return study.study.trials.compactMap { $0.reports.last?.values["loss"] }.min() ?? .infinity
    }
    #expect(bests.sorted()[2] < 0.03, "\(bests)")
  }

  /// A study begins in the middle of the space, choices apart, unless something was enqueued.
  @Test func beginsInTheMiddle() throws {
    var study = try CurveRehearsal(
      .curves(.cube(3), epochs: 9, budget: Budget(epochs: 60)), loss: fallingLoss)
    try study.run(epochs: 3)
    let first = study.study.trials[0].assignment.values.compactMap { $0?.number }
    #expect(first == [0.5, 0.5, 0.5])
    #expect(study.study.trials[1].assignment.values.compactMap { $0?.number } != first)
  }

  /// Asking twice gives the same answer, and a replay of any prefix of the log what was proposed then.
  @Test(arguments: [1, 3]) func replays(_ workers: Int) throws {
    let space = try SearchSpace(parsing: Self.mixed, forbidden: ["width > 50 and depth == 4"])
    let specification = try StudySpecification.curves(
      space, epochs: 9, budget: Budget(epochs: 120))
    var study = try CurveRehearsal(specification, loss: fallingLoss)
    try study.run(epochs: 110, workers: workers)
    let (first, second) = (try study.study.propose(), try study.study.propose())
    #expect(first == second)
    let events = study.study.events
    for (place, event) in events.enumerated() where place % 53 == 52 || place > events.count - 40 {
      var past = try SearchSimulation(
        specification, .freezeThaw(), replaying: Array(events.prefix(place)))
      let proposal = try past.propose()
      switch event.kind {
      case .suggested(let assignment, let through, _):
        #expect(proposal == .start(assignment, through: through))
      case .continued(let through, _):
        #expect(proposal == .advance(trial: event.trial, through: through))
      default: break
      }
    }
    #expect(Set(study.study.trials.map(\.assignment)).count == study.study.trials.count)
    #expect(study.study.trials.allSatisfy { space.allows($0.assignment) })
  }

  /// Neither direction nor unit of the metric matters, nor its origin where losses have no floor.
  @Test(arguments: [
    (1.0, 0.0, 0.0), (4, 0, 0), (-1, 0, 0), (-3e5, 0, 0), (1e-9, 0, 0), (1, -1000, -3000),
    (-0x1p20, 0x1p30, -3000),
  ])
  func isScaleFree(_ scale: Double, _ origin: Double, _ reference: Double) throws {
    let budget = Budget(epochs: 80)
    var plain = try CurveRehearsal(.curves(.cube(3), epochs: 9, budget: budget)) {
      reference + fallingLoss($0, $1)
    }
    try plain.run(epochs: 80)
    var other = try CurveRehearsal(
      .curves(
        .cube(3), scale > 0 ? .minimize("m") : .maximize("m"), epochs: 9, budget: budget)
    ) { origin + scale * fallingLoss($0, $1) }
    try other.run(epochs: 80)
    #expect(other.decisions == plain.decisions)
  }

  /// What diverges ends and is not tried again near by; what is huge does not hide what is small.
  @Test func divergedTrainings() throws {
    var study = try CurveRehearsal(
      .curves(.cube(2), epochs: 9, budget: Budget(epochs: 150))
    ) { assignment, epoch in
      let numbers = assignment.values.compactMap { $0?.number }
      if numbers[0] > 0.8 { return epoch > 2 ? .nan : 1e18 }
      if numbers[1] > 0.9 { return .infinity }
      return fallingLoss(assignment, epoch)
    }
    try study.run(epochs: 150)
    let trials = study.study.trials
    let failed = trials.filter { $0.state == .failed(.invalid) }
    #expect(!failed.isEmpty && failed.count < trials.count / 3)
    let losses = trials.compactMap { $0.reports.last?.values["loss"] }.filter(\.isFinite)
    let best = try #require(losses.min())
    #expect(best < 0.06)
  }

  @Test func onlyFailures() throws {
    var study = try CurveRehearsal(.curves(.cube(2), epochs: 5, budget: Budget(epochs: 40))) {
      _, _ in .nan
    }
    try study.run(epochs: 40)
    #expect(study.study.trials.count == 40)
  }

  @Test func allTheSame() throws {
    var study = try CurveRehearsal(.curves(.cube(2), epochs: 5, budget: Budget(epochs: 40))) {
      _, _ in 0.25
    }
    try study.run(epochs: 40)
    #expect(study.study.history.epochs == 40)
  }

  /// Conditional and mixed spaces, several workers, no budget of epochs.
  @Test(arguments: [1, 2, 5]) func mixedSpaces(_ workers: Int) throws {
    let space = try SearchSpace(parsing: Self.mixed)
    var study = try CurveRehearsal(.curves(space, epochs: 7)) { assignment, epoch in
      let rate = log10(assignment["lr"]?.number ?? 1) + 2
      let size = (assignment["width"]?.number ?? 0) / 64
      return rate * rate + size + 1 / Double(epoch)
    }
    try study.run(epochs: 100, workers: workers)
    #expect(study.study.history.epochs >= 100)
    #expect(Set(study.study.trials.map(\.assignment)).count == study.study.trials.count)
    #expect(study.study.trials.contains { $0.epoch > 3 })
  }

  /// One epoch is all: every proposal is a new configuration.
  @Test func oneEpoch() throws {
    var study = try CurveRehearsal(
      .curves(.cube(2), epochs: 1, budget: Budget(epochs: 40)), loss: fallingLoss)
    try study.run(epochs: 40)
    #expect(study.study.trials.count == 40)
    #expect(study.study.trials.allSatisfy { $0.state == .complete })
  }

  /// All of a small space is tried and trained to the end, and then there is nothing left.
  @Test func smallSpace() throws {
    let space = try SearchSpace(parsing: ["a=choice(p, q, r)", "b=int(1, 2)", "c=choice(only)"])
    var study = try CurveRehearsal(.curves(space, epochs: 4)) { assignment, epoch in
      (assignment["b"]?.number ?? 0) + 1 / Double(epoch)
    }
    try study.run(epochs: 1000)
    #expect(study.study.trials.count == 6 && study.study.history.epochs == 24)
    let last = try study.study.propose()
    #expect(last == .exhausted)
    var single = try CurveRehearsal(
      .curves(SearchSpace(parsing: ["c=choice(only)"]), epochs: 4), loss: fallingLoss)
    try single.run(epochs: 100)
    #expect(single.study.trials.count == 1 && single.study.history.epochs == 4)
  }

  /// Nothing outside of a list is tried, and nothing twice.
  @Test func fixedPool() throws {
    let space = try SearchSpace.cube(2)
    let pool = try (0..<15).map {
      try space.assignment(["x0": .float(Double($0) / 15), "x1": .float(Double($0 * 7 % 15) / 15)])
    }
    let method = try #require(try SchedulerKind.freezeThaw.amongListed?(pool + pool, [:]))
    var study = try CurveRehearsal(
      .curves(space, epochs: 6, budget: Budget(epochs: 60)), by: method, loss: fallingLoss)
    try study.run(epochs: 60)
    let tried = study.study.trials.map(\.assignment)
    #expect(Set(tried).count == tried.count && Set(tried).isSubset(of: pool))
    try study.run(epochs: 1000)
    #expect(study.study.trials.count == 15 && study.study.history.epochs == 90)
  }

  /// Without a new trial's number only trials that rest go on; with none, it waits or ends.
  @Test func withoutNewTrials() throws {
    let specification = try StudySpecification.curves(.cube(2), epochs: 3)
    var searcher = try SearchMethod.freezeThaw().searcher(specification)
    var history = OuterloopStudy.History()
    var proposal = try searcher.propose(nil, in: history)
    #expect(proposal == .exhausted)
    func take(_ kind: Event.Kind) throws {
      let event = Event(revision: history.revision + 1, time: 0, trial: 0, kind)
      try history.take(event)
      searcher.observe(event, in: history)
    }
    guard case .start(let assignment, 1) = try searcher.propose(0, in: history) else {
      Issue.record("no new trial")
      return
    }
    try take(.suggested(assignment, through: 1, seen: 0))
    try take(.claimed(attempt: 1, worker: "w"))
    proposal = try searcher.propose(nil, in: history)
    #expect(proposal == .wait)
    try take(.reported(attempt: 1, Report(epoch: 1, ["loss": 1])))
    try take(.paused(attempt: 1))
    proposal = try searcher.propose(nil, in: history)
    #expect(proposal == .advance(trial: 0, through: 2))
  }

  /// Trials that begin again from the start each time, a trial that was asked for, and one whose results are
  /// corrected.
  @Test func withoutCheckpoints() throws {
    let specification = try StudySpecification.curves(
      .cube(2), epochs: 6, budget: Budget(epochs: 60))
    var study = try SearchSimulation(specification, .freezeThaw())
    for step in 0..<40 {
      let trial = try #require(try study.ask())
      for epoch in 1...trial.through {
        try study.take(
          .reported(
            attempt: trial.attempt,
            Report(epoch: epoch, ["loss": fallingLoss(trial.assignment, epoch)])), of: trial.number)
      }
      if step == 20 {
        try study.take(
          .extended(attempt: trial.attempt, Report(epoch: 1, ["loss": 0.9])), of: trial.number)
      }
      try study.take(
        study.trials[trial.number].end(
          of: trial.attempt, with: study.trials[trial.number].lastReport, in: specification),
        of: trial.number)
    }
    var past = try SearchSimulation(specification, .freezeThaw(), replaying: study.events)
    let (again, next) = (try past.propose(), try study.propose())
    #expect(again == next)
  }

  @Test func severalObjectives() throws {
    let specification = try StudySpecification.small(
      .cube(1), [.minimize("a"), .maximize("b")], SearchMethod.freezeThaw().description)
    #expect(throws: StudyError.self) { try SearchMethod.freezeThaw().searcher(specification) }
  }

  @Test func optionsByName() throws {
    var options = FreezeThawOptions()
    options.candidates = 100
    let method = SearchMethod.freezeThaw(options)
    #expect(method.description.sampler == ComponentDescription("none"))
    #expect(
      method.description.scheduler == ComponentDescription("freeze-thaw", ["candidates": .int(100)])
    )
    #expect(try FreezeThawOptions(["candidates": .int(100)]) == options)
    #expect(throws: StudyError.self) { try FreezeThawOptions(["screening": .float(2)]) }
  }
}
