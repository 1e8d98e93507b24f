import OuterloopSearch
import OuterloopStudy

extension AbuseRoom {
  static let search = AbuseRoom("OuterloopSearch") { room in
    room.addPareto()
    room.addSamplers()
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
    /// Three trials and whatever comes last.
    @Sendable func history(_ last: Event.Kind) throws -> History {
      var history = History()
      for number in 0..<3 {
        let kinds: [Event.Kind] = [
          .suggested(try Studies.assignment(), through: 1, seen: 0),
          .claimed(attempt: 1, worker: "w"), last,
        ]
        for kind in kinds {
          try? history.take(
            Event(revision: history.revision + 1, time: 0, trial: number, kind))
        }
      }
      return history
    }
    let kinds =
      ((try? Studies.kinds()) ?? [])
      + Edges.numbers.flatMap {
        [.finished(attempt: 1, .complete([$0])), .finished(attempt: 1, .complete([$0, $0]))]
      }
    @Sendable func search(_ method: SearchMethod, _ number: Int, _ kind: Event.Kind) throws -> Any {
      let history = try history(kind)
      var searcher = try method.searcher(Studies.specification())
      var seen = History()
      for trial in history.trials {
        for event in [
          Event.Kind.suggested(trial.assignment, through: 1, seen: 0),
          .claimed(attempt: 1, worker: "w"), kind,
        ] {
          let event = Event(revision: seen.revision + 1, time: 0, trial: trial.number, event)
          do { try seen.take(event) } catch { continue }
          searcher.observe(event, in: seen)
        }
      }
      return try searcher.propose(number, in: seen)
    }
    var early = GPOptions()
    early.startup = 2
    let methods: [(String, SearchMethod)] = [
      ("RandomSampler", .random), ("SobolSampler", .sobol), ("GridSampler", .grid()),
      ("TPESampler", .tpe()), ("GPSampler", .gp(early)),
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
    add("SearchMethod.grid", Edges.integers) {
      try SearchMethod.grid(resolution: $0).searcher(Studies.specification())
    }
    add("SamplerMethod.grid", Edges.integers) {
      try SamplerMethod.grid(resolution: $0).make(Studies.specification())
    }
    add("SamplerMethod.tpe", Edges.integers) {
      var options = TPEOptions()
      options.candidates = $0
      return try SamplerMethod.tpe(options).make(Studies.specification())
    }
    add("SamplerTraits.init", Edges.integers) {
      SamplerTraits(rawValue: $0).union(.learns).rawValue
    }
    let options: [@Sendable (Int, Double) -> TPEOptions] = [
      { count, _ in
        var options = TPEOptions()
        options.startup = count
        return options
      },
      { count, _ in
        var options = TPEOptions()
        (options.startup, options.candidates) = (0, count)
        return options
      },
      { count, number in
        var options = TPEOptions()
        (options.startup, options.kernels, options.priorWeight) = (0, count, number)
        return options
      },
      { count, _ in
        var options = TPEOptions()
        (options.multivariate, options.group, options.startup) = (false, true, count)
        return options
      },
      { count, _ in
        var options = TPEOptions()
        (options.exact, options.endpoints, options.magicClip) = (true, true, false)
        (options.startup, options.kernels) = (1, count)
        return options
      },
    ]
    for options in options {
      add(
        "TPESampler.init", Edges.integers.filter { $0 < 1 << 20 || $0 > 1 << 40 }, Edges.numbers
      ) {
        try search(.tpe(options($0, $1)), 3, .finished(attempt: 1, .complete([1])))
      }
    }
    add("SearchMethod.tpe", Edges.numbers) {
      var options = TPEOptions()
      options.priorWeight = $0
      return try SearchMethod.tpe(options).searcher(Studies.specification())
    }
    add(
      "TPEOptions.init", ["startup", "candidates", "kernels", "priorWeight", "none"], Studies.values
    ) {
      try TPEOptions([$0: $1])
    }
    let counts: [@Sendable (Int) -> GPOptions] = [
      { count in
        var options = GPOptions()
        options.startup = count
        return options
      },
      { count in
        var options = GPOptions()
        (options.startup, options.fits) = (2, count)
        return options
      },
      { count in
        var options = GPOptions()
        (options.startup, options.candidates, options.observations) = (2, 16, count)
        return options
      },
      { count in
        var options = GPOptions()
        (options.startup, options.candidates) = (2, count)
        return options
      },
    ]
    for options in counts {
      add("GPSampler.init", Edges.integers) {
        try search(.gp(options($0)), 3, .finished(attempt: 1, .complete([1])))
      }
      add("SamplerMethod.gp", Edges.integers) {
        try SamplerMethod.gp(options($0)).make(Studies.specification())
      }
      add("SearchMethod.gp", Edges.integers) {
        try SearchMethod.gp(options($0)).searcher(Studies.specification())
      }
    }
    add(
      "GPOptions.init", ["startup", "fits", "candidates", "observations", "none"], Studies.values
    ) {
      try GPOptions([$0: $1])
    }
    add("SearchMethod.named", Studies.texts + SamplerKind.all.map(\.name), Studies.values) {
      name, value in
      try SearchMethod.named(MethodDescription(name, ["resolution": value, "startup": value]))
        .searcher(Studies.specification())
    }
  }
}
