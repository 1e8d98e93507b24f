import Foundation
import OuterloopStudy

extension AbuseRoom {
  static let study = AbuseRoom("OuterloopStudy") { room in
    room.addSpaces()
    room.addAssignments()
    room.addTrials()
    room.addStudies()
    room.addConduct()
    room.addTerms()
    room.addTrainingLogs()
    room.addStores(named: "MemoryStore") { MemoryStore() }
    room.exclude(
      "total on its values", "Assignment.==", "Assignment.hash", "SearchSpace.==",
      "SearchSpace.hash", "SpaceError.init", "SpaceError.inside", "StudyError.init",
      "TrialFailure.init", "MethodDescription.init", "SearchMethod.init", "StudySettings.init",
      "ComponentDescription.init", "SamplerMethod.init", "SchedulerMethod.init",
      "SearchMethod.scheduled", "ScheduledSearch.init", "FullTraining.observe",
      "FullTraining.verdict",
      "StudyID.init", "StudySummary.init", "StudySummary.Best.init", "Claimant.init", "Claim.init",
      "Attempt.init", "TrialRequest.init", "Objective.minimize", "Objective.maximize",
      "ParameterValue.matches", "StudySpecification.difference", "TrialQuery.init", "Budget.init")
    room.exclude("takes no values", "MemoryStore.now", "MemoryStore.studies", "SystemClock.now")
    room.exclude(
      "a handle of another space is a slip in the source, as an index beyond an array is",
      "RunningTrial.subscript")
    room.exclude(
      "met in `Study.run`", "ReportSink.report", "ReportSink.checkpointed", "RunningTrial.report",
      "RunningTrial.checkpointed", "TrialSource.init", "TrialSource.catchUp")
  }
}

