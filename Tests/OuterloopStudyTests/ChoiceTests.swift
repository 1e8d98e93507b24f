import Testing

@testable import OuterloopStudy

/// What a method that chooses by itself does is written down when it changes.
@Suite struct ChoiceTests {
  /// Says that it does `first` before two trials have ended, and `second` from then on.
  private struct Choosing: Searcher {
    let assignment: Assignment
    var ended = 0

    var choice: String? { ended < 2 ? "first for a start" : "second with two results" }

    mutating func observe(_ event: Event, in history: History) {
      if case .finished = event.kind { ended += 1 }
    }
    mutating func propose(_ number: Int?, in history: History) -> Proposal {
      number == nil ? .exhausted : .start(assignment, through: 1)
    }
    mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }
  }

  @Test func changesAreEvents() async throws {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    let assignment = try space.assignment(["x": 0.5])
    let method = SearchMethod(MethodDescription("choosing")) { _ in
      Choosing(assignment: assignment)
    }
    let store = MemoryStore()
    let id = try store.create(
      StudySpecification(
        name: "s", space: space, objectives: [.minimize("loss")], method: method.description,
        seed: 0))
    let budget = Budget(trials: 4)
    // Two workers, each with a searcher of its own, and one that comes later.
    var sources: [TrialSource] = []
    for _ in 0..<2 { sources.append(try await TrialSource(id, in: store, by: method)) }
    for number in 0..<4 {
      if number == 3 { sources.append(try await TrialSource(id, in: store, by: method)) }
      let source = sources[number == 3 ? 2 : number % 2]
      guard
        case .trial(let claim) = try await source.next(
          for: Claimant(worker: "w"), within: budget)
      else {
        Issue.record("there is no trial \(number)")
        return
      }
      _ = try store.append(
        [
          .reported(attempt: 1, Report(["loss": 1])),
          .finished(attempt: 1, .complete([1])),
        ], to: claim.trial.number, of: id)
    }
    let events = try store.events(of: id, after: 0, limit: .max)
    let told = events.compactMap { event -> (String, Int)? in
      guard case .chosen(let text) = event.kind else { return nil }
      return (text, event.trial)
    }
    #expect(told.map(\.0) == ["first for a start", "second with two results"])
    #expect(told.map(\.1) == [0, 2])
    guard case .suggested(_, _, let seen) = events[1].kind else {
      Issue.record("a trial does not follow the choice")
      return
    }
    #expect(seen == 1)
    let history = try await store.history(of: id)
    #expect(history.choice == "second with two results")
  }

  /// A scheduler and a sampler that both choose are told of together; one that does not choose says nothing.
  @Test func partsAreJoined() {
    struct Part: Sampler, Scheduler {
      let choice: String?
      mutating func observe(_ event: Event, in history: History) {}
      mutating func suggest(_ number: Int, in history: History) -> Assignment? { nil }
      mutating func propose(
        _ number: Int?, in history: History, suggest: (Int) throws -> Assignment?
      ) -> Proposal { .exhausted }
      mutating func verdict(on trial: Int, in history: History) -> Verdict { .goOn }
    }
    func choice(_ sampler: String?, _ scheduler: String?) -> String? {
      ScheduledSearch(Part(choice: sampler), Part(choice: scheduler)).choice
    }
    #expect(choice("gp for one", "asha for many") == "asha for many; gp for one")
    #expect(choice("gp for one", nil) == "gp for one")
    #expect(choice(nil, nil) == nil)
  }
}
