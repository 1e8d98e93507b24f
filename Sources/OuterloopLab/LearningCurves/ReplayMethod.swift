internal import OuterloopSearch
public import OuterloopStudy

/// A search method for studies of learning curves, by name. It is created for a task, so that it can be
/// restricted to a table's configurations.
public struct ReplayMethod: Sendable {
  public let name: String
  /// What it does, as half a sentence.
  public let summary: String
  /// - Throws: `StudyError` for unknown options.
  public let make: @Sendable ([String: ParameterValue], any CurveTask) throws -> SearchMethod

  public init(
    _ name: String, _ summary: String,
    make: @escaping @Sendable ([String: ParameterValue], any CurveTask) throws -> SearchMethod
  ) {
    (self.name, self.summary, self.make) = (name, summary, make)
  }

  /// The schedulers of the registry, with the task's own sampler, and a baseline for comparisons only; a new one is a
  /// new row. Includes model-based samplers under `hyperband`, whose proposals for a table are replaced by its
  /// nearest configuration. Excludes `auto`, which is one of the others, `threshold`, whose bound suits one metric,
  /// `priorband`, which needs a prior, and `wilcoxon`, which is for folds.
  public static let all: [ReplayMethod] =
    registered + [
      ReplayMethod("one-epoch", "half of the budget on first epochs, then the best first") {
        options, task in
        try refuse(options, but: ["screened"], of: "one-epoch")
        var screened: Int?
        if let option = options["screened"] {
          guard case .int(let count) = option, count >= 1 else {
            throw StudyError("`screened` of one-epoch is \(option)", "write a whole number from 1")
          }
          screened = count
        }
        return SearchMethod(task.sampler, .oneEpoch(screened: screened))
      },
      ReplayMethod("bohb", "hyperband with the sampler bohb") { options, _ in
        SearchMethod(.bohb(), .hyperband(try HyperbandOptions(options)))
      },
      ReplayMethod("hyperband-tpe", "hyperband with the sampler tpe") { options, _ in
        SearchMethod(.tpe(), .hyperband(try HyperbandOptions(options)))
      },
    ]

  private static let registered = SchedulerKind.all.filter {
    !["auto", "threshold", "priorband", "wilcoxon"].contains($0.name)
  }.map { kind in
    ReplayMethod(kind.name, kind.summary) { options, task in
      if let amongListed = kind.amongListed, let configurations = task.configurations {
        return try amongListed(configurations, options)
      }
      return try kind.method(task.sampler, options)
    }
  }

  private static func refuse(
    _ options: [String: ParameterValue], but known: Set<String>, of name: String
  ) throws {
    guard let other = options.keys.filter({ !known.contains($0) }).min() else { return }
    throw StudyError(
      "`\(name)` has no option `\(other)`",
      known.isEmpty ? "leave it out" : "its options are \(known.sorted().joined(separator: ", "))")
  }

  /// The search method of a text in the syntax of `--scheduler`: `one-epoch:screened=100`.
  /// - Throws: `StudyError` for an unknown name or option.
  public static func method(_ text: String, for task: any CurveTask) throws -> SearchMethod {
    let description = try ComponentDescription(parsing: text)
    guard let method = all.first(where: { $0.name == description.name }) else {
      throw StudyError(
        "there is no method `\(description.name)`",
        "use one of \(all.map(\.name).joined(separator: ", "))")
    }
    return try method.make(description.options, task)
  }
}