extension AbuseRoom {
  fileprivate mutating func addSpaces() {
    let ranges: [NumericRange] = [
      try? NumericRange(0, 1), try? NumericRange(-1e300, 1e300), try? NumericRange(1, 1),
      try? NumericRange(0, 1, step: 0.1), try? NumericRange(1e-300, 1e300, log: true),
      try? NumericRange(1, 8, log: true, step: 3), try? NumericRange(0, 0x1p53, step: 1),
    ].compactMap { $0 }
    add(
      "NumericRange.init", Edges.numbers, Edges.numbers, [nil] + Edges.numbers.map { $0 as Double? }
    ) {
      low, high, step in
      for isLog in [false, true] {
        let range = try NumericRange(low, high, log: isLog, step: step)
        _ = (
          range.count, range.start, range.end, range.cell(of: 0.3), range.value(atUnit: 0.3),
          range.nearest(0.3)
        )
      }
      return 0
    }
    add("NumericRange.gridValue", ranges, Edges.integers) { $0.gridValue($1) }
    add("NumericRange.nearest", ranges, Edges.numbers) { $0.nearest($1) }
    add("NumericRange.contains", ranges, Edges.numbers) { $0.contains($1) }
    add("NumericRange.value", ranges, Edges.numbers) { $0.value(atUnit: $1) }
    add("NumericRange.unit", ranges, Edges.numbers) { $0.unit(of: $1) }
    add("NumericRange.coordinate", ranges, Edges.numbers) { $0.coordinate(of: $1) }
    add("NumericRange.value", ranges, Edges.numbers) { $0.value(atCoordinate: $1) }
    add("NumericRange.cell", ranges, Edges.numbers) { $0.cell(of: $1).left }
    add("NumericRange.index", ranges, Edges.numbers) { $0.index(nearest: $1) }
    refuse("NumericRange.init", [(2.0, 1.0), (.nan, 1), (0, .infinity)]) {
      try NumericRange($0.0, $0.1)
    }

    let domains: [Domain] =
      ranges.flatMap { [.float($0), .int($0)] }
      + [
        .ordinal([]), .categorical([]), .ordinal([1, 2.5, "x"]), .categorical(["a"]),
        .constant(.float(.nan)), .constant("x"),
      ]
    add("Domain.int", Edges.integers, Edges.integers, Edges.integers) { low, high, step in
      for isLog in [false, true] {
        let domain = try Domain.int(low, high, log: isLog, step: step)
        _ = (domain.count, domain.value(atUnit: 0.5), domain.description)
      }
      return 0
    }
    add("Domain.value", domains, Edges.integers) { $0.value(atIndex: $1).description }
    add("Domain.value", domains, Edges.numbers) { $0.value(atUnit: $1).description }
    add("Domain.numeric", domains, Edges.numbers) { $0.numeric($1).description }
    add("Domain.index", domains, Studies.values) { $0.index(of: $1) as Any }
    add("Domain.canonical", domains, Studies.values) { $0.canonical($1) as Any }
    add("ParameterDeclaration.init", domains, Studies.texts) { domain, text in
      var space = SearchSpace()
      try space.add(ParameterDeclaration(text, domain, if: text))
      return space.assignments().prefix(3).map(\.description)
    }
    add("ParameterDeclaration.init", Studies.texts) { try ParameterDeclaration(parsing: $0).name }
    add(
      "ParameterDeclaration.init",
      [
        "x=float(1e400, 2)", "x=int(1, 99999999999999999999)", "x=choice()", "x=float(,)", "x=y(1)",
        "x=float(0, 1, step 1e-320)", "x=int(1, 2, step 0)", "=float(0,1)",
      ]
    ) { try ParameterDeclaration(parsing: $0).name }
    add("ParameterDeclaration.encode", domains) { domain in
      try JSONEncoder().encode(ParameterDeclaration("x", domain)).count
    }
    add("ParameterValue.init", Studies.texts) { ParameterValue(plain: $0).description }
    add("ParameterValue.init", ["1e999", "-1e999", "99999999999999999999", "1_", "nan", "0x10"]) {
      ParameterValue(plain: $0).description
    }
    add("ParameterValue.encode", Studies.values) { try JSONEncoder().encode($0).count }

    add("SearchSpace.init", Studies.texts) { text in
      try SearchSpace([ParameterDeclaration("x", .int(1, 3))], forbidden: [text]).parameters.count
    }
    add("SearchSpace.add", domains) { domain in
      try declaring {
        try $0.add(ParameterDeclaration("x", domain))
        try $0.add(ParameterDeclaration("x", domain))
        return 0
      }
    }
    add("SearchSpace.forbid", Studies.texts) { text in
      var space = try Studies.space()
      try space.forbid(text)
      return space.assignments().prefix(3).map(\.description)
    }
    add("SearchSpace.fixing", Studies.values) { value in
      try ["x", "n", "c", "other"].map { try Studies.space().fixing($0, to: value).count(upTo: 9) }
    }
    add("SearchSpace.fixing", Studies.texts) { text in
      try ["x", "n", "c", text].map { try Studies.space().fixing($0, toText: text).count(upTo: 9) }
    }
    add("SearchSpace.removing", Studies.texts) { text in
      try Studies.space().removing(["c", "c", text]).parameters.count
    }
    add("SearchSpace.float", Edges.numbers, Edges.numbers) { low, step in
      // A range of Swift cannot be the wrong way round.
      let range = (low.isNaN ? 0 : low)...Double.infinity
      return try declaring { try $0.float("x", range, log: true, step: step).name }
    }
    add("SearchSpace.int", Edges.integers, Edges.integers) { low, step in
      try declaring { try $0.int("n", low...(.max), log: true, step: step).name }
    }
    add("SearchSpace.choice", [[], [""], ["a", "a"], ["a\0"]]) { options in
      try declaring { try $0.choice("c", options).name }
    }
    add("SearchSpace.ordinal", [[], [""], ["a", "a"]]) { options in
      try declaring { try $0.ordinal("o", options).name }
    }
    add("SearchSpace.ordinal", [[], [.nan], [1, 1], Edges.numbers] as [[Double]]) { options in
      try declaring { try $0.ordinal("o", options).name }
    }
    add("SearchSpace.flag", Studies.texts) { name in try declaring { try $0.flag(name).name } }
    add("SearchSpace.when", Studies.texts) { text in
      var space = try Studies.space()
      return try space.when(text) { try $0.float("y", 0...1) }.name
    }
    add("SearchSpace.index", Studies.texts) { try Studies.space().index(of: $0) as Any }
    add("SearchSpace.encode") { try JSONEncoder().encode(Studies.space()).count }
    add("SearchSpace.count", Edges.integers) { try Studies.space().count(upTo: $0) as Any }
    add("SearchSpace.assignments", Edges.integers) {
      try Studies.space().assignments(resolution: $0).prefix(5).map(\.description)
    }
    add("SearchSpace.Assignments.makeIterator") {
      SearchSpace().assignments().makeIterator()
    }
    add("SearchSpace.Assignments.Iterator.next") {
      var iterator = SearchSpace().assignments().makeIterator()
      for _ in 0..<4 { _ = iterator.next() }
      return 0
    }
  }

