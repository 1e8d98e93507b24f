import OuterloopStudy
import Testing

@Suite struct TrialStateTests {
  /// Derivatives are metrics of their own, however they are told.
  @Test func gradients() {
    let report = Report(["loss": 1], gradient: ["lr": -2, "a.b": 0.5], seconds: 3)
    #expect(report.values == ["loss": 1, "gradient.lr": -2, "gradient.a.b": 0.5])
    #expect(report.gradient == ["lr": -2, "a.b": 0.5])
    #expect(Report(["loss": 1, "gradient.lr": 4, "gradient": 5]).gradient == ["lr": 4])
    #expect(Report(["loss": 1]).gradient.isEmpty)
  }

  private func trial(after kinds: [Event.Kind]) throws -> Trial {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    let assignment = try space.assignment(["x": 0.5])
    var trial = Trial(number: 0, assignment: assignment, through: 1, seen: nil, created: 0)
    for (index, kind) in kinds.enumerated() {
      #expect(trial.accepts(kind) == .accepted, "\(kind)")
      trial.apply(Event(revision: index + 2, time: Double(index), trial: 0, kind))
    }
    return trial
  }

  private let claimed = Event.Kind.claimed(attempt: 1, worker: "w")
  private let again = Event.Kind.claimed(attempt: 2, worker: "v")

  @Test func anOvertakenAttemptMayOnlyBringItsResult() throws {
    let overtaken = try trial(after: [claimed, .released(attempt: 1, .lost), again])
    #expect(
      overtaken.accepts(.reported(attempt: 1, Report(["loss": 1]))) == .refused(.overtaken))
    #expect(
      overtaken.accepts(.finished(attempt: 1, .failed(.error, message: nil)))
        == .refused(.overtaken))
    #expect(overtaken.accepts(.finished(attempt: 1, .complete([1]))) == .accepted)
    #expect(overtaken.accepts(.finished(attempt: 3, .complete([1]))) == .refused(.overtaken))
  }

  @Test func resultsOfTrialsGivenUpAsLostAreTaken() throws {
    let lost = try trial(after: [claimed, .finished(attempt: 1, .failed(.lost, message: nil))])
    #expect(lost.accepts(.finished(attempt: 1, .complete([1]))) == .accepted)
    #expect(lost.accepts(again) == .refused(.finished))
  }

  @Test func finishedTrialsStayAsTheyAre() throws {
    let done = try trial(after: [claimed, .finished(attempt: 1, .complete([2]))])
    for kind: Event.Kind in [
      again, .reported(attempt: 1, Report(["loss": 1])), .paused(attempt: 1),
      .finished(attempt: 1, .complete([3])), .released(attempt: 1, .lost),
    ] { #expect(done.accepts(kind) == .refused(.finished)) }
    #expect(done.values == [2])
  }

  @Test func whatGoesBeyondTheCheckpointIsTrainedAgain() throws {
    let reports = (1...3).map { Event.Kind.reported(attempt: 1, Report(epoch: $0, ["loss": 1])) }
    let resumed = try trial(
      after: [claimed] + reports + [
        .checkpointed(attempt: 1, epoch: 2), .released(attempt: 1, .lost), again,
      ])
    #expect(resumed.checkpoint == 2)
    #expect(resumed.reports.map(\.epoch) == [1, 2])
  }
}
