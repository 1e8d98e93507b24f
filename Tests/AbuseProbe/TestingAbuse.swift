import OuterloopNumerics
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting

extension AbuseRoom {
  static let testing = AbuseRoom("OuterloopTesting") { room in
    room.addTestProblems()
    room.addUniformLaws()
    room.addRehearsals()
    room.addSearcherLaws()
    room.addDerivativeLaws()
    room.addTrialModels()
    room.addHypergradientLaws()
    room.addImplicitLaws()
    room.addQuadratics()
    room.addStoreLaws()
    room.exclude("total on its values", "HypergradientLaws.Violation.init")
    room.exclude("takes no values", "SearcherLaws.Case.constrained")
  }
}

// MARK: - Problems

private enum Points {
  /// Of every number of variables, most of them wrong.
  static let lists: [[Double]] =
    [[], [0], [0, 0], [0, 0, 0], [.nan, .infinity], Edges.numbers]
    + [4, 5, 6, 7, 11, 12, 30, 31].map { Array(repeating: 0.5, count: $0) }
}

extension AbuseRoom {
  fileprivate mutating func addTestProblems() {
    add("TestProblem.value", TestProblem.all, Points.lists) { $0.value($1) }
    refuseValues("TestProblem.value", TestProblem.all.map { ($0.value, $0.bounds.count) })
    @Sendable func used(_ problem: TestProblem) throws -> Any {
      guard problem.optima.allSatisfy({ $0.count == problem.bounds.count }),
        problem.optima.allSatisfy({ abs(problem.value($0) - problem.optimum) < 1e-6 })
      else { return Edges.broken }
      return Points.lists.map { problem.value($0) }
    }
    add("TestProblem.ackley", Edges.integers) { try used(.ackley($0)) }
    add("TestProblem.rosenbrock", Edges.integers) { try used(.rosenbrock($0)) }
    add("TestProblem.sphere", Edges.integers) { try used(.sphere($0)) }

    add("MultiObjectiveTestProblem.values", MultiObjectiveTestProblem.all, Points.lists) {
      $0.values($1)
    }
    add("MultiObjectiveTestProblem.excess", MultiObjectiveTestProblem.all, Points.lists) {
      $0.excess($1)
    }
    add(
      "MultiObjectiveTestProblem.optimalPoint", MultiObjectiveTestProblem.all, Points.lists,
      Edges.integers
    ) { problem, free, objectives in
      var problem = problem
      let point = problem.optimalPoint(free)
      problem.objectives = objectives
      return [point, problem.optimalPoint(free)]
    }
    add("MultiObjectiveTestProblem.optimalPoint", MultiObjectiveTestProblem.all) { problem in
      var problem = problem
      problem.bounds = []
      return problem.optimalPoint([0.5, 0.5])
    }
    @Sendable func met(_ problem: MultiObjectiveTestProblem) -> Any {
      let point = problem.optimalPoint(Array(repeating: 0.5, count: problem.objectives))
      let values = problem.values(point)
      return [problem.excess(values), problem.excess([]), problem.values([]).first ?? 0]
    }
    add("MultiObjectiveTestProblem.zdt1", Edges.integers) { met(.zdt1($0)) }
    add("MultiObjectiveTestProblem.zdt2", Edges.integers) { met(.zdt2($0)) }
    let sizes: [Int?] = [nil] + Edges.sizes
    add("MultiObjectiveTestProblem.dtlz1", Edges.sizes, sizes) {
      met(.dtlz1(objectives: $0, dimensions: $1))
    }
    add("MultiObjectiveTestProblem.dtlz2", Edges.sizes, sizes) {
      met(.dtlz2(objectives: $0, dimensions: $1))
    }
  }

  /// A function of another number of variables is no number.
  private mutating func refuseValues(
    _ name: String, _ functions: [(value: @Sendable ([Double]) -> Double, count: Int)]
  ) {
    for function in functions {
      refuse(name, Points.lists.filter { $0.count != function.count }) { point in
        let value = function.value(point)
        if value.isNaN { throw NotANumber() }
        return value
      }
    }
  }

