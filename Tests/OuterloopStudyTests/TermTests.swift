import OuterloopStudy
import OuterloopText
import Testing

/// What a study has beside its space and objectives.
@Suite struct TermTests {
  private func specification(
    _ constraints: [OutcomeConstraint] = [], cost: TrialCost? = nil
  ) throws -> StudySpecification {
    try StudySpecification(
      name: "s", space: space(), objectives: [.minimize("loss")], constraints: constraints,
      cost: cost, method: MethodDescription("random"), seed: 1)
  }

  private func space() throws -> SearchSpace {
    try SearchSpace(
      [
        "lr=log(1e-5, 1)", "units=int(1, 100)", "steps=int(1, 1000, log)", "size=ordinal(s, m, l)",
        "opt=choice(sgd, adam)",
      ].map(ParameterDeclaration.init(parsing:)))
  }

  private func trial(_ values: [String: Double]) throws -> Trial {
    var trial = Trial(
      number: 0,
      assignment: try space().assignment([
        "lr": 1, "units": 1, "steps": 1, "size": "s",
        "opt": "sgd",
      ]), through: 1, seen: nil, created: 0)
    trial.reports = [Report(values)]
    return trial
  }

  @Test func boundsAreRead() throws {
    let all = [
      ("memory <= 8", OutcomeConstraint("memory", .atMost, 8)),
      ("recall>=-1e-3", OutcomeConstraint("recall", .atLeast, -1e-3)),
      (" a b  >=  0 ", OutcomeConstraint("a b", .atLeast, 0)),
    ]
    for (text, constraint) in all {
      #expect(try OutcomeConstraint(parsing: text) == constraint)
      #expect(try OutcomeConstraint(parsing: constraint.description) == constraint)
    }
    for text in ["memory", "<= 8", "memory < 8", "memory == 8", "memory <= x", "memory <= inf", ""]
    {
      #expect(throws: StudyError.self) { try OutcomeConstraint(parsing: text) }
    }
  }

  @Test func violationsAddUp() throws {
    let both = [OutcomeConstraint("a", .atMost, 2), OutcomeConstraint("b", .atLeast, 5)]
    let specification = try specification(both)
    #expect(try specification.violation(of: trial(["a": 2, "b": 5])) == 0)
    #expect(try specification.violation(of: trial(["a": 2.5, "b": 1])) == 4.5)
    #expect(try specification.violation(of: trial(["a": 0])) == .infinity)
    #expect(try specification.violation(of: trial(["a": .nan, "b": 9])) == .infinity)
    #expect(try self.specification().violation(of: trial([:])) == 0)
    #expect(try !specification.isFeasible(trial(["a": 3, "b": 5])))
  }

  @Test func aTrialSaysWhatIsBounded() throws {
    let specification = try specification([OutcomeConstraint("a", .atMost, 2)])
    let trial = try trial([:])
    func end(_ values: [String: Double]) -> Event.Kind {
      trial.end(of: 1, with: Report(values), in: specification)
    }
    #expect(end(["loss": 1, "a": 9]) == .finished(attempt: 1, .complete([1])))
    for (values, message) in [
      (["loss": 1.0], "its last report has no `a`"), (["loss": 1, "a": .infinity], "`a` is inf"),
    ] {
      #expect(end(values) == .finished(attempt: 1, .failed(.invalid, message: message)))
    }
  }

  @Test func costsArePositive() throws {
    var trial = try trial(["price": 3])
    var attempt = Attempt(worker: "w", started: 10)
    attempt.ended = 12.5
    trial.attempts = [Attempt(worker: "v", started: 0), attempt]
    #expect(TrialCost().value(of: trial) == 2.5)
    #expect(TrialCost("price").value(of: trial) == 3)
    #expect(TrialCost("other").value(of: trial) == nil)
    for value in [0, -1, .nan, .infinity] {
      #expect(TrialCost("price").value(of: try self.trial(["price": value])) == nil)
    }
  }

  /// What is left of the horizon, by the part of which most is used up.
  @Test func costCoolsDown() throws {
    var history = History()
    let assignment = try trial([:]).assignment
    for number in 0..<5 {
      history = try taking(history, .enqueued(assignment, through: 1), number, at: Double(number))
    }
    #expect(TrialCost().weight(in: history) == 1)
    #expect(TrialCost(horizon: Budget(trials: 20)).weight(in: history) == 0.75)
    #expect(TrialCost(horizon: Budget(trials: 4)).weight(in: history) == 0)
    #expect(TrialCost(horizon: Budget(trials: 0)).weight(in: history) == 0)
    history = try taking(history, .claimed(attempt: 1, worker: "w"), 0, at: 10)
    history = try taking(history, .finished(attempt: 1, .pruned), 0, at: 18)
    #expect(TrialCost(horizon: Budget(trials: 20, seconds: 10)).weight(in: history) == 1 - 0.8)
  }

  private func taking(
    _ history: History, _ kind: Event.Kind, _ trial: Int, at time: Double
  ) throws -> History {
    var history = history
    try history.take(Event(revision: history.revision + 1, time: time, trial: trial, kind))
    return history
  }

