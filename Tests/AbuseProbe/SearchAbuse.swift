import OuterloopSearch
import OuterloopStudy

extension AbuseRoom {
  static let search = AbuseRoom("OuterloopSearch") { room in
    room.addPareto()
    room.addSamplers()
    room.addEvolution()
    room.addImportance()
    room.addRules()
    room.addSchedulers()
  }

  private static let rows: [[[Double]]] =
    [
      [], [[]], [[1, 2]], [[1, 2], [1, 2]], [[1]], [[1, 2], [3]], [[1, 2, 3, 4], [4, 3, 2, 1]],
    ]
    + Edges.numbers.map { [[$0, 1], [1, $0], [0, 0]] }
    + [Edges.numbers.flatMap { a in Edges.numbers.map { [a, $0] } }]

  fileprivate mutating func addPareto() {
    let rows = Self.rows
    @Sendable func points(_ rows: [[Double]]) throws -> ObjectivePoints {
      try ObjectivePoints(rows, objectives: rows.first?.count ?? 2)
    }
    add("ObjectivePoints.init", rows, Edges.integers) {
      try ObjectivePoints($0, objectives: $1).count
    }
    refuse("ObjectivePoints.init", [.min, -1, 0, 3]) {
      try ObjectivePoints([[1, 2]], objectives: $0)
    }
    add("ObjectivePoints.ranks", rows) { try points($0).ranks() }
    add("ObjectivePoints.fronts", rows) { try points($0).fronts().count }
    add("ObjectivePoints.paretoFront", rows) { try points($0).paretoFront() }
    add("StudySpecification.paretoFront", rows, Edges.integers) { rows, place in
      let specification = try Studies.specification()
      let trials = try rows.enumerated().map { try Studies.ended($1, number: $0) }
      return specification.paretoFront(of: trials, places: [place]).map(\.number)
    }
    add("ObjectivePoints.referencePoint", rows) { try points($0).referencePoint() }
    let indices: [[Int]] = [[], [0], [0, 0], [1, 0], [-1], [.max], [.min]]
    add("ObjectivePoints.crowdingDistances", rows, indices) {
      try points($0).crowdingDistances(of: $1)
    }
    add("ObjectivePoints.subscript", rows, Edges.integers) { try points($0)[$1] }
    add("ObjectivePoints.dominates", rows, Edges.integers) { try points($0).dominates($1, 0) }
    let references: [[Double]] = [[], [1], [5, 5], [0, 0]] + Edges.numbers.map { [$0, $0] }
    add("ObjectivePoints.hypervolume", rows, references) {
      try points($0).hypervolume(reference: $1)
    }
    add("ObjectivePoints.hypervolumeContributions", rows, references) {
      try points($0).hypervolumeContributions(reference: $1)
    }
    add("ObjectivePoints.hypervolumeSubset", rows, references, Edges.integers) {
      try points($0).hypervolumeSubset(size: $2, reference: $1)
    }
  }

