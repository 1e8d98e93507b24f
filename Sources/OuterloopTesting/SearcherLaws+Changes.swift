public import OuterloopStudy

// Changes to a running study.
extension SearcherLaws {
  /// Failed trials are retried, the space is extended, hints about good values are added, the study is stopped
  /// and reopened: a searcher that joins later proposes the same as those that were there all the time, and
  /// replaying any prefix of the log gives the proposals made then.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func followsChanges(
    _ method: SearchMethod, _ item: Case, to wider: SearchSpace, trials: Int
  ) async throws -> [String] {
    try require(trials: trials)
    let specification = try specification(item, method)
    let store = MemoryStore()
    let id = try store.create(specification)
    let present = try await TrialSource(id, in: store, by: method)
    var wrong: [String] = []
    for step in 0..<trials {
      if step == 6 { try store.extend(id, to: wider) }
      if step == 9 {
        try store.note(.hinted(priors(of: wider)), in: id)
        try store.note(.stopped(reason: "enough"), in: id)
        try store.note(.reopened, in: id)
      }
      if step % 5 == 4 {
        for trial in try await store.history(of: id).trials where trial.state.reason != nil {
          _ = try store.append([.retried], to: trial.number, of: id)
        }
      }
      guard let claim = try await ask(present) else { break }
      let outcome: Outcome =
        step % 4 == 1
        ? .failed(.error, message: nil) : .complete([Double(claim.trial.number % 7)])
      _ = try store.append(
        [.finished(attempt: claim.attempt, outcome)], to: claim.trial.number, of: id)
    }
    let events = try store.events(of: id, after: 0, limit: .max)
    for event in events {
      guard case .suggested(let assignment, _, let seen) = event.kind else { continue }
      let (copy, past) = try replica(specification, events.prefix(seen))
      let late = try await TrialSource(past, in: copy, by: method)
      if try await ask(late)?.trial.assignment != assignment {
        wrong.append("a replay up to trial \(event.trial) proposes something else")
      }
    }
    if events.count(where: { $0.kind == .retried }) == 0 { wrong.append("nothing was retried") }
    return wrong
  }

  /// An objective names its parameters as it runs, more and wider ones with time: proposals stay in the space, and
  /// replaying any prefix of the log gives the proposals made then.
  package static func followsGrowth(_ method: SearchMethod, trials: Int) async throws -> [String] {
    let specification = try StudySpecification(
      name: "growing", space: SearchSpace(), objectives: [.minimize("loss")],
      method: method.description, seed: 3, attributes: StudySpecification.growth)
    let store = MemoryStore()
    let id = try store.create(specification)
    let present = try await TrialSource(id, in: store, by: method)
    var wrong: [String] = []
    for step in 0..<trials {
      guard let claim = try await ask(present) else { break }
      var assignment = claim.trial.assignment
      for (first, text) in [
        (0, "x=float(0, 1)"), (2, "opt=choice(a, b)"), (5, "n=int(1, 9)"), (12, "x=float(-1, 2)"),
        (14, "opt=choice(c, a)"),
      ] where step >= first && (step % 3 > 0 || !text.hasPrefix("n")) {
        let declaration = try ParameterDeclaration(parsing: text)
        let space = try await store.grow(id, by: declaration)
        if assignment[declaration.name].flatMap(declaration.domain.canonical) != nil { continue }
        assignment = try space.supplementing(
          assignment, declaration.name, declaration.domain.value(atUnit: Double(step % 7) / 7))
        _ = try store.append(
          [.supplemented(attempt: claim.attempt, assignment)], to: claim.trial.number, of: id)
      }
      _ = try store.append(
        [.finished(attempt: claim.attempt, .complete([Double(step * 5 % 7)]))],
        to: claim.trial.number, of: id)
    }
    let space = try store.specification(of: id).space
    for trial in try await store.history(of: id).trials {
      for (parameter, value) in zip(space.parameters, trial.assignment.values) {
        if let value, parameter.domain.canonical(value) != value {
          wrong.append("trial \(trial.number): \(parameter.name) is \(value)")
        }
      }
    }
    let events = try store.events(of: id, after: 0, limit: .max)
    for event in events {
      guard case .suggested(let assignment, _, let seen) = event.kind else { continue }
      let (copy, past) = try replica(specification, events.prefix(seen))
      let late = try await TrialSource(past, in: copy, by: method)
      // Those of the whole log have places for parameters that came later.
      let again = try await ask(late)?.trial.assignment
      if again?.active.map(\.name) != assignment.active.map(\.name)
        || again?.active.map(\.value) != assignment.active.map(\.value)
      {
        wrong.append("a replay up to trial \(event.trial) proposes something else")
      }
    }
    if space.parameters.map(\.description)
      != ["x=float(-1.0, 2.0)", "opt=choice(a, b, c)", "n=int(1, 9)"]
    {
      wrong.append("the space has become \(space.parameters)")
    }
    return wrong
  }

  /// A prior that prefers each parameter's lower half.
  static func priors(of space: SearchSpace) -> [ParameterPrior] {
    space.parameters.map { ParameterPrior($0.name, $0.domain.value(atUnit: 0.3)) }
  }

  private static func ask(_ source: TrialSource) async throws -> Claim? {
    let work = try await source.next(for: Claimant(worker: "w"), within: Budget())
    if case .trial(let claim) = work { return claim }
    return nil
  }

  /// A store in which these events happened.
  private static func replica(
    _ specification: StudySpecification, _ events: some Sequence<Event>
  ) throws -> (MemoryStore, StudyID) {
    let store = MemoryStore()
    let id = try store.create(specification)
    for event in events {
      switch event.kind {
      case .suggested, .enqueued:
        _ = try store.add(event.kind, asTrial: nil, to: id, claimedBy: nil)
      case .widened(let space): try store.extend(id, to: space)
      case let note where note.isAboutStudy: try store.note(note, in: id)
      default: _ = try store.append([event.kind], to: event.trial, of: id)
      }
    }
    return (store, id)
  }
}
