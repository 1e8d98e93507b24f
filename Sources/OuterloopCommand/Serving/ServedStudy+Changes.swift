internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

// Changes to a study apart from its trials: its budget, known results, priors.
extension ServedStudy {
  static let changeOperations: [String: Operation] = [
    "budget": Operation(fields: ["trials", "more", "epochs", "seconds"]) { study, request in
      try await study.setBudget(request)
    },
    "enqueue": Operation(fields: ["params"]) { study, request in
      try await study.enqueue(request.configuration("params"))
    },
    "add": Operation(fields: ["params", "values", "epoch"]) { study, request in
      try await study.add(request)
    },
    "hint": Operation(fields: ["priors"]) { study, request in
      try await study.hint(request.texts("priors"))
    },
    "extend": Operation(fields: ["parameters"]) { study, request in
      try await study.extend(by: request.texts("parameters"))
    },
  ]

  /// Totals over the study's lifetime; null removes a limit, limits that are not named stay.
  private func setBudget(_ request: ServeRequest) async throws -> JSON {
    let (trials, more) = (try request.int("trials"), try request.int("more"))
    let (epochs, seconds) = (try request.int("epochs"), try request.number("seconds"))
    for (name, value) in [("trials", trials), ("more", more), ("epochs", epochs)] {
      if let value, value < 0 {
        throw CommandError("\(name) is \(value)", hint: "say 0 or more", status: 64)
      }
    }
    if trials != nil, more != nil {
      throw CommandError(
        "`trials` is a total and `more` adds to it", hint: "give one of them", status: 64)
    }
    let count = try await store.summary(of: found.id).trials
    change(
      try await store.update(found.id) { settings in
        if let trials { settings.budget.trials = trials }
        if let more {
          let (sum, isBeyond) = count.addingReportingOverflow(more)
          settings.budget.trials = isBeyond ? .max : sum
        }
        if let epochs { settings.budget.epochs = epochs }
        if let seconds { settings.budget.seconds = seconds }
      })
    try await found.reopen(forMore: true)
    return .object(["budget": Self.json(specification.budget), "trials": .int(count)])
  }

  private func enqueue(_ values: [String: ParameterValue]) async throws -> JSON {
    try await refresh()
    // Parameters that the space does not have yet get their values when the trial asks for them.
    let unknown =
      specification.isGrowing
      ? values.filter { specification.space.index(of: $0.key) == nil } : [:]
    let known = values.filter { unknown[$0.key] == nil }
    let count = try await store.summary(of: found.id).trials
    let method = try found.method()
    let assignment = try CommandError.usage {
      try specification.configuration(with: known, asTrial: count, by: method)
    }
    let kind = Event.Kind.enqueued(assignment, through: specification.epochs)
    guard
      let number = try await store.add(kind, asTrial: nil, to: found.id, claimedBy: nil)?.trial
        .number
    else { throw CommandError("no trial could be added", hint: "try again") }
    if !unknown.isEmpty {
      let text = JSON(unknown) { JSON($0) }.description
      change(
        try await store.update(found.id) { $0.attributes[Self.requestKey(number)] = text })
    }
    return .object(["number": .int(number), "params": Self.json(assignment)])
  }

  private static func requestKey(_ number: Int) -> String { "wish.\(number)" }

  /// The value with which trial `number` was enqueued, for a parameter that was unknown then.
  func requestedValue(_ name: String, for number: Int, in domain: Domain) throws -> ParameterValue?
  {
    guard let text = specification.attributes[Self.requestKey(number)],
      let value = JSONReader.value(text)?[name]?.parameterValue
    else { return nil }
    guard let canonical = domain.canonical(value) else {
      throw CommandError(
        "trial \(number) was enqueued with `\(name)` = \(value), which is not in \(domain)",
        hint: "enqueue a value of the domain", status: 64)
    }
    return canonical
  }

  private func add(_ request: ServeRequest) async throws -> JSON {
    let values = try request.configuration("params")
    let numbers = try request.neededNumbers("values")
    let epoch = try request.int("epoch")
    try await refresh()
    let specification = specification
    let assignment = try CommandError.usage {
      try specification.space.assignment(try specification.space.canonical(values))
    }
    let report = Report(epoch: epoch ?? specification.epochs, numbers)
    guard
      let trial = try await store.addEnded(assignment, report, to: found.id, worker: "add")
    else { throw CommandError("no trial could be added", hint: "try again") }
    return .object(["number": .int(trial.number)])
  }

  private func hint(_ texts: [String]) async throws -> JSON {
    let priors = try CommandError.usage {
      try specification.space.checked(texts.flatMap(ParameterPrior.parsing))
    }
    try await store.note(.hinted(priors), in: found.id)
    return .object(["hints": .array(priors.map { .text($0.description) })])
  }

  private func extend(by texts: [String]) async throws -> JSON {
    try await refresh()
    let space = try CommandError.usage {
      try specification.space.extended(by: texts.map(ParameterDeclaration.init(parsing:)))
    }
    try await store.extend(found.id, to: space)
    try await refresh()
    return .object(["parameters": Self.json(specification.space)])
  }
}