  @Test func priorsAreRead() throws {
    let priors = try ParameterPrior.parsing("lr=0.001±3x, units = 64 +- 16 ,opt=adam, size='m'")
    #expect(
      priors == [
        ParameterPrior("lr", 0.001, .factor(3)), ParameterPrior("opt", "adam"),
        ParameterPrior("size", "m"), ParameterPrior("units", 64, .distance(16)),
      ])
    #expect(try space().checked(priors) == priors)
    let text = priors.map(\.description).joined(separator: ", ")
    #expect(try ParameterPrior.parsing(text) == priors)
    #expect(try space().checked([ParameterPrior("size", "m", .distance(1))]).count == 1)
    for text in ["lr", "lr=1±", "lr=1±0x", "lr=1±1x", "lr=1±-3", "lr=±3x", "lr=1±3y", "lr=1±nan"] {
      #expect(throws: (any Error).self, "\(text)") {
        try space().checked(ParameterPrior.parsing(text))
      }
    }
  }

  @Test(arguments: [
    (ParameterPrior("lr", 2), "it cannot be 2"), (ParameterPrior("none", 2), "no such parameter"),
    (ParameterPrior("lr", 0.1, .distance(1)), "its scale is logarithmic"),
    (ParameterPrior("units", 5, .factor(2)), "its scale is not logarithmic"),
    (ParameterPrior("steps", 5, .factor(1)), "a factor above 1"),
    (ParameterPrior("units", 5, .distance(.infinity)), "a distance above 0"),
    (ParameterPrior("opt", "sgd", .distance(1)), "choices have no spread"),
  ])
  func priorsSuitTheirParameters(_ prior: ParameterPrior, _ what: String) throws {
    do {
      _ = try space().checked([prior])
      Issue.record("\(prior) is taken")
    } catch let error as SpaceError {
      #expect("\(error)".contains(what))
      #expect(error.place == ["prior of `\(prior.parameter)`"])
    }
    #expect(throws: SpaceError.self) {
      try space().checked([ParameterPrior("lr", 0.1), ParameterPrior("lr", 0.2)])
    }
  }

  /// A rule ends a study by an event; it ends for whoever drives it, until it is reopened.
  @Test func aStudyIsStoppedAndReopened() async throws {
    let rule = StopRuleMethod(ComponentDescription("three")) { _ in ThreeTrials() }
    let method = SearchMethod(MethodDescription("first")) { _ in
      ScheduledSearch(
        Anything(space: try SearchSpace([ParameterDeclaration("x", .int(1, 9))])),
        FullTraining(epochs: 1))
    }.stopping(when: [rule])
    #expect(method.description.stopRules == [ComponentDescription("three")])
    #expect(method.scheduled(by: .fullTraining).description.stopRules.count == 1)
    let study = try await Study(
      try SearchSpace([ParameterDeclaration("x", .int(1, 9))]), .minimize("loss"), by: method)
    try await study.run(trials: 9) { _ in 1 }
    #expect(try await study.trials().count == 3)
    let events = try await study.store.events(of: study.id, after: 0, limit: .max)
    #expect(events.last?.kind == .stopped(reason: "there are 3"))
    try await study.run(trials: 9) { _ in 1 }
    #expect(try await study.trials().count == 3)
    // Whoever asks only then is told the same, without a further event.
    let source = try await TrialSource(study.id, in: study.store, by: method)
    guard
      case .finished(.rule("there are 3")) = try await source.next(
        for: Claimant(worker: "w"), within: Budget())
    else { throw StudyError("it goes on", "") }
    #expect(try await study.store.events(of: study.id, after: 0, limit: .max).count == events.count)
    try await study.reopen()
    try await study.run(trials: 9) { _ in 1 }
    #expect(try await study.trials().count == 6)
  }

  private struct ThreeTrials: StopRule {
    var count = 0
    mutating func observe(_ event: Event, in history: History) {
      if case .finished = event.kind { count += 1 }
      if case .reopened = event.kind { count = 0 }
    }
    mutating func reason(in history: History) -> String? { count >= 3 ? "there are 3" : nil }
  }

  private struct Anything: Sampler {
    let space: SearchSpace
    func observe(_ event: Event, in history: History) {}
    func suggest(_ number: Int, in history: History) -> Assignment? {
      space.assignment { _, domain in domain.value(atIndex: number) }
    }
  }

  @Test func knownResultsAreAdopted() async throws {
    let space = try SearchSpace(
      ["x=float(0, 1)", "y=int(1, 3)"].map(ParameterDeclaration.init(parsing:)))
    let study = try StudySpecification(
      name: "s", space: space, objectives: [.minimize("loss")],
      constraints: [OutcomeConstraint("memory", .atMost, 1)], method: MethodDescription("random"),
      seed: 1)
    func adoption(
      _ params: [String: ParameterValue], _ values: [String: Double]
    ) throws -> StudySpecification.Adoption {
      try study.adoption(of: KnownResult(params: params, values: values, seconds: 2))
    }
    let whole: [String: ParameterValue] = ["x": 0.5, "y": 2, "other": "z"]
    #expect(
      try adoption(whole, ["loss": 1, "memory": 5, "more": 3])
        == .result(
          space.assignment(["x": 0.5, "y": 2]),
          Report(epoch: 1, ["loss": 1, "memory": 5, "more": 3], seconds: 2)))
    let part: [String: ParameterValue] = ["x": 0.5]
    #expect(try adoption(part, ["loss": 1, "memory": 5]) == .configuration(part))
    #expect(try adoption(whole, ["loss": 1]) == .configuration(["x": 0.5, "y": 2]))
    #expect(
      try adoption(whole, ["loss": .nan, "memory": 0]) == .configuration(["x": 0.5, "y": 2]))
    #expect(throws: SpaceError.self) { try adoption(["x": 2, "y": 1], ["loss": 1]) }

    let store = MemoryStore()
    let id = try store.create(study)
    guard case .result(let assignment, let report) = try adoption(whole, ["loss": 1, "memory": 5])
    else { throw StudyError("no result", "") }
    let trial = try await store.addEnded(assignment, report, to: id, worker: "w")
    #expect(trial?.number == 0)
    let kept = try await store.history(of: id).trials[0]
    #expect(kept.state == .complete && kept.values == [1] && kept.workingSeconds == 2)
    #expect(KnownResult(kept, of: study).values == ["loss": 1, "memory": 5])
  }
}
