import OuterloopStudy

extension AbuseRoom {
  /// What every store is asked.
  mutating func addStores<Store: StudyStore>(
    named name: String, _ make: @escaping @Sendable () async throws -> Store
  ) {
    let kinds = Studies.kinds
    @Sendable func filled() async throws -> (Store, StudyID) {
      let store = try await make()
      let id = try await store.create(Studies.specification())
      _ = try await store.add(
        Studies.suggestion(), asTrial: 0, to: id,
        claimedBy: Claimant(worker: "w"))
      return (store, id)
    }
    if name == "MemoryStore" {
      add("MemoryStore.init", Edges.numbers) { time in
        let store = MemoryStore { time }
        let id = try store.create(Studies.specification())
        _ = try store.add(
          Studies.suggestion(), asTrial: 0, to: id,
          claimedBy: Claimant(worker: "w", lease: time))
        return try store.reap(id)
      }
    }
    add("\(name).create", Studies.texts) {
      let store = try await make()
      _ = try await store.create(Studies.specification($0))
      return try await store.create(Studies.specification($0))
    }
    add("\(name).extend", Edges.integers, Studies.texts) { number, bound in
      let (store, id) = try await filled()
      try? await store.extend(StudyID(rawValue: number), to: SearchSpace())
      var wider = SearchSpace()
      try wider.add(ParameterDeclaration(parsing: "x=float(0, \(bound))"))
      try await store.extend(id, to: wider)
      return 0
    }
    add("\(name).note", kinds, Edges.integers) { kind, number in
      let (store, id) = try await filled()
      try? await store.note(.stopped(reason: "a\0b"), in: StudyID(rawValue: number))
      try await store.note(.hinted([ParameterPrior("", .float(.nan), .factor(-1))]), in: id)
      try await store.note(kind, in: id)
      return 0
    }
    add("\(name).metrics", Edges.integers) {
      try await filled().0.metrics(of: StudyID(rawValue: $0))
    }
    add("\(name).leases", Edges.integers) {
      try await filled().0.leases(of: StudyID(rawValue: $0)).count
    }
    add("\(name).study", Studies.texts) { try await filled().0.study(named: $0) as Any }
    add("\(name).specification", Edges.integers) {
      try await filled().0.specification(of: StudyID(rawValue: $0)).name
    }
    add("\(name).update", Edges.integers, Edges.numbers) { number, seconds in
      let (store, id) = try await filled()
      _ = try await store.update(id) {
        $0.budget = Budget(trials: number, epochs: number, seconds: seconds)
        $0.attributes = ["a\0": "\u{1B}"]
      }
      return try await store.update(StudyID(rawValue: number)) { _ in }
    }
    add("\(name).delete", Edges.integers) {
      try await filled().0.delete(StudyID(rawValue: $0))
    }
    add("\(name).events", Edges.integers, Edges.integers) {
      let (store, id) = try await filled()
      return try await store.events(of: id, after: $0, limit: $1).count
    }
    add("\(name).add", kinds, [nil, .min, -1, 0, 1, 2, .max]) { kind, number in
      let (store, id) = try await filled()
      return try await store.add(
        kind, asTrial: number, to: id, claimedBy: Claimant(worker: "", lease: .nan)) as Any
    }
    add("\(name).append", kinds, kinds, [.min, -1, 0, 1, .max]) { first, second, trial in
      let (store, id) = try await filled()
      _ = try await store.append([first, second], to: trial, of: id)
      _ = try await store.trials(of: id, matching: TrialQuery())
      _ = try await store.summary(of: id)
      return try await store.append([second], to: 0, of: id)
    }
    add("\(name).claim", Studies.texts, Edges.numbers) {
      let (store, id) = try await filled()
      _ = try await store.append([.released(attempt: 1, .lost)], to: 0, of: id)
      return try await store.claim(in: id, by: Claimant(worker: $0, lease: $1)) as Any
    }
    add("\(name).renew", Edges.numbers, Edges.integers) { seconds, number in
      let (store, id) = try await filled()
      let trial = try Studies.trial(number)
      _ = try await store.renew(Claim(study: id, trial: trial, attempt: 1), seconds: seconds)
      return try await store.reap(id)
    }
    add("\(name).reap", Edges.integers) {
      try await filled().0.reap(StudyID(rawValue: $0))
    }
    let prefix = name == "MemoryStore" ? "StudyStore" : name
    let states: [Set<TrialState.Kind>?] = [nil, [], [.paused]]
    add("\(prefix).trials", Edges.integers, Edges.integers, states) { from, limit, states in
      let (store, id) = try await filled()
      return try await store.trials(
        of: id,
        matching: TrialQuery(states: states, from: from, limit: limit, newestFirst: true)
      ).count
    }
    add("\(prefix).summary", Edges.integers) {
      try await filled().0.summary(of: StudyID(rawValue: $0)).trials
    }
    if name != "SQLiteStore" {
      add("\(prefix).awaitEvents", Edges.integers, Edges.numbers) { number, pause in
        let (store, id) = try await filled()
        let waiting = Task {
          try await store.awaitEvents(of: StudyID(rawValue: number), after: number, pause: pause)
          try await store.awaitEvents(of: id, after: number, pause: pause)
        }
        waiting.cancel()
        return try await waiting.value
      }
    }
    if name == "MemoryStore" {
      add("StudyStore.history", Edges.integers) {
        try await filled().0.history(of: StudyID(rawValue: $0)).revision
      }
      add("StudyCopy.init", Edges.integers, kinds) { number, kind in
        let (store, id) = try await filled()
        _ = try await store.append([kind], to: 0, of: id)
        _ = try await StudyCopy(id, of: store).runningTrials
        return try await StudyCopy(StudyID(rawValue: number), of: store).events
      }
    }
  }
}
