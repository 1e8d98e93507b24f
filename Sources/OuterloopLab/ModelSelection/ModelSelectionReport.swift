internal import OuterloopCharts
internal import OuterloopPlatform
internal import OuterloopSearch

/// Tables, claims and pictures of model selection.
extension ModelSelectionExperiment {
  typealias Studies = (method: SelectionMethod, runs: [[SelectionMethod.Trial]])

  func report(_ all: [Studies], _ table: ArchitectureTable) throws -> ExperimentReport {
    let entries = table.all
    let costs = entries.map(\.inference)
    let (least, most) = (costs.min() ?? 1, costs.max() ?? 1)
    /// The logarithm of a cost, from 0 for the cheapest network to 1.
    func level(_ cost: Double) -> Double {
      most > least ? log(cost / least) / log(most / least) : 0
    }
    func volume(_ points: [(error: Double, cost: Double)]) throws -> Double {
      let rows = points.map { [$0.error, level($0.cost)] }
      return try ObjectivePoints(rows, objectives: 2).hypervolume(reference: [1, 1.0001])
    }
    let whole = try volume(entries.map { ($0.error, $0.inference) })
    let volumes = try all.map { studies in
      try studies.runs.map { run in try volume(run.map { ($0.error, $0.inference) }) / whole }
    }
    // What counts as accurate: an error within two points of the best network of the space.
    let target = (entries.map(\.error).min() ?? 0) + 0.02
    func fastest(_ run: [SelectionMethod.Trial]) -> Double {
      run.filter { $0.error <= target }.map(\.inference).min() ?? most
    }
    func spread(_ studies: Studies, _ value: ([SelectionMethod.Trial]) -> Double) -> Repetitions {
      Repetitions(values: studies.runs.map(value))
    }
    func meanCost(_ run: [SelectionMethod.Trial]) -> Double {
      Repetitions(values: run.map(\.inference)).mean
    }
    let rows = zip(all, volumes).map { studies, volumes in
      let error = spread(studies) { $0.map(\.error).min() ?? .nan }
      let speed = spread(studies, fastest)
      let volume = Repetitions(values: volumes)
      return ExperimentReport.Table.Row(
        studies.method.rawValue,
        [
          100 * error.mean, 100 * error.interval, speed.mean, speed.interval,
          spread(studies, meanCost).mean, volume.mean, volume.interval,
        ])
    }
    func of(_ method: SelectionMethod) -> Studies? { all.first { $0.method == method } }
    func ratio(
      _ a: SelectionMethod, _ b: SelectionMethod, _ value: ([SelectionMethod.Trial]) -> Double
    ) -> Double? {
      guard let a = of(a), let b = of(b) else { return nil }
      return spread(a, value).mean / spread(b, value).mean
    }
    var claims: [Claim] = []
    for (aware, plain) in [(SelectionMethod.gpPerSecond, .gp), (.tpePerSecond, .tpe)]
      as [(SelectionMethod, SelectionMethod)]
    {
      if let ratio = ratio(aware, plain, meanCost) {
        claims.append(
          Claim(
            "\(aware.rawValue) tries faster networks than \(plain.rawValue)", .theory, in: 0...1,
            measured: ratio, check: "ratio of the mean inference cost of trials, all seeds"))
      }
      if let ratio = ratio(aware, plain, fastest) {
        claims.append(
          Claim(
            "\(aware.rawValue) reaches the same accuracy at no higher cost than \(plain.rawValue)",
            .expectation, in: 0...1.05, measured: ratio,
            check:
              "ratio of the cost of the fastest network within two points of the best error, means "
              + "of seeds"))
      }
    }
    if let place = all.firstIndex(where: { $0.method == .paretoTPE }) {
      for (other, studies) in all.enumerated() where [.random, .tpe].contains(studies.method) {
        let lead = Repetitions(values: zip(volumes[place], volumes[other]).map { $0 - $1 })
        claims.append(
          Claim(
            "The front of pareto-tpe has more volume than that of \(studies.method.rawValue)",
            .expectation, in: 0...1, measured: lead.mean,
            check: "difference of hypervolumes, as shares of that of the space, mean of seeds"))
      }
    }
    let unit = timings == 0 ? "thousands of operations" : "microseconds"
    return ExperimentReport(
      tables: [
        .init(
          "\(trials) trials, mean of \(seeds) seeds",
          columns: [
            "best error, %", "+-", "cost of accurate", "+- ", "cost of trials", "hypervolume",
            "+-  ",
          ], rows: rows)
      ],
      claims: claims,
      notes: [
        "Cost: \(unit) for one example. Accurate: an error within two points of the best of all "
          + "\(entries.count) networks; a study that finds none counts as the most expensive network. Hypervolume: "
          + "as a share of that of the front of all networks.",
        timings == 0
          ? "Operations: two for each weight and 500 for each layer, a model of latency that is the same everywhere."
          : "Times are medians of \(timings) warm passes over all test digits.",
      ], figures: figures(all, table, unit, target))
  }