  fileprivate mutating func addSamplers() {
    let kinds =
      Studies.kinds
      + Edges.numbers.flatMap {
        [.finished(attempt: 1, .complete([$0])), .finished(attempt: 1, .complete([$0, $0]))]
      }
    @Sendable func search(_ method: SearchMethod, _ number: Int, _ kind: Event.Kind) throws -> Any {
      var searcher = try method.searcher(Studies.specification())
      let history = try Studies.threeTrials(kind) { searcher.observe($0, in: $1) }
      return try searcher.propose(number, in: history)
    }
    let early = changed(GPOptions()) { $0.startup = 2 }
    let methods: [(String, SearchMethod)] = [
      ("RandomSampler", .random), ("SobolSampler", .sobol), ("GridSampler", .grid()),
      ("TPESampler", .tpe()), ("GPSampler", .gp(early)), ("AutoSampler", .auto()),
      ("CMASampler", .cmaes()), ("BOHBSampler", .bohb()),
      ("CatCMASampler", .catcma()),
      ("NSGA2Sampler", .nsga2()), ("NSGA3Sampler", .nsga3()),
      ("DifferentialEvolutionSampler", .differentialEvolution()),
    ]
    for (name, method) in methods {
      add("\(name).suggest", Edges.integers, kinds) { try search(method, $0, $1) }
      add("\(name).observe", kinds) { try search(method, 3, $0) }
    }
    add("RandomSampler.init", Edges.integers) {
      var sampler = try RandomSampler(Studies.specification())
      return try sampler.suggest($0, in: History()) as Any
    }
    add("SobolSampler.init", Edges.integers) {
      var sampler = try SobolSampler(Studies.specification())
      return try sampler.suggest($0, in: History()) as Any
    }
    add("GridSampler.init", Edges.integers, Edges.integers) { resolution, number in
      var sampler = try GridSampler(Studies.specification(), resolution: resolution)
      return try sampler.suggest(number, in: History()) as Any
    }
    add("ExpressibleBySampler.grid", Edges.integers) {
      try SearchMethod.grid(resolution: $0).searcher(Studies.specification())
    }
    add("ExpressibleBySampler.grid", Edges.integers) {
      try SamplerMethod.grid(resolution: $0).make(Studies.specification())
    }
    add("ExpressibleBySampler.tpe", Edges.integers) { count in
      let options = changed(TPEOptions()) { $0.candidates = count }
      return try SamplerMethod.tpe(options).make(Studies.specification())
    }
    add("SamplerTraits.init", Edges.integers) {
      SamplerTraits(rawValue: $0).union(.learns).rawValue
    }
    let options: [@Sendable (Int, Double) -> TPEOptions] = [
      { count, _ in changed(TPEOptions()) { $0.startup = count } },
      { count, _ in changed(TPEOptions()) { ($0.startup, $0.candidates) = (0, count) } },
      { count, number in
        changed(TPEOptions()) { ($0.startup, $0.kernels, $0.priorWeight) = (0, count, number) }
      },
      { count, _ in
        changed(TPEOptions()) {
          ($0.multivariate, $0.group, $0.startup) = (false, true, count)
        }
      },
      { count, _ in
        changed(TPEOptions()) {
          ($0.exact, $0.endpoints, $0.magicClip) = (true, true, false)
          ($0.startup, $0.kernels) = (1, count)
        }
      },
    ]
    for options in options {
      add(
        "TPESampler.init", Edges.integers.filter { $0 < 1 << 20 || $0 > 1 << 40 }, Edges.numbers
      ) {
        try search(.tpe(options($0, $1)), 3, .finished(attempt: 1, .complete([1])))
      }
    }
    add("ExpressibleBySampler.tpe", Edges.numbers) { weight in
      let options = changed(TPEOptions()) { $0.priorWeight = weight }
      return try SearchMethod.tpe(options).searcher(Studies.specification())
    }
    add(
      "TPEOptions.init", ["startup", "candidates", "kernels", "priorWeight", "none"], Studies.values
    ) {
      try TPEOptions([$0: $1])
    }
    let counts: [@Sendable (Int) -> GPOptions] = [
      { count in changed(GPOptions()) { $0.startup = count } },
      { count in changed(GPOptions()) { ($0.startup, $0.fits) = (2, count) } },
      { count in
        changed(GPOptions()) { ($0.startup, $0.candidates, $0.observations) = (2, 16, count) }
      },
      { count in changed(GPOptions()) { ($0.startup, $0.candidates) = (2, count) } },
    ]
    for options in counts {
      add("GPSampler.init", Edges.integers) {
        try search(.gp(options($0)), 3, .finished(attempt: 1, .complete([1])))
      }
      add("ExpressibleBySampler.gp", Edges.integers) {
        try SamplerMethod.gp(options($0)).make(Studies.specification())
      }
      add("ExpressibleBySampler.gp", Edges.integers) {
        try SearchMethod.gp(options($0)).searcher(Studies.specification())
      }
    }
    add(
      "GPOptions.init", ["startup", "fits", "candidates", "observations", "gradients", "none"],
      Studies.values
    ) {
      try GPOptions([$0: $1])
    }
    add("AutoOptions.init", ["model", "none"], Studies.values) { try AutoOptions([$0: $1]) }
    @Sendable func model(_ count: Int) -> AutoOptions {
      changed(AutoOptions()) { $0.model = count }
    }
    add("AutoSampler.init", Edges.integers) {
      try AutoSampler(Studies.specification(), model($0))
    }
    add("ExpressibleBySampler.auto", Edges.integers) {
      try SamplerMethod.auto(model($0)).make(Studies.specification())
    }
    add("ExpressibleBySampler.auto", Edges.integers) {
      try SearchMethod.auto(model($0)).searcher(Studies.specification())
    }
    add("AutoSampler.choice", Edges.integers) {
      AutoSampler.choice(for: try Studies.specification(), ended: $0)
    }
    add("StudySpecification.automaticChoice", Edges.integers) {
      try Studies.specification().automaticChoice(ended: $0)?.reason ?? ""
    }
    add("SearchMethod.named", Studies.texts + SamplerKind.all.map(\.name), Studies.values) {
      name, value in
      try SearchMethod.named(MethodDescription(name, ["resolution": value, "startup": value]))
        .searcher(Studies.specification())
    }
  }

