import OuterloopSearch
import OuterloopStudy
import OuterloopTesting

extension AbuseRoom {
  mutating func addSchedulers() {
    let kinds =
      Studies.kinds + Edges.numbers.map { .reported(attempt: 1, Report(epoch: 3, ["loss": $0])) }
    @Sendable func run(_ method: SearchMethod, _ kind: Event.Kind = .retried) throws -> Any {
      var specification = try Studies.specification()
      specification.epochs = 9
      if method.description.scheduler.name == "priorband" {
        let first = specification.space.parameters[0]
        specification.priors = [ParameterPrior(first.name, first.domain.value(atUnit: 0.3))]
      }
      var searcher = try method.searcher(specification)
      let history = try Studies.threeTrials(kind) { searcher.observe($0, in: $1) }
      let verdicts = try history.trials.indices.map { try searcher.verdict(on: $0, in: history) }
      return (
        try searcher.propose(nil, in: history), try searcher.propose(3, in: history), verdicts
      )
    }
    let methods: [(String, @Sendable (Int) -> SearchMethod)] = [
      ("SchedulerMethod.asha", { .random.scheduled(by: .asha(options($0))) }),
      ("SchedulerMethod.pasha", { .random.scheduled(by: .pasha(options($0))) }),
      ("SchedulerMethod.wilcoxon", { .random.scheduled(by: .wilcoxon(options($0))) }),
      ("SchedulerMethod.hyperband", { .random.scheduled(by: .hyperband(options($0))) }),
      ("SchedulerMethod.halving", { .random.scheduled(by: .halving(options($0))) }),
      ("SchedulerMethod.patience", { .random.scheduled(by: .patience(options($0))) }),
      ("SchedulerMethod.percentile", { .random.scheduled(by: .percentile(options($0))) }),
      ("SchedulerMethod.threshold", { .random.scheduled(by: .threshold(options($0))) }),
      ("SearchMethod.freezeThaw", { .freezeThaw(options($0)) }),
      ("SearchMethod.dyhpo", { .dyhpo(options($0)) }),
      ("SearchMethod.dpl", { .dpl(options($0)) }),
      ("SearchMethod.priorBand", { .priorBand(options($0)) }),
      ("SearchMethod.automaticTraining", { _ in .automaticTraining() }),
    ]
    for (name, method) in methods {
      add(name, Edges.integers) { try run(method($0)) }
      add(name, [1, 3], kinds) { try run(method($0), $1) }
    }
    add("SchedulerKind.named", Studies.texts + SchedulerKind.all.map(\.name)) {
      try SchedulerKind.named($0).method(.random, ["factor": 3]).description
    }
    let names = ["factor", "least", "stopping", "startup", "bound", "epochs", "screening", "none"]
    add("AsynchronousHalvingOptions.init", names, Studies.values) {
      try AsynchronousHalvingOptions([$0: $1])
    }
    add("ProgressiveHalvingOptions.init", names, Studies.values) {
      try ProgressiveHalvingOptions([$0: $1])
    }
    add("PriorBandOptions.init", names, Studies.values) { try PriorBandOptions([$0: $1]) }
    add("WilcoxonOptions.init", names + ["threshold"], Studies.values) {
      try WilcoxonOptions([$0: $1])
    }
    add("HyperbandOptions.init", names, Studies.values) { try HyperbandOptions([$0: $1]) }
    add("HalvingOptions.init", names, Studies.values) { try HalvingOptions([$0: $1]) }
    add("PatienceOptions.init", names, Studies.values) { try PatienceOptions([$0: $1]) }
    add("PercentileOptions.init", names, Studies.values) { try PercentileOptions([$0: $1]) }
    add("ThresholdOptions.init", names, Studies.values) { try ThresholdOptions([$0: $1]) }
    add("FreezeThawOptions.init", names, Studies.values) { try FreezeThawOptions([$0: $1]) }
    add("DyHPOOptions.init", names + ["faithful", "training"], Studies.values) {
      try DyHPOOptions([$0: $1])
    }
    add("DPLOptions.init", names + ["training"], Studies.values) { try DPLOptions([$0: $1]) }
  }