  private func figures(
    _ all: [Studies], _ table: ArchitectureTable, _ unit: String, _ target: Double
  ) -> [ExperimentReport.Picture] {
    let entries = table.all
    func front(_ points: [(cost: Double, error: Double)]) -> (x: [Double], y: [Double]) {
      var (x, y, best): ([Double], [Double], Double) = ([], [], .infinity)
      for point in points.sorted(by: { $0 < $1 }) where point.error < best {
        best = point.error
        x.append(point.cost)
        y.append(100 * point.error)
      }
      return (x, y)
    }
    let whole = front(entries.map { ($0.inference, $0.error) })
    let progress = all.map { studies in
      let count = studies.runs.map(\.count).min() ?? 0
      let spreads = (1...Swift.max(count, 1)).map { trials in
        Repetitions(
          values: studies.runs.map { 100 * ($0.prefix(trials).map(\.error).min() ?? .nan) })
      }
      return LineChart.Series(
        studies.method.rawValue, x: spreads.indices.map { Double($0 + 1) }, y: spreads.map(\.mean),
        lower: spreads.map { $0.mean - $0.interval }, upper: spreads.map { $0.mean + $0.interval },
        markers: false, isStepped: true, style: studies.method.style)
    }
    return [
      .init(
        "front.svg",
        "Every network of the space (small dots) by cost and error, the front of all of them (dashed), and the trials of each method "
          + "with seed 0. Down and left is good.",
        svg: SmallMultiples(
          title: "Accuracy against inference cost",
          figures: all.map { panel($0, entries, whole, unit) },
          columns: 3
        ).svg(width: 960, height: 600)),
      .init(
        "progress.svg",
        "The best validation error so far by trials, mean of all seeds with its 95 % interval. Searches that also look at cost "
          + "give up little accuracy for it.",
        svg: LineChart(
          title: "Best error so far", x: "trials", y: "validation error, %", series: progress
        ).svg()),
      .init(
        "trials.svg",
        "Where each method spent its trials: the cost of all networks that it tried, all seeds. The further left the line rises, the "
          + "faster they were.",
        svg: LineChart(
          title: "Cost of the networks tried", x: .log("inference, \(unit)"), y: "share of trials",
          series: all.map {
            .distribution(
              $0.method.rawValue, of: $0.runs.flatMap { $0.map(\.inference) },
              style: $0.method.style)
          }
        ).svg()),
    ]
  }

  /// The trials of one method among all networks.
  private func panel(
    _ studies: Studies, _ entries: [ArchitectureTable.Entry], _ front: (x: [Double], y: [Double]),
    _ unit: String
  ) -> Scatter {
    let run = studies.runs[0]
    return Scatter(
      title: studies.method.rawValue, x: .log(unit), y: .log("error, %"),
      groups: [
        .init(
          "", x: entries.map(\.inference), y: entries.map { 100 * $0.error },
          sizes: entries.map { _ in 0.15 }, style: MethodStyle.random.rawValue, marker: 0),
        .init(
          "", x: run.map(\.inference), y: run.map { 100 * $0.error }, style: 1, marker: 0),
      ],
      curves: [
        .init(
          "", x: front.x, y: front.y, isStepped: true, style: MethodStyle.random.rawValue, dash: 1)
      ])
  }
}