  fileprivate mutating func addUniformLaws() {
    add("UniformLaws.binomial", Edges.integers, Edges.integers) { UniformLaws.binomial($0, $1) }
    add("UniformLaws.orderStatistic", Edges.integers, Edges.integers, Edges.numbers) {
      UniformLaws.orderStatistic($0, of: $1, atMost: $2)
    }
    let counts: [[Int]] = [[], [0], [1], [1, 2], [-1, 1], [.max, .max], [.min, -1], [0, 0, 0]]
    let probabilities: [[Double]] =
      [[], [1], [0.5, 0.5], [0, 0], [1, 2, 3]] + Edges.numbers.map { [$0, 1] }
    add("UniformLaws.excess", counts, probabilities) { UniformLaws.excess($0, probabilities: $1) }
    add("UniformLaws.distance", Points.lists, Edges.numbers) { sample, value in
      UniformLaws.distance(sample) { _ in value }
    }
    refuse("UniformLaws.distance", [[.nan], [0.5, .nan], [.nan, 0.5]] as [[Double]]) { sample in
      let distance = UniformLaws.distance(sample) { $0 }
      if distance.isNaN { throw NotANumber() }
      return distance
    }
    add("UniformLaws.suggestions", Edges.integers, Edges.seeds) {
      try UniformLaws.suggestions(.random, .lone("int(1, 3)"), count: $0, seed: $1).count
    }
    refuse("UniformLaws.suggestions", [.min, -1, .max]) {
      try UniformLaws.suggestions(.random, .lone("int(1, 3)"), count: $0)
    }
  }
}

private struct NotANumber: Error {}

// MARK: - Searchers

/// Answers that no searcher should give.
private struct Contrary: Searcher {
  let answer: Proposal
  mutating func observe(_ event: Event, in history: History) {}
  mutating func propose(_ number: Int?, in history: History) throws -> Proposal { answer }
  mutating func verdict(on trial: Int, in history: History) -> Verdict { .prune }

  static let methods: [SearchMethod] = {
    let proposals: [(name: String, Proposal?)] = [
      ("exhausted", .exhausted), ("wait", .wait), ("advance", .advance(trial: .max, through: .min)),
      ("advance", .advance(trial: -1, through: 1)), ("prune", .prune(trial: .max)),
      ("prune", .prune(trial: -1)),
      ("start", (try? Studies.assignment()).map { .start($0, through: .min) }),
    ]
    return proposals.compactMap { name, proposal in
      guard let proposal else { return nil }
      return SearchMethod(MethodDescription(name)) { _ in Contrary(answer: proposal) }
    }
  }()
}

extension AbuseRoom {
  fileprivate mutating func addRehearsals() {
    @Sendable func simulation(_ method: SearchMethod = .grid(resolution: 3)) throws
      -> SearchSimulation
    {
      try SearchSimulation(Studies.specification(), method)
    }
    let kinds = Studies.kinds
    let outcomes: [Outcome] = [
      .complete([]), .complete([1]), .complete([.nan, 1, 2]), .complete([.infinity]), .pruned,
      .failed(.error, message: "a\0b"),
    ]
    add("SearchSimulation.init", [0, 1, 2]) { count in
      var specification = try Studies.specification()
      specification.objectives = Array(repeating: .minimize("a"), count: count)
      var study = try SearchSimulation(specification, .random)
      try study.run(2) { _ in .complete([1, 2, 3]) }
      return study.bestLoss
    }
    add("SearchSimulation.init", kinds, Edges.integers) { kind, number in
      let event = Event(revision: 1, time: .nan, trial: number, kind)
      return try SearchSimulation(Studies.specification(), .random, replaying: [event, event])
        .bestLoss
    }
    add("SearchSimulation.take", kinds, Edges.integers) { kind, number in
      var study = try simulation()
      _ = try study.ask()
      try study.take(kind, of: number)
      return try study.propose()
    }
    add("SearchSimulation.take", Edges.integers, Edges.numbers) { revision, time in
      var study = try simulation()
      _ = try study.ask()
      try study.take(Event(revision: revision, time: time, trial: 0, .paused(attempt: 1)))
      return try study.propose()
    }
    refuse("SearchSimulation.take", [.min, -1, 1, .max]) {
      var study = try simulation()
      _ = try study.ask()
      try study.take(.paused(attempt: 1), of: $0)
      return 0
    }
    add("SearchSimulation.tell", Edges.integers, outcomes) { number, outcome in
      var study = try simulation()
      _ = try study.ask()
      try study.tell(number, outcome, gradient: ["": .nan, "a": .infinity])
      try study.tell(number, outcome)
      return study.bestLoss
    }
    refuse("SearchSimulation.tell", [.min, -1, 1, .max]) {
      var study = try simulation()
      _ = try study.ask()
      try study.tell($0, .complete([1]))
      return 0
    }
    add("SearchSimulation.run", Edges.integers, outcomes) { count, outcome in
      var study = try simulation()
      try study.run(count) { _ in outcome }
      return study.trials.count
    }
    refuse("SearchSimulation.run", [.min, -1]) {
      var study = try simulation()
      try study.run($0) { _ in .pruned }
      return 0
    }
    add("SearchSimulation.ask", Contrary.methods) { method in
      var study = try simulation(method)
      _ = try study.ask()
      return try study.ask() as Any
    }
    add("SearchSimulation.propose", Contrary.methods) { method in
      var study = try simulation(method)
      _ = try study.propose()
      return try study.propose()
    }
  }

