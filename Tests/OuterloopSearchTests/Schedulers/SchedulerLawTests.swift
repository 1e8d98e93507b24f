import OuterloopSearch
import OuterloopStudy
import OuterloopTesting
import Testing

/// The laws of schedulers over a table: a new scheduler is a new row.
@Suite struct SchedulerLawTests {
  struct Row: Sendable, CustomStringConvertible {
    let description: String
    let method: SearchMethod
    /// Whether the unit of the objective does not matter.
    var isScaleFree = true
    /// What is believed of good values, of methods that begin there.
    var priors: [ParameterPrior] = []

    /// A bound is one on the metric as it is, not on the loss.
    var hasBound: Bool { method.description.scheduler.name == "threshold" }
  }

  /// What networks are trained by in these laws, which hold however well they are trained.
  static let small = [
    "dyhpo": "dyhpo:training=8,candidates=32", "dpl": "dpl:training=4,candidates=32",
  ]

  /// Every scheduler of the registry that can do without options, and with options that make it another one.
  static let rows: [Row] = {
    do {
      let registered = try SchedulerKind.all.filter { $0.name != "threshold" }.map { kind in
        Row(
          description: kind.name,
          method: try .named(
            MethodDescription(
              kind.choosesConfigurations ? .noSampler : ComponentDescription("random"),
              scheduler: ComponentDescription(parsing: small[kind.name] ?? kind.name))),
          // Where it has a floor, the origin of a loss matters: see `LossScale`.
          isScaleFree: kind.name != "freeze-thaw",
          priors: kind.traits.contains(.heedsPriors) ? [ParameterPrior("x", 0.4)] : [])
      }
      let others = try [
        "random asha:stopping=true", "random asha:factor=2", "tpe asha", "tpe hyperband",
        "cmaes hyperband:factor=2", "sobol halving:factor=4,least=2", "nsga2 asha", "gp asha",
        "random percentile:percentile=25,warmup=2", "random patience:epochs=2,improvement=0.01",
        "random threshold:bound=0.4", "auto auto", "tpe pasha:factor=2", "bohb hyperband",
        "bohb asha:stopping=true", "bohb median", "random wilcoxon:threshold=0.3",
      ].map { text in
        let words = text.split(separator: " ").map(String.init)
        let isScaleFree = !words[1].contains("improvement")
        return Row(
          description: text,
          method: try .named(
            MethodDescription(
              ComponentDescription(parsing: words[0]),
              scheduler: ComponentDescription(parsing: words[1]))),
          isScaleFree: isScaleFree && !["gp", "cmaes", "auto"].contains(words[0]))
      }
      return registered + others
    } catch { preconditionFailure("\(error)") }
  }()

  @Test(arguments: rows, [1, 4]) func replays(_ row: Row, _ workers: Int) throws {
    for epochs in [9, 20] {
      #expect(
        try SchedulerLaws.replays(
          row.method, trials: 24, epochs: epochs, workers: workers, priors: row.priors) == [])
    }
  }

  @Test(arguments: rows.filter { !$0.hasBound }) func knowsDirection(_ row: Row) throws {
    #expect(
      try SchedulerLaws.knowsDirection(
        row.method, trials: 24, epochs: 9, scaleFree: row.isScaleFree, priors: row.priors) == [])
  }

  @Test(arguments: rows) func survives(_ row: Row) throws {
    #expect(
      try SchedulerLaws.survives(row.method, trials: 16, epochs: 9, priors: row.priors) == [])
  }

  /// What takes one objective says so.
  static let single = ["cmaes", "gp", "bohb", "none"]

  @Test(arguments: rows.filter { !single.contains($0.method.description.sampler.name) })
  func takesObjectives(_ row: Row) throws {
    #expect(try SchedulerLaws.takesObjectives(row.method, trials: 24, epochs: 9) == [])
  }
}