  fileprivate mutating func addAssignments() {
    add("SearchSpace.assignment", Studies.values, Studies.values) { x, n in
      try Studies.space().assignment(["x": x, "n": n, "c": "a"]).description
    }
    add("SearchSpace.assignment", [[:], ["y": 1], ["x": 0.5]]) {
      try Studies.space().assignment($0).description
    }
    add("SearchSpace.assignment", Studies.values) { value in
      try Studies.space().assignment { _, _ in value }?.description as Any
    }
    add("SearchSpace.allows") {
      var other = SearchSpace()
      _ = try other.flag("f")
      return try Studies.space().allows(other.assignment(["f": true]))
    }
    add("Assignment.subscript", Studies.texts) { try Studies.assignment()[$0] as Any }
    add("Predicate.holds", Studies.values) { value in
      try Studies.space().forbidden.map { $0.holds { _ in value } }
    }
  }

  fileprivate mutating func addTrials() {
    add("Objective.init", Studies.texts) { Objective($0).loss(.nan) }
    add("Objective.loss", Edges.numbers) { Objective.maximize("a").loss($0) }
    add("Report.init", Edges.integers, Edges.numbers) {
      Report(epoch: $0, ["": $1], seconds: $1).epoch
    }
    add("Report.init", Studies.texts, Edges.numbers) {
      Report([:], gradient: [$0: $1]).gradient.count
    }
    let kinds = Studies.kinds
    add("Event.init", kinds, Edges.integers) { kind, number in
      var history = History()
      try history.take(Event(revision: number, time: .nan, trial: number, kind))
      return history.trials.count
    }
    add("History.init", kinds, kinds, kinds) { first, second, third in
      var history = History()
      try history.take(Studies.suggestion(), of: 0, at: -1)
      for (index, kind) in [first, second, third].enumerated() {
        try? history.take(Event(revision: index + 2, time: .infinity, trial: 0, kind))
      }
      _ = (history.busySeconds, history.epochs, history.openCount)
      return history.best(for: .minimize("loss"), at: 0) as Any
    }
    add("History.take", Edges.integers, Edges.integers) { revision, trial in
      var history = History()
      try history.take(Event(revision: revision, time: 0, trial: trial, .paused(attempt: 1)))
      return 0
    }
    refuse("History.take", [-1, 0, 1, .max]) { trial in
      var history = History()
      try history.take(Event(revision: 1, time: 0, trial: trial, .paused(attempt: 1)))
      return 0
    }
    add("History.best", Edges.integers) { place in
      var history = History()
      for kind in try Studies.begun() + [.finished(attempt: 1, .complete([1]))] {
        try history.take(kind, of: 0)
      }
      return history.best(for: .minimize("loss"), at: place) as Any
    }
    add("Trial.init", Edges.integers, Edges.numbers, kinds) { number, time, kind in
      var trial = Trial(
        number: number, assignment: try Studies.assignment(), through: number, seen: number,
        created: time)
      trial.apply(Event(revision: number, time: time, trial: number, kind))
      return [trial.epoch, trial.attempt, trial.number]
    }
    add("Trial.end", Edges.integers, Edges.numbers) { number, value in
      var trial = try Studies.trial(through: number)
      let report = Report(epoch: number, ["loss": value], seconds: value)
      let specification = try Studies.specification()
      trial.apply(
        Event(
          revision: 1, time: value, trial: 0,
          trial.end(of: number, with: report, in: specification, seconds: value)))
      return trial.end(of: 1, with: nil, in: specification)
    }
    add("Trial.accepts", kinds) { kind in
      try Studies.trial().accepts(kind)
    }
    add("Trial.apply", kinds, kinds) { first, second in
      var trial = try Studies.trial()
      for kind in [.claimed(attempt: 1, worker: "w"), first, second] {
        trial.apply(Event(revision: 0, time: .nan, trial: 9, kind))
      }
      return trial.workingSeconds
    }
    add("StudySpecification.endOfLost", [-1, 1, Int.max]) { number in
      try changed(Studies.specification()) { $0.maxAttempts = number }.endOfLost(Studies.trial())
    }
  }

