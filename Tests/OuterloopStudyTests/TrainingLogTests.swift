import OuterloopStudy
import Testing

/// What was trained when, and how the best value came down.
@Suite struct TrainingLogTests {
  private static func specification(
    _ objectives: [Objective] = [.minimize("loss")], constraints: [OutcomeConstraint] = []
  ) throws -> StudySpecification {
    try StudySpecification(
      name: "s", space: SearchSpace([ParameterDeclaration(parsing: "x=float(0, 1)")]),
      objectives: objectives, constraints: constraints, method: MethodDescription("none"), seed: 1,
      epochs: 9)
  }

  /// Something that happens to a trial at some time.
  private struct Happening {
    var time: Double
    var trial: Int
    var kind: Event.Kind

    init(_ time: Double, _ trial: Int, _ kind: Event.Kind) {
      (self.time, self.trial, self.kind) = (time, trial, kind)
    }
  }

  private func log(
    _ specification: StudySpecification, _ happenings: [Happening]
  ) throws -> TrainingLog {
    var log = TrainingLog(specification)
    let assignment = try specification.space.assignment(["x": 0.5])
    for one in happenings {
      if log.history.trials.count <= one.trial {
        try log.take(
          Event(
            revision: log.history.revision + 1, time: one.time, trial: one.trial,
            .suggested(assignment, through: 9, seen: 0)))
        try log.take(
          Event(
            revision: log.history.revision + 1, time: one.time, trial: one.trial,
            .claimed(attempt: 1, worker: "w")))
      }
      try log.take(
        Event(
          revision: log.history.revision + 1, time: one.time, trial: one.trial, one.kind))
    }
    return log
  }

  private func report(
    _ time: Double, _ trial: Int, _ epoch: Int, _ loss: Double, attempt: Int = 1
  ) -> Happening {
    Happening(
      time, trial, .reported(attempt: attempt, Report(epoch: epoch, ["loss": loss], seconds: 1)))
  }

  @Test func epochsAreCountedOverAllTrials() throws {
    let log = try log(
      Self.specification(),
      [
        report(1, 0, 1, 5), report(2, 1, 1, 4), report(3, 0, 3, .nan), report(4, 1, 2, 4.5),
        report(5, 0, 4, 3), Happening(5, 0, .paused(attempt: 1)),
      ])
    #expect(log.entries.map(\.trial) == [0, 1, 0, 1, 0])
    #expect(log.entries.map(\.epoch) == [1, 1, 3, 2, 4])
    // One that comes after an epoch without a report counts for both.
    #expect(log.entries.map(\.spent.epochs) == [1, 2, 4, 5, 6])
    #expect(log.entries.map(\.spent.seconds) == [0, 1, 2, 3, 4])
    #expect(log.improvements[0].map(\.value) == [5, 4, 3])
    #expect(log.improvements[0].map(\.spent.epochs) == [1, 2, 6])
    #expect(log.improvements[0].map(\.trial) == [0, 1, 0])
    #expect(log.spent.epochs == 6 && log.spent.seconds == 4)
  }

  /// An epoch that is reported line by line is one entry; one that another attempt repeats is another.
  @Test func linesAndAttempts() throws {
    let log = try log(
      Self.specification([.minimize("loss"), .maximize("gain")]),
      [
        report(1, 0, 1, 5),
        Happening(1, 0, .extended(attempt: 1, Report(epoch: 1, ["gain": 2]))),
        Happening(2, 0, .released(attempt: 1, .lost)),
        Happening(3, 0, .claimed(attempt: 2, worker: "v")), report(4, 0, 1, 4, attempt: 2),
        // An attempt that was overtaken changes nothing.
        report(5, 0, 2, 1),
      ])
    #expect(log.entries.map(\.attempt) == [1, 2])
    #expect(log.entries[0].values == ["loss": 5, "gain": 2])
    #expect(log.entries.map(\.spent.epochs) == [1, 2])
    #expect(log.improvements[0].map(\.value) == [5, 4])
    #expect(log.improvements[1].map(\.value) == [2])
  }

  @Test func onlyWhatKeepsTheConstraintsIsBest() throws {
    let specification = try Self.specification(constraints: [OutcomeConstraint("size", .atMost, 1)])
    let log = try log(
      specification,
      [
        Happening(1, 0, .reported(attempt: 1, Report(epoch: 1, ["loss": 1, "size": 2]))),
        Happening(2, 0, .reported(attempt: 1, Report(epoch: 2, ["loss": 2]))),
        Happening(3, 0, .reported(attempt: 1, Report(epoch: 3, ["loss": 3, "size": 1]))),
        Happening(4, 0, .reported(attempt: 1, Report(epoch: 4, ["loss": -.infinity, "size": 1]))),
      ])
    #expect(log.improvements[0].map(\.value) == [3])
  }

