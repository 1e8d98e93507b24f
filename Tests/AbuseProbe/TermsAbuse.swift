import OuterloopSearch
import OuterloopStudy

// What a study is to heed beside its objectives, rules that end it, and models of it.
extension AbuseRoom {
  mutating func addTerms() {
    exclude(
      "total on its values", "OutcomeConstraint.init", "TrialCost.init", "ParameterPrior.init",
      "StopRuleMethod.init", "SearchMethod.stopping", "KnownResult.init")
    let bounds = Studies.texts + ["a <= 1e999", "<= 1", "a >=", "a <=> 1", "a <= nan", "a >= -0"]
    add("OutcomeConstraint.init", bounds) { try OutcomeConstraint(parsing: $0).description }
    add("OutcomeConstraint.violation", Edges.numbers, Edges.numbers) {
      OutcomeConstraint("a", .atLeast, $0).violation(of: $1)
    }
    add("ParameterPrior.parsing", Studies.texts + ["x=±", "x=1±x", "x=1+-1e999x", "x=±±1"]) {
      try Studies.space().checked(ParameterPrior.parsing($0)).map(\.description)
    }
    add("SearchSpace.checked", Studies.values, Edges.numbers) { value, number in
      try ["x", "n", "c", ""].map { name in
        try Studies.space().checked([
          ParameterPrior(name, value, .factor(number)),
          ParameterPrior(name, value, .distance(number)),
        ]).count
      }
    }
    let trial: @Sendable (Double) throws -> Trial = { number in
      try changed(Studies.ended([number])) {
        $0.reports = [Report(["loss": number, "a": number])]
      }
    }
    let bounded: @Sendable (Double) throws -> StudySpecification = { bound in
      try StudySpecification(
        name: "s", space: Studies.space(), objectives: [.minimize("loss")],
        constraints: [OutcomeConstraint("a", .atMost, bound)],
        cost: TrialCost("a", horizon: Budget(trials: 0, epochs: -1, seconds: bound)),
        method: .init("random"), seed: 1)
    }
    add("StudySpecification.violation", Edges.numbers, Edges.numbers) {
      try bounded($0).violation(of: trial($1))
    }
    add("StudySpecification.isFeasible", Edges.numbers, Edges.numbers) {
      try bounded($0).isFeasible(trial($1))
    }
    add("StudySpecification.best", Edges.numbers) { try bounded($0).best(in: History()) as Any }
    add("TrialCost.value", Edges.numbers) { try TrialCost("a").value(of: trial($0)) as Any }
    add("TrialCost.weight", Edges.numbers) {
      TrialCost(horizon: Budget(trials: .min, seconds: $0)).weight(in: History())
    }
    add("History.share", Edges.integers, Edges.numbers) {
      History().share(of: Budget(trials: $0, epochs: $0, seconds: $1))
    }
    add("StudySpecification.adoption", Studies.values, Edges.numbers) { value, number in
      try Studies.specification().adoption(
        of: KnownResult(
          params: ["x": value, "n": value, "c": "a"], values: ["loss": number], seconds: number))
    }
    add("SearchMethod.searcher") { try Studies.method.searcher(Studies.specification()) }
    add("Study.hint", Studies.values) { value in
      try await Studies.study().hint(
        ParameterPrior("x", value), ParameterPrior("c", value))
      return 0
    }
    add("Study.reopen") {
      try await Studies.study().reopen()
      return 0
    }
    add("StudyStore.addEnded", Edges.integers, Edges.numbers) { number, value in
      let store = MemoryStore()
      let id = try store.create(Studies.specification())
      return try await store.addEnded(
        Studies.assignment(), Report(epoch: number, ["loss": value], seconds: value), to: id,
        worker: "") as Any
    }
  }

  mutating func addRules() {
    let kinds =
      Studies.kinds
      + Edges.numbers.map { .finished(attempt: 1, .complete([$0])) } + [.reopened]
    /// What a rule says after three trials that ended so.
    @Sendable func reason(_ method: StopRuleMethod, _ kind: Event.Kind) throws -> Any {
      var rule = try method.make(Studies.specification())
      let history = try Studies.threeTrials(kind) { rule.observe($0, in: $1) }
      return try rule.reason(in: history) as Any
    }
    let rules: [(String, StopRuleMethod)] = [
      ("PlateauRule", .plateau()), ("TargetRule", .target(TargetOptions(value: 0))),
      ("RegretRule", .regret()), ("WorthRule", .worth()),
    ]
    for (name, rule) in rules {
      add("\(name).observe", kinds) { try reason(rule, $0) }
      add("\(name).reason", kinds) { try reason(rule, $0) }
    }
    add("PlateauRule.init", Edges.integers, Edges.numbers) { trials, improvement in
      let options = changed(PlateauOptions()) {
        ($0.trials, $0.improvement) = (trials, improvement)
      }
      return try PlateauRule(Studies.specification(), options)
    }
    add("StopRuleMethod.plateau", Edges.integers) { trials in
      let options = changed(PlateauOptions()) { $0.trials = trials }
      return try StopRuleMethod.plateau(options).make(Studies.specification())
    }
    add("TargetRule.init", Edges.numbers) {
      try TargetRule(Studies.specification(), TargetOptions(value: $0))
    }
    exclude("takes no values", "PlateauOptions.init", "RegretOptions.init", "WorthOptions.init")
    add("TargetOptions.init", Edges.numbers) { TargetOptions(value: $0).value }
    add("StopRuleMethod.target", Edges.numbers) {
      try StopRuleMethod.target(TargetOptions(value: $0)).make(Studies.specification())
    }
    add("RegretRule.init", Edges.numbers) { ratio in
      let options = changed(RegretOptions()) { $0.ratio = ratio }
      return try RegretRule(Studies.specification(), options)
    }
    add("StopRuleMethod.regret", Edges.numbers) { ratio in
      let options = changed(RegretOptions()) { $0.ratio = ratio }
      return try StopRuleMethod.regret(options).make(Studies.specification())
    }

    add("WorthRule.init", Edges.numbers) { price in
      let options = changed(WorthOptions()) { $0.epoch = price }
      return try WorthRule(Studies.specification(), options)
    }
    add("StopRuleMethod.worth", Edges.numbers) { price in
      let options = changed(WorthOptions()) { $0.epoch = price }
      return try StopRuleMethod.worth(options).make(Studies.specification())
    }

    /// Trials whose results are these numbers.
    @Sendable func model(_ values: [Double], _ place: Int) throws -> StudyModel {
      let space = try Studies.space()
      let trials = try values.enumerated().map { number, value in
        let drawn = space.assignment { $1.value(atUnit: Double(number * 7 % 10) / 10) }
        return try changed(Studies.ended([value], number: number, drawn)) { $0.ended = value }
      }
      return try StudyModel(Studies.specification(), trials, objective: place)
    }
    let histories: [[Double]] =
      [
        [], [1], [1, 1, 1, 1, 1, 1], [1, 2, 3, 4, 5, 6], Edges.numbers,
        Edges.numbers + Edges.numbers,
      ]
      + Edges.numbers.map { [1, 2, $0, 3, $0, 4, 5] }
    add("StudyModel.init", histories, [0, 1, -1, .max]) { try model($0, $1).trials }
    add("StudyModel.predictions", histories) {
      try model($0, 0).predictions([Studies.assignment()])
    }
    add("StudyModel.leaveOneOut", histories) { try model($0, 0).leaveOneOut() }
    add("StudyModel.importances", Array(histories.prefix(8))) { try model($0, 0).importances() }
  }
}