  /// Options that few would choose.
  fileprivate mutating func addEvolution() {
    let sizes = Edges.integers.filter { $0 < 1 << 20 || $0 > 1 << 40 }
    @Sendable func run(_ method: SearchMethod) throws -> Any {
      let specification = try Studies.specification()
      var searcher = try method.searcher(specification)
      var history = History()
      for number in 0..<30 {
        guard case .start(let assignment, _) = try searcher.propose(number, in: history) else {
          break
        }
        let kinds: [Event.Kind] = [
          .suggested(assignment, through: 1, seen: history.revision),
          .claimed(attempt: 1, worker: "w"),
          .finished(attempt: 1, .complete([Edges.numbers[number % Edges.numbers.count]])),
        ]
        for kind in kinds { searcher.observe(try history.take(kind, of: number), in: history) }
      }
      return try searcher.propose(30, in: history)
    }
    @Sendable func cma(_ count: Int, _ number: Double) -> CMAOptions {
      changed(CMAOptions()) { ($0.population, $0.startup, $0.step) = (count, count, number) }
    }
    @Sendable func catCMA(_ count: Int) -> CatCMAOptions {
      changed(CatCMAOptions()) { ($0.population, $0.startup) = (count, 0) }
    }
    @Sendable func nsga2(_ count: Int, _ number: Double) -> NSGA2Options {
      changed(NSGA2Options()) {
        $0.population = count
        ($0.crossoverIndex, $0.mutationIndex, $0.mutations) = (number, number, number)
      }
    }
    @Sendable func nsga3(_ count: Int, _ number: Double) -> NSGA3Options {
      changed(NSGA3Options()) {
        ($0.population, $0.divisions, $0.crossoverIndex) = (max(count, 2), count, number)
      }
    }
    @Sendable func evolution(_ count: Int, _ number: Double) -> DifferentialEvolutionOptions {
      changed(DifferentialEvolutionOptions()) {
        ($0.population, $0.memory, $0.greediness) = (count, count, number)
      }
    }
    add("CMASampler.init", sizes, Edges.numbers) { try run(.cmaes(cma($0, $1))) }
    add("ExpressibleBySampler.cmaes", sizes) { SamplerMethod.cmaes(cma($0, 0.1)).description }
    add("ExpressibleBySampler.cmaes", Edges.numbers) { try run(.cmaes(cma(4, $0))) }
    @Sendable func bohb(_ count: Int, _ number: Double) -> BOHBOptions {
      changed(BOHBOptions()) {
        ($0.candidates, $0.good, $0.random, $0.widening) = (count, number, 0, number)
      }
    }
    add("BOHBSampler.init", sizes, Edges.numbers) { try run(.bohb(bohb($0, $1))) }
    add("ExpressibleBySampler.bohb", sizes) { SamplerMethod.bohb(bohb($0, 3)).description }
    add("ExpressibleBySampler.bohb", sizes) { try run(.bohb(bohb($0, 3))) }
    add("CatCMASampler.init", sizes) { try run(.catcma(catCMA($0))) }
    add("ExpressibleBySampler.catcma", sizes) { SamplerMethod.catcma(catCMA($0)).description }
    add("ExpressibleBySampler.catcma", sizes) { try run(.catcma(catCMA($0))) }
    add("NSGA2Sampler.init", sizes, Edges.numbers) { try run(.nsga2(nsga2($0, $1))) }
    add("ExpressibleBySampler.nsga2", sizes) { SamplerMethod.nsga2(nsga2($0, 1)).description }
    add("ExpressibleBySampler.nsga2", Edges.numbers) { try run(.nsga2(nsga2(4, $0))) }
    add("NSGA3Sampler.init", sizes, Edges.numbers) { try run(.nsga3(nsga3($0, $1))) }
    add("ExpressibleBySampler.nsga3", sizes) { SamplerMethod.nsga3(nsga3($0, 1)).description }
    add("ExpressibleBySampler.nsga3", Edges.numbers) { try run(.nsga3(nsga3(4, $0))) }
    add("DifferentialEvolutionSampler.init", sizes, Edges.numbers) {
      try run(.differentialEvolution(evolution($0, $1)))
    }
    add("ExpressibleBySampler.differentialEvolution", sizes) {
      SamplerMethod.differentialEvolution(evolution($0, 1)).description
    }
    add("ExpressibleBySampler.differentialEvolution", Edges.numbers) {
      try run(.differentialEvolution(evolution(4, $0)))
    }
    let names = ["population", "step", "startup", "mutations", "divisions", "memory", "none"]
    add("CMAOptions.init", names, Studies.values) { try CMAOptions([$0: $1]) }
    add("BOHBOptions.init", ["good", "candidates", "random", "widening", "none"], Studies.values) {
      try BOHBOptions([$0: $1])
    }
    add("CatCMAOptions.init", names, Studies.values) { try CatCMAOptions([$0: $1]) }
    add("NSGA2Options.init", names, Studies.values) { try NSGA2Options([$0: $1]) }
    add("NSGA3Options.init", names, Studies.values) { try NSGA3Options([$0: $1]) }
    add("DifferentialEvolutionOptions.init", names, Studies.values) {
      try DifferentialEvolutionOptions([$0: $1])
    }
  }

