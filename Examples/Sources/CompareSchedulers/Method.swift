import Outerloop

/// A way to search, by the name that stands in the table.
struct Method: Sendable {
  let name: String
  let search: SearchMethod

  /// `random` is random search with full trainings; other names are those of `outerloop tune --scheduler`,
  /// with options as in `asha:factor=4`, and go with the sampler `auto`.
  ///
  /// - Throws: `StudyError` if there is no such scheduler.
  init(_ name: String) throws {
    self.name = name
    if name == "random" {
      search = .random
      return
    }
    let scheduler = try ComponentDescription(parsing: name)
    let choosesAlone = try SchedulerKind.named(scheduler.name).choosesConfigurations
    search = try .named(
      MethodDescription(
        choosesAlone ? .noSampler : ComponentDescription("auto"), scheduler: scheduler))
  }

  /// What is compared unless the command line says otherwise.
  static let usual = ["auto", "asha", "hyperband", "none", "random"]
}
