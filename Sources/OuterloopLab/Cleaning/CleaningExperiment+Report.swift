internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopText

/// Table, claims and pictures of the published cleaning experiment.
extension CleaningExperiment {
  /// From the source, with 5,000 examples of which 2,500 are mislabelled: accuracy in percent and
  /// F1 by R.
  private static let published: [Double: (accuracy: Double, f1: Double)] = [
    1_000: (90.07, 0.9137), 1_500: (90.06, 0.9244), 2_000: (90.00, 0.9211), 2_500: (90.09, 0.9217),
  ]
  private static let publishedOracle = 90.46
  private static let publishedBaseline = 87.74

  /// Whether the settings are those of the source.
  private var isPublished: Bool {
    data != nil && (train, validation, corrupt) == (5_000, 5_000, 0.5) && steps >= 1_000
  }

  func report(_ runs: [[Cleaned]], _ parts: DataParts) throws -> ExperimentReport {
    func spread(_ runs: [Cleaned], _ value: (Cleaned) -> Double) -> Repetitions {
      Repetitions(values: runs.map(value))
    }
    func percent(_ runs: [Cleaned], _ value: (Cleaned) -> Double) -> [Double?] {
      let spread = spread(runs) { 100 * value($0) }
      return [spread.mean, spread.interval]
    }
    typealias Row = ExperimentReport.Table.Row
    var rows = [
      Row("oracle", percent(runs[0], \.oracle) + [isPublished ? Self.publishedOracle : nil, 1]),
      Row("baseline", percent(runs[0], \.baseline) + [isPublished ? Self.publishedBaseline : nil]),
    ]
    for (total, runs) in zip(totals, runs) {
      let known = isPublished ? Self.published[total] : nil
      rows.append(
        Row(
          Self.name(total),
          percent(runs, \.cleaned) + [
            known?.accuracy, spread(runs, \.f1).mean, spread(runs, \.f1).interval, known?.f1,
            spread(runs, \.precision).mean, spread(runs, \.recall).mean,
          ]))
    }
    let columns = [
      "accuracy, %", "+-", "published", "F1", "+- ", "published ", "precision", "recall",
    ]
    return ExperimentReport(
      tables: [
        .init(
          "Mean of \(seeds) seeds, \(NumberText.short(100 * corrupt)) % of \(train) labels wrong",
          columns: columns,
          rows: rows.map { row in
            Row(
              row.label,
              row.values + Array(repeating: nil, count: columns.count - row.values.count))
          })
      ],
      claims: zip(totals, runs).flatMap { claims($0, $1) },
      notes: [
        "\(validation) clean examples validate; the final model trains on them too, with the largest weight. "
          + "\(updates) updates through \(steps) steps each.",
        "The published table: `--data MNIST --train 5000 --validation 5000 --test 10000 --steps 2000 --updates 500 "
          + "--rate 0.1 --outer-rate 0.005 --total 1000 1500 2000 2500`.",
      ], figures: try figures(runs, parts))
  }

  private static func name(_ total: Double) -> String { "DH-\(Int(total.rounded()))" }

  private func claims(_ total: Double, _ runs: [Cleaned]) -> [Claim] {
    let name = Self.name(total)
    func spread(_ value: (Cleaned) -> Double) -> Repetitions {
      Repetitions(values: runs.map(value))
    }
    let sum = runs.map { $0.weights.reduce(0.0) { $0 + Double($1) } }.max() ?? .nan
    let gain = spread { 100 * ($0.cleaned - $0.baseline) }
    let f1 = spread(\.f1)
    var claims = [
      Claim(
        "\(name): the weights add up to at most R", .closedForm, in: 0...(total * (1 + 1e-5)),
        measured: sum, check: "the projection, in single precision; largest of all seeds"),
      Claim(
        "\(name): more accurate than the baseline", .theory, in: 0...100,
        measured: gain.mean - gain.interval,
        check: "difference in percentage points: mean of seeds, less half its 95 % interval"),
    ]
    if let known = Self.published[total], isPublished {
      claims += [
        Claim(
          "\(name): the published accuracy", .published, is: known.accuracy, within: 0.3,
          measured: spread { 100 * $0.cleaned }.mean, check: "mean of seeds, in percent"),
        Claim(
          "\(name): the published F1", .published, is: known.f1, within: 0.02, measured: f1.mean,
          check: "mean of seeds"),
      ]
    } else {
      claims.append(
        Claim(
          "\(name): wrong labels are found", .expectation, in: 0.8...1, measured: f1.mean,
          check: "F1, mean of seeds; 0.67 for calling all of them wrong"))
    }
    return claims
  }

  private func figures(
    _ runs: [[Cleaned]], _ parts: DataParts
  ) throws -> [ExperimentReport.Picture] {
    let best = runs.count - 1
    let wrong = try CleaningData(parts, settings: cleaning(total: totals[best], seed: 0)).corrupted
    let weights = runs[best][0].weights
    func values(_ isWrong: Bool) -> [Double] {
      weights.indices.filter { wrong.contains($0) == isWrong }.map { Double(weights[$0]) }
    }
    func mean(_ runs: [Cleaned], _ value: (Cleaned) -> Double) -> Double {
      100 * (1 - Repetitions(values: runs.map(value)).mean)
    }
    func error(_ runs: [Cleaned], _ value: (Cleaned) -> Double) -> Double {
      100 * Repetitions(values: runs.map(value)).interval
    }
    return [
      .init(
        "weights.svg",
        "Learned weights of right and wrong labels (\(Self.name(totals[best])), seed 0): most wrong ones end at 0, "
          + "most right ones at 1. The method does not know which is which.",
        svg: Histogram(
          title: "Weights after \(updates) updates", x: .init("weight of example", range: 0...1),
          y: "examples",
          samples: [.init("right label", values(false)), .init("wrong label", values(true))]
        ).svg()),
      .init(
        "errors.svg",
        "The test error by the largest sum R of the weights, between a model that trusts all labels and one that knows the wrong ones.",
        svg: BarChart(
          title: "Test error after cleaning", y: "test error, %",
          categories: ["baseline"] + totals.map(Self.name) + ["oracle"],
          series: [
            .init(
              "",
              [mean(runs[0], \.baseline)] + runs.map { mean($0, \.cleaned) }
                + [mean(runs[0], \.oracle)],
              errors: [error(runs[0], \.baseline)] + runs.map { error($0, \.cleaned) }
                + [error(runs[0], \.oracle)])
          ], showsValues: true
        ).svg()),
      .init(
        "losses.svg", "The loss on clean examples before each update of the weights, first seed.",
        svg: LineChart(
          title: "Validation loss", x: "updates of the weights", y: "loss",
          series: zip(totals, runs).enumerated().map {
            .init(Self.name($1.0), y: $1.1[0].losses, markers: false, style: $0)
          }
        ).svg()),
    ]
  }
}
