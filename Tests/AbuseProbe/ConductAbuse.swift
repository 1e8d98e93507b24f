import OuterloopStudy

extension AbuseRoom {
  /// Configurations that people name, spaces that grow, and trials in columns.
  mutating func addConduct() {
    add("SearchSpace.canonical", Studies.values, Studies.texts) { value, text in
      try ["x", "n", "c", text].map { try Studies.space().canonical([$0: value]).count }
    }
    add("StudySpecification.configuration", Studies.values, Edges.integers) { value, number in
      try ["x", "n", "c"].map {
        try Studies.specification().configuration(
          with: [$0: value], asTrial: number, by: Studies.method
        ).description
      }
    }
    let declarations = ["x=float(0, 2)", "x=int(0, 2)", "n=int(1, 9, log)", "c=choice(a)"]
    add("SearchSpace.extended", declarations) {
      try Studies.space().extended(by: [ParameterDeclaration(parsing: $0)]).parameters.count
    }
    add("SearchSpace.extended", [[], ["x=float(0, 2)", "x=float(0, 3)"]]) {
      try Studies.space().extended(by: $0.map { try ParameterDeclaration(parsing: $0) })
        .parameters.count
    }
    refuse("SearchSpace.checkExtension", [0]) { _ in
      try Studies.space().checkExtension(to: SearchSpace())
    }
    add("StudyStore.metrics", Edges.integers) {
      try await MemoryStore().metrics(of: StudyID(rawValue: $0))
    }
    add("Study.retry", Edges.integers) { number in
      let study = try await Studies.study()
      return String(describing: try await study.retry(number))
    }
    add("Study.extend", Studies.texts) { name in
      let study = try await Studies.study()
      try await study.extend(name, .int(0, 9))
      return 0
    }
    addColumns()
    exclude("total on its values", "Lease.init")
    exclude("met in `Study.run`", "TrialSource.isExhausted")
  }

  private mutating func addColumns() {
    let kinds = Studies.kinds
    let trial: @Sendable (Event.Kind) throws -> Trial = { kind in
      var trial = try Studies.trial(created: .nan)
      trial.apply(Event(revision: 1, time: 0, trial: 0, .claimed(attempt: 1, worker: "w")))
      trial.apply(Event(revision: 2, time: .infinity, trial: 0, kind))
      return trial
    }
    add("TrialColumns.init", Studies.texts) {
      _ = TrialColumns(try Studies.specification(), metrics: [$0, $0, "x", "loss"])
      return 0
    }
    add("TrialColumns.column", Studies.texts) {
      try TrialColumns(Studies.specification()).column(named: $0).isObjective(.max)
    }
    add("TrialColumns.Column.isObjective", Edges.integers) {
      try TrialColumns(Studies.specification()).column(named: "loss").isObjective($0)
    }
    let names = ["loss", "x", "n", "c", "number", "state", "seconds"]
    add("TrialColumns.Column.value", names, kinds) {
      try TrialColumns(Studies.specification()).column(named: $0).value(of: trial($1)) as Any
    }
    add("TrialColumns.Column.sorted", names, kinds, kinds) {
      try TrialColumns(Studies.specification()).column(named: $0)
        .sorted([trial($1), trial($2), trial($1)], isReversed: true).count
    }
    add("TrialFilter.init", Studies.texts) {
      _ = try TrialFilter($0, over: TrialColumns(Studies.specification()))
      return 0
    }
    add("TrialFilter.admits", ["loss < 0.1", "x > 0 and not loss == 1", "state == failed"], kinds) {
      try TrialFilter($0, over: TrialColumns(Studies.specification())).admits(trial($1))
    }
    add("Trial.attempts", kinds) { try trial($0).attempts(endedBy: .lost) }
  }
}
