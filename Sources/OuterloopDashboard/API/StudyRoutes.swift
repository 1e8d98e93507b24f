internal import OuterloopCharts
internal import OuterloopSearch
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

// One study.
extension Dashboard {
  var studyRoutes: [Route] {
    [
      Route("GET", "\(Self.root)/studies/{study}", "A study") { _, arguments in
        let study = try await study(arguments)
        return .json(.object(try await overview(study) + details(of: study)))
      }
    ]
  }

  /// - Throws: `RequestError` if there is no such study.
  func study(_ arguments: Route.Arguments) async throws -> FollowedStudy {
    try await studies.study(arguments.number("study", called: "study"))
  }

  private func details(of study: FollowedStudy) async throws -> [JSON.Member] {
    let (specification, history) = (await study.specification, await study.history)
    let best = specification.best(in: history)
    let front =
      specification.objectives.count > 1
      ? specification.paretoFront(of: history.trials).map { JSON.int($0.number) } : nil
    let figures = await study.figures
    let plots = StudyPlot.all.filter { figures.applies($0) }.map { plot in
      JSON.object([
        "name": .text(plot.name), "summary": .text(plot.summary),
        "perObjective": .bool(plot.isOfOneObjective),
        "comparesStudies": .bool(plot.comparesStudies),
      ])
    }
    let pairs: KeyValuePairs<String, JSON> = [
      "parameters": .array(specification.space.parameters.map(\.json)),
      "metrics": .array(await study.metrics.map(JSON.text)),
      "constraints": .array(specification.constraints.map { .text($0.description) }),
      "bestTrial": best.map { TrialRecord($0, specification).json } ?? .null,
      "command": .text(best.flatMap { environment.commandLine(specification, $0) }),
      "front": front.map(JSON.array) ?? .null, "plots": .array(plots),
      "choice": .text(history.choice), "notes": .text(specification.notes()),
    ]
    return pairs.map { JSON.Member(name: $0.key, value: $0.value) }
  }
}

extension Parameter {
  fileprivate var json: JSON {
    .object([
      "name": .text(name), "kind": .text(kind), "declaration": .text(description),
      "condition": .text(condition?.description),
      "choices": choices.map { .array($0.map(JSON.init)) } ?? .null,
    ])
  }

  private var choices: [ParameterValue]? {
    switch domain {
    case .ordinal(let values), .categorical(let values): values
    case .constant(let value): [value]
    case .float, .int: nil
    }
  }

  private var kind: String {
    switch domain {
    case .float: "float"
    case .int: "int"
    case .ordinal: "ordinal"
    case .categorical: "categorical"
    case .constant: "constant"
    }
  }
}

extension StudySpecification {
  /// The notes on the study, or on a trial.
  func notes(ofTrial number: Int? = nil) -> String {
    attributes[NoteTarget(trial: number).attribute] ?? ""
  }
}