  fileprivate mutating func addStudies() {
    let specification: @Sendable (String, Int, [String]) throws -> StudySpecification = {
      name, number, metrics in
      try StudySpecification(
        name: name, space: Studies.space(), objectives: metrics.map { Objective($0) },
        method: .init("random"), seed: .max, epochs: number, budget: Budget(trials: number),
        retries: number, maxAttempts: number)
    }
    add("StudySpecification.init", Studies.texts, Edges.integers, [[], [""], ["a"], ["a", "a"]]) {
      try specification($0, $1, $2).name
    }
    refuse("StudySpecification.init", [0, -1, .min]) { try specification("s", $0, ["a"]) }
    add("StudySpecification.seed", Edges.integers) {
      try Studies.specification().seed(ofTrial: $0)
    }
    add("Study.init", Studies.texts, Edges.integers) {
      try await Study(
        Studies.space(), .minimize($0), by: Studies.method, name: $0, epochs: $1, retries: $1
      ).specification.name
    }
    add("Study.run", [.min, -1, 0, 2], [.min, 0, 1, 3, .max]) { trials, parallel in
      let study = try await Studies.study()
      try await study.run(trials: trials, parallel: parallel) { trial in
        _ = try await trial.report(
          epoch: trial.number == 0 ? .max : .min, ["loss": .nan], seconds: .nan)
        return trial.number == 1 ? .infinity : 1
      }
      return try await study.trials().count
    }
    refuse("Study.run", [.min, 0, .max]) { parallel in
      try await Studies.study().run(trials: 1, parallel: parallel) { _ in 1.0 }
    }
    add("Study.best") { try await Studies.study().best() as Any }
    add("Study.trials") { try await Studies.study().trials().count }
    add("Study.ask", Studies.texts, Edges.numbers) {
      try await Studies.study().ask(worker: $0, lease: $1) as Any
    }
    add("Study.tell", Edges.numbers, Studies.texts) { number, text in
      let study = try await Studies.study()
      guard let claim = try await study.ask() else { return 0 }
      _ = try await study.tell(claim, [text: number, "loss": number])
      return try await study.tell(claim, failed: .error, text)
    }
    add("Study.report", Edges.integers, Edges.numbers) { epoch, number in
      let study = try await Studies.study()
      guard let claim = try await study.ask() else { return 0 }
      return try await study.report(claim, epoch: epoch, ["loss": number], lease: 9)
    }
    add("Study.enqueue", Studies.values) {
      try await Studies.study().enqueue(["x": $0, "n": $0, "c": "a"]) as Any
    }
    add("TrialSource.next", Edges.integers, Edges.numbers) { count, seconds in
      let store = MemoryStore()
      let id = try store.create(Studies.specification())
      let source = try await TrialSource(id, in: store, by: Studies.method)
      return try await source.next(
        for: Claimant(worker: "w", lease: seconds),
        within: Budget(trials: count, epochs: count, seconds: seconds))
    }
    add("TrialSource.verdict", Edges.integers) {
      let store = MemoryStore()
      let id = try store.create(Studies.specification())
      return try await TrialSource(id, in: store, by: Studies.method).verdict(on: $0)
    }
    add("TrialSource.shouldContinue", Edges.integers) {
      let store = MemoryStore()
      let id = try store.create(Studies.specification())
      return try await TrialSource(id, in: store, by: Studies.method).shouldContinue(
        $0, attempt: $0)
    }
    add("StudyDriver.init", Edges.integers) {
      try await StudyDriver(StudyID(rawValue: $0), in: MemoryStore(), by: Studies.method)
        .run(Constant())
    }
    add("StudyDriver.run", [.min, -1, 0, 2, .max], Edges.numbers) { parallel, seconds in
      let store = MemoryStore()
      let id = try store.create(Studies.specification())
      var driver = StudyDriver(id, in: store, by: Studies.method)
      (driver.parallel, driver.lease, driver.pause) = (parallel, seconds, seconds)
      return try await driver.run(Constant())
    }
    add("FullTraining.propose", Edges.integers, Edges.integers) { epochs, number in
      var scheduler = FullTraining(epochs: epochs)
      scheduler.observe(
        Event(revision: number, time: .nan, trial: number, .retried), in: History())
      return try scheduler.propose(number, in: History()) { _ in nil }
    }
    add("FullTraining.init", Edges.integers) { epochs in
      var searcher = ScheduledSearch(Studies.First(), FullTraining(epochs: epochs))
      return try searcher.propose(0, in: History())
    }
    add("ScheduledSearch.propose", Edges.integers) { number in
      var searcher = ScheduledSearch(Studies.First(), FullTraining(epochs: 1))
      return try searcher.propose(number, in: History())
    }
    add("ScheduledSearch.verdict", Edges.integers) { number in
      var searcher = ScheduledSearch(Studies.First(), FullTraining(epochs: 1))
      return try searcher.verdict(on: number, in: History())
    }
    add("ScheduledSearch.observe", Studies.kinds) { kind in
      var searcher = ScheduledSearch(Studies.First(), FullTraining(epochs: 1))
      searcher.observe(Event(revision: .max, time: .nan, trial: .min, kind), in: History())
      return 0
    }
  }
}

private struct Constant: TrialWork {
  func run(_ request: TrialRequest, to reports: any ReportSink) async throws {
    _ = try await reports.report(Report(epoch: .max, ["loss": .infinity], seconds: .nan))
    try await reports.checkpointed(epoch: .min)
  }
}