  fileprivate mutating func addImportance() {
    /// Trials of which some values cannot be.
    @Sendable func trials(_ values: [Double]) throws -> [Trial] {
      let space = try Studies.space()
      return try values.enumerated().map { number, value in
        let given: [String: ParameterValue] = [
          "x": .float(Double(number % 7) / 8), "n": .int(1 + number % 7),
          "c": number % 2 == 0 ? "a" : "b",
        ]
        return try Studies.ended(
          number % 5 == 4 ? [value, value] : [value], number: number, space.assignment(given))
      }
    }
    let histories: [[Double]] = [
      [], [1], [1, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9], Edges.numbers,
      Edges.numbers + Edges.numbers.reversed(),
      [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, 1],
    ]
    exclude("takes no values", "PEDANOVA.init", "FANOVA.init")
    add("PEDANOVA.importances", histories, Edges.numbers) { values, share in
      try changed(PEDANOVA()) { $0.target = share }
        .importances(trials(values), Studies.specification())
    }
    add("PEDANOVA.importances", histories, Edges.integers) { values, objective in
      try PEDANOVA().importances(
        trials(values), Studies.specification(), objective: objective)
    }
    refuse("PEDANOVA.importances", Edges.integers.filter { $0 != 0 }) {
      try PEDANOVA().importances([], Studies.specification(), objective: $0)
    }
    add("FANOVA.importances", histories, Edges.integers.filter { $0 < 10 || $0 > 1 << 40 }) {
      values, count in
      let method = changed(FANOVA()) {
        ($0.trees, $0.leastTrials, $0.usesRanks) = (count, count, count % 2 == 0)
      }
      return try method.importances(trials(values), Studies.specification())
    }
    refuse("FANOVA.importances", Edges.integers.filter { $0 != 0 }) {
      try FANOVA().importances([], Studies.specification(), objective: $0)
    }
    let violations: [[Double]] = [[], [0], [0, 1], [.nan, -.infinity, .infinity], Edges.numbers]
    add("ObjectivePoints.fronts", Self.rows, violations) { rows, violations in
      try ObjectivePoints(rows, objectives: rows.first?.count ?? 2)
        .fronts(violations: violations)
    }
  }
}
