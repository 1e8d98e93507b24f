internal import ArgumentParser
internal import OuterloopSearch
internal import OuterloopStudy
internal import OuterloopText

/// Options of a search beyond its objectives: constraints on results, costs, priors, and stopping rules.
struct TermOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A bound on a metric: 'memory <= 8'. A trial that violates it is never the best. "
        + "Repeat for more.", valueName: "bound"))
  var constraint: [String] = []

  @Option(
    name: .customLong("per-second"), defaultAsFlag: TermOptions.wallTime,
    help: ArgumentHelp(
      "Weigh improvement against its cost: the time that a trial takes, or a "
        + "metric that it reports, such as inference time or money.", valueName: "metric"))
  var perSecond: String?

  @Option(
    help: ArgumentHelp(
      "A prior belief about good values, for the search to start from: 'lr=0.001±3x', "
        + "'units=64±16, opt=adam'; +- stands for ±. Repeat for more.", valueName: "values"))
  var prior: [String] = []

  @Option(
    help: ArgumentHelp(
      "When to end before the budget is spent: 'loss <= 0.1', or "
        + StopRuleKind.all.map(\.name).joined(separator: ", ")
        + " with options as in plateau:trials=50. Repeat for more.", valueName: "rule"))
  var stopWhen: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "End when an epoch is not expected to improve the objective by this much; with --epochs above 1 and a budget "
        + "of epochs or trials.", valueName: "improvement"))
  var worth: Double?

  /// The name for the duration of a trial: no metric has this name.
  private static let wallTime = "seconds"

  var isGiven: Bool {
    !constraint.isEmpty || perSecond != nil || !prior.isEmpty || !stopWhen.isEmpty || worth != nil
  }

  /// - Throws: `StudyError` that names the option.
  func constraints() throws -> [OutcomeConstraint] {
    try constraint.map(OutcomeConstraint.init(parsing:))
  }

  /// - Parameter budget: the study's budget, by which the weight of cost decreases towards the end.
  func cost(within budget: Budget) -> TrialCost? {
    perSecond.map { TrialCost($0 == Self.wallTime ? nil : $0, horizon: budget) }
  }

  /// - Throws: `SpaceError`
  func priors() throws -> [ParameterPrior] {
    try naming("--prior") { try prior.flatMap(ParameterPrior.parsing) }
  }

  /// The rules that end a study with these objectives.
  ///
  /// - Throws: `StudyError` for unknown rules and options, and targets that do not suit the objectives.
  func stopRules(for objectives: [Objective]) throws -> [ComponentDescription] {
    let price = worth.map { ComponentDescription("worth", ["epoch": .float($0)]) }
    return try rules(for: objectives) + [price].compactMap(\.self)
  }

  private func rules(for objectives: [Objective]) throws -> [ComponentDescription] {
    try stopWhen.map { text in
      guard text.contains(where: { "<>".contains($0) }) else {
        return try ComponentDescription(parsing: text)
      }
      let wanted = try OutcomeConstraint(parsing: text)
      guard let objective = objectives.first(where: { $0.metric == wanted.metric }) else {
        throw StudyError(
          "--stop-when '\(text)': `\(wanted.metric)` is not an objective",
          Spelling.remedy(
            for: wanted.metric, among: objectives.map(\.metric), called: "objectives"))
      }
      let (sign, word): (OutcomeConstraint.Relation, String) =
        objective.direction == .minimize ? (.atMost, "small") : (.atLeast, "large")
      guard wanted.relation == sign else {
        throw StudyError(
          "--stop-when '\(text)': `\(wanted.metric)` is to be made \(word)",
          "write \(wanted.metric) \(sign.rawValue) \(NumberText.short(wanted.bound))")
      }
      return ComponentDescription("target", ["value": .float(wanted.bound)])
    }
  }
}