  mutating func addSchedulerLaws() {
    let laws: [(String, @Sendable (Int, Int, Int) throws -> [String])] = [
      (
        "replays",
        { try SchedulerLaws.replays(asha, trials: $0, epochs: $1, workers: $2) }
      ),
      (
        "knowsDirection",
        { trials, epochs, _ in
          try SchedulerLaws.knowsDirection(asha, trials: trials, epochs: epochs)
        }
      ),
      (
        "survives",
        { trials, epochs, _ in try SchedulerLaws.survives(asha, trials: trials, epochs: epochs) }
      ),
      (
        "takesObjectives",
        { trials, epochs, _ in
          try SchedulerLaws.takesObjectives(asha, trials: trials, epochs: epochs)
        }
      ),
    ]
    let few = [.min, -1, 0, 1, 2, .max]
    for (name, law) in laws {
      add("SchedulerLaws.\(name)", few, few, few) { try law($0, $1, $2) }
      refuse("SchedulerLaws.\(name)", [.min, -1, 0, .max]) { try law($0, 9, 1) }
    }
    add("SchedulerLaws.loss", Edges.integers) { try SchedulerLaws.loss(Studies.assignment(), $0) }
    add("TrainingSimulation.init", Edges.integers) {
      try TrainingSimulation(Studies.specification(), .random, workers: $0).workers
    }
    refuse("TrainingSimulation.init", [.min, -1, 0, .max]) {
      try TrainingSimulation(Studies.specification(), .random, workers: $0)
    }
    add("TrainingSimulation.run", [.min, -1, 0, 1, 2], Edges.numbers) {
      var simulation = try TrainingSimulation(Studies.specification(), .random)
      let number = $1
      try simulation.run(trials: $0) { _, _ in .values([number]) }
      return simulation.wrong
    }
    add("SearchSimulation.begin", Edges.integers) {
      var study = try SearchSimulation(Studies.specification(), .random)
      _ = try study.begin(.prune(trial: $0))
      return try study.begin(.advance(trial: $0, through: $0)) as Any
    }
    add("SearchSimulation.verdict", Edges.integers) {
      var study = try SearchSimulation(Studies.specification(), .random)
      return try study.verdict(on: $0)
    }
  }
}

private let asha = SearchMethod.random.scheduled(by: .asha())

private func options(_ count: Int) -> AsynchronousHalvingOptions {
  changed(AsynchronousHalvingOptions()) { ($0.factor, $0.least) = (count, count) }
}
private func options(_ count: Int) -> ProgressiveHalvingOptions {
  changed(ProgressiveHalvingOptions()) { ($0.factor, $0.least) = (count, count) }
}
private func options(_ count: Int) -> PriorBandOptions {
  changed(PriorBandOptions()) { ($0.factor, $0.least) = (count, count) }
}
private func options(_ count: Int) -> WilcoxonOptions {
  changed(WilcoxonOptions()) { ($0.startup, $0.threshold) = (count, 1) }
}
private func options(_ count: Int) -> HyperbandOptions {
  changed(HyperbandOptions()) { ($0.factor, $0.least) = (count, count) }
}
private func options(_ count: Int) -> HalvingOptions {
  changed(HalvingOptions()) { ($0.factor, $0.least) = (3, count) }
}
private func options(_ count: Int) -> PatienceOptions {
  changed(PatienceOptions()) { $0.epochs = count }
}
private func options(_ count: Int) -> PercentileOptions {
  changed(PercentileOptions()) { ($0.startup, $0.warmup) = (1, count) }
}
private func options(_ count: Int) -> ThresholdOptions {
  changed(ThresholdOptions()) { ($0.bound, $0.warmup) = (1, count) }
}
private func options(_ count: Int) -> DyHPOOptions {
  changed(DyHPOOptions()) { ($0.candidates, $0.training, $0.faithful) = (count, count, count > 1) }
}
private func options(_ count: Int) -> DPLOptions {
  changed(DPLOptions()) { ($0.candidates, $0.training) = (count, count) }
}
private func options(_ count: Int) -> FreezeThawOptions {
  changed(FreezeThawOptions()) { $0.candidates = count }
}