  fileprivate mutating func addSearcherLaws() {
    typealias Case = SearcherLaws.Case
    add("SearcherLaws.Case.ordered", Edges.integers, ["float(0, 1)", "int(1, 2)", "", "\0"]) {
      try Case.ordered($0, $1).space.parameters.count
    }
    refuse("SearcherLaws.Case.ordered", [.min, -1, 0, 1 << 33, .max]) { try Case.ordered($0) }
    add("SearcherLaws.Case.simplex", Edges.integers + [100, 1000]) {
      try Case.simplex($0).space.parameters.count
    }
    add("SearcherLaws.Case.ordered", [100, 1000]) { try Case.ordered($0).space.parameters.count }
    refuse("SearcherLaws.Case.simplex", [.min, -1, 0, 1 << 33, .max]) { try Case.simplex($0) }
    add("SearcherLaws.Case.domain", Studies.texts + Case.domains) { try Case.domain($0).name }
    add("SearcherLaws.Case.lone", Studies.texts + Case.domains) { try Case.lone($0).name }
    add("SearcherLaws.Case.init", Studies.texts) { Case($0, SearchSpace()).description }
    add("SearcherLaws.Case.loss", Case.domains) {
      try [Case.lone($0), Case.domain($0)].map { try $0.loss(Studies.assignment()) }
    }
    add("SearcherLaws.Case.gradient", Case.domains) {
      try [Case.lone($0), Case.domain($0)].map { try $0.gradient(Studies.assignment()).count }
    }
    add("SearcherLaws.specification", [[], [""], ["a", "a"], ["a"]], Edges.seeds) {
      try SearcherLaws.specification(
        .lone("int(1, 3)"), .random, objectives: $0.map { Objective($0) }, seed: $1
      ).name
    }
    let laws: [(String, @Sendable (SearchMethod, Case, Int) async throws -> [String])] = [
      ("staysInSpace", { try SearcherLaws.staysInSpace($0, $1, trials: $2) }),
      ("replays", { try SearcherLaws.replays($0, $1, trials: $2) }),
      ("knowsDirection", { try SearcherLaws.knowsDirection($0, $1, trials: $2) }),
      ("survives", { try SearcherLaws.survives($0, $1, trials: $2) }),
      ("takesObjectives", { try SearcherLaws.takesObjectives($0, $1, trials: $2) }),
      ("takesGradients", { try SearcherLaws.takesGradients($0, $1, trials: $2) }),
      ("takesConstraints", { try SearcherLaws.takesConstraints($0, $1, trials: $2) }),
      (
        "followsChanges",
        { try await SearcherLaws.followsChanges($0, $1, to: $1.space, trials: $2) }
      ),
    ]
    addSchedulerLaws()
    for (name, law) in laws {
      add("SearcherLaws.\(name)", Edges.integers) {
        try await law(.random, .lone("int(1, 4)"), $0)
      }
      refuse("SearcherLaws.\(name)", [.min, -1, 0, .max]) {
        try await law(.random, .lone("float(0, 1)"), $0)
      }
      add("SearcherLaws.\(name)", Contrary.methods, [1, 9]) {
        try await law($0, .lone("int(1, 4)"), $1)
      }
      add("SearcherLaws.\(name)") { try await law(.random, Case("", SearchSpace()), 3) }
    }
    add("SearcherLaws.followsChanges", [0, 1]) { kind in
      let wider = kind == 0 ? SearchSpace() : try Studies.space()
      return try await SearcherLaws.followsChanges(
        .random, .lone("int(1, 4)"), to: wider, trials: 9)
    }
  }
}