  /// A result that was never reported counts as well.
  @Test func resultsWithoutReports() throws {
    let log = try log(
      Self.specification(), [Happening(1, 0, .finished(attempt: 1, .complete([2])))])
    #expect(log.entries.isEmpty)
    #expect(log.improvements[0].map(\.value) == [2])
    #expect(log.improvements[0].map(\.epoch) == [9])
  }

  /// Seconds never go back, whatever happens to the clock.
  @Test func clocksThatAreSet() throws {
    let log = try log(
      Self.specification(),
      [
        report(1, 0, 1, 5), report(1000, 0, 2, 4),
        Happening(1001, 0, .finished(attempt: 1, .pruned, seconds: 3)), report(1002, 1, 1, 3),
      ])
    let seconds = log.entries.map(\.spent.seconds)
    #expect(seconds == seconds.sorted() && seconds[1] == 999)
  }

  @Test func eventsOutOfOrderAreRefused() throws {
    var log = TrainingLog(try Self.specification())
    #expect(throws: StudyError.self) {
      try log.take(Event(revision: 2, time: 0, trial: 0, .claimed(attempt: 1, worker: "")))
    }
  }

  /// By results and last reports, not by the best of all reports; the earlier of equals.
  @Test func incumbents() throws {
    let specification = try Self.specification()
    let log = try log(
      specification,
      [
        report(1, 0, 1, 1), report(2, 0, 2, 3), Happening(2, 0, .paused(attempt: 1)),
        report(3, 1, 1, 2), Happening(3, 1, .paused(attempt: 1)),
        report(4, 2, 9, 2), Happening(4, 2, .finished(attempt: 1, .complete([2]))),
        report(5, 3, 1, 0), Happening(5, 3, .finished(attempt: 1, .failed(.error, message: nil))),
        report(6, 4, 1, .nan),
      ])
    let trials = log.history.trials
    #expect(specification.incumbent(of: trials)?.number == 2)
    #expect(specification.incumbent(of: Array(trials.prefix(2)))?.number == 1)
    #expect(specification.incumbent(of: Array(trials.suffix(2))) == nil)
    #expect(specification.incumbent(of: []) == nil)
    #expect(log.improvements[0].map(\.value) == [1, 0])
  }

  /// A store gives the log that its events add up to.
  @Test func ofAStudy() async throws {
    var space = SearchSpace()
    let x = try space.float("x", 0...1)
    let study = try await Study(space, .minimize("loss"), by: Self.halves, epochs: 4)
    try await study.run(totalEpochs: 6, keepsCheckpoints: true) { trial in
      for epoch in trial.from + 1...trial.through {
        _ = try await trial.report(epoch: epoch, ["loss": trial[x] + 1 / Double(epoch)])
      }
      return trial[x] + 1 / Double(trial.through)
    }
    let log = try await study.store.trainingLog(of: study.id)
    #expect(log.spent.epochs == 6)
    // No epoch is trained twice: the closure need not say that it has kept something.
    #expect(log.entries.map(\.epoch) == [1, 2, 3, 4, 1, 2])
    #expect(log.history.trials.map(\.checkpoint) == [4, 2])
    await #expect(throws: StudyError.self) { try await study.run { _ in 1.0 } }
  }

  /// A process that was killed between its last report and the end of the trial: there is nothing to train.
  @Test func trainedAlready() async throws {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    let study = try await Study(space, .minimize("loss"), by: Self.halves, epochs: 4)
    let claim = try #require(try await study.ask())
    #expect(claim.trial.through == 2)
    let kinds: [Event.Kind] = [
      .reported(attempt: 1, Report(epoch: 2, ["loss": 3])), .checkpointed(attempt: 1, epoch: 2),
      .released(attempt: 1, .lost),
    ]
    #expect(try await study.store.append(kinds, to: 0, of: study.id) == .accepted)
    try await study.run(totalEpochs: 4, keepsCheckpoints: true) { trial in
      #expect(trial.from < trial.through)
      return 1
    }
    let trial = try #require(try await study.best())
    #expect(trial.reports.map(\.epoch) == [2, 4] && trial.values == [1])
  }

  /// Trains each trial in two halves.
  private static let halves = SearchMethod(MethodDescription("halves")) { _ in Halves() }

  private struct Halves: Searcher {
    func observe(_ event: Event, in history: History) {}
    func propose(_ number: Int?, in history: History) throws -> Proposal {
      if let trial = history.trials.first(where: { $0.state == .paused }) {
        return .advance(trial: trial.number, through: 4)
      }
      let space = try SearchSpace([ParameterDeclaration(parsing: "x=float(0, 1)")])
      return .start(try space.assignment(["x": 0.5]), through: 2)
    }
    func verdict(on trial: Int, in history: History) throws -> Verdict { .goOn }
  }
}
