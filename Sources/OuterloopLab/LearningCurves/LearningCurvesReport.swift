internal import OuterloopCharts
internal import OuterloopText

/// The tables and the picture of a comparison on learning curves.
struct LearningCurvesReport {
  let experiment: LearningCurvesExperiment
  let tasks: [String]
  /// methods x tasks x seeds
  let runs: [[[LearningCurvesExperiment.Run]]]

  private typealias Row = ExperimentReport.Table.Row

  private static let marks = RegretTrace.marks.map { "\(Int(($0 * 100).rounded())) %" }

  var report: ExperimentReport {
    let methods = experiment.methods
    // methods x tasks, means over seeds
    let areas = runs.map { $0.map { RegretTrace.figures(mean($0, of: \.seen)).area } }
    let ranks = PairedComparison.meanRanks(areas)
    var tables = [
      ExperimentReport.Table(
        "Regret of the best value seen, mean of \(extent)",
        columns: Self.marks + ["+-", "area", "mean rank", "ms per suggestion"],
        rows: methods.indices.map { method in
          let (marks, area) = RegretTrace.figures(mean(runs[method].flatMap(\.self), of: \.seen))
          return Row(
            methods[method],
            marks + [interval(method), area, ranks[method], milliseconds(method)])
        }),
      ExperimentReport.Table(
        "Regret at full fidelity of the incumbent, mean of \(extent)",
        columns: Self.marks + ["area"],
        rows: methods.indices.map { method in
          let (marks, area) = RegretTrace.figures(mean(runs[method].flatMap(\.self), of: \.full))
          return Row(methods[method], marks + [area])
        }),
    ]
    if methods.count > 1, tasks.count > 1 {
      tables.append(
        .init(
          "Is the row's area smaller? One-sided level over tasks against the column's method",
          columns: methods,
          rows: methods.indices.map { row in
            Row(
              methods[row],
              methods.indices.map { column in
                row == column ? nil : PairedComparison.wilcoxon(areas[row], below: areas[column])
              })
          }))
    }
    tables.append(
      .init(
        "Area by task, mean of \(NumberText.count(experiment.seeds, "seed"))", columns: methods,
        rows: tasks.indices.map { task in
          Row(tasks[task], methods.indices.map { areas[$0][task] })
        }))
    return ExperimentReport(
      tables: tables, claims: claims(areas), notes: notes,
      figures: [
        .init(
          "regret.svg",
          "Mean regret of the best value seen against epochs spent, all methods at the same budget: lower is better.",
          svg: chart)
      ])
  }

  /// The claim that a scheduler uses epochs better than training every configuration to the end.
  private func claims(_ areas: [[Double]]) -> [Claim] {
    guard let plain = experiment.methods.firstIndex(of: "none") else { return [] }
    return ["hyperband", "asha", "dyhpo"].compactMap { name in
      guard let place = experiment.methods.firstIndex(of: name) else { return nil }
      let ratio = Repetitions(values: areas[place]).mean / Repetitions(values: areas[plain]).mean
      return Claim(
        "\(name) has less regret than no scheduler", .theory, in: 0...1, measured: ratio,
        check: "area under its regret over that of none, means over tasks")
    }
  }

  private var extent: String {
    NumberText.count(tasks.count, "task") + " and " + NumberText.count(experiment.seeds, "seed")
  }

  /// The mean over runs of the regret after each epoch.
  private func mean(
    _ runs: [LearningCurvesExperiment.Run], of value: KeyPath<RegretTrace.Step, Double>
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: experiment.epochs)
    for run in runs {
      for (epoch, regret) in run.trace.values(experiment.epochs, of: value).enumerated() {
        sums[epoch] += regret
      }
    }
    return sums.map { $0 / Double(Swift.max(runs.count, 1)) }
  }

  /// Half the 95 % interval of the last mark over seeds, for these tasks.
  private func interval(_ method: Int) -> Double {
    let ends = (0..<experiment.seeds).map { seed in
      mean(runs[method].map { $0[seed] }, of: \.seen).last ?? 1
    }
    return Repetitions(values: ends).interval
  }

  private func milliseconds(_ method: Int) -> Double {
    let all = runs[method].flatMap(\.self)
    let count = all.reduce(0) { $0 + $1.suggestions }
    return 1_000 * all.reduce(0) { $0 + $1.seconds } / Double(Swift.max(count, 1))
  }

  private var notes: [String] {
    [
      "regret: (table's best - best of the study) / (table's best - median of the candidates), clipped at 1; "
        + "after shares of \(experiment.epochs) epochs in all, \(NumberText.count(experiment.workers, "worker")); area: "
        + "its mean over the budget; +-: half of the 95 % interval of the last mark over seeds.",
      "full fidelity: the value at the end of the curve of the candidate with the best value seen, against the "
        + "ends of all curves: a method that is led by noise loses here.",
      "mean rank: by area, over tasks. Levels: exact signed-rank test of Wilcoxon over tasks, one pair of "
        + "methods at a time, not corrected for their number; below \(PairedComparison.level) counts as smaller.",
      "open-prior, bowl, ridge, well: problems of which every configuration can be tried, the last three by formula; schedulers "
        + "draw theirs by the default sampler.",
      experiment.data == nil
        ? "Others are drawn from FT-PFN's prior, with a distribution of network outputs sampled here instead of "
          + "the authors' table; the published numbers are of other tasks."
        : "Recorded scores are normalized by the median first loss; at most \(experiment.configurations) "
          + "configurations of each task.",
    ]
  }

  private var chart: String {
    LineChart(
      title: "Regret of the best value seen",
      x: .init("epochs spent"), y: .init("mean regret", range: 0...1),
      series: experiment.methods.indices.map { method in
        let regrets = mean(runs[method].flatMap(\.self), of: \.seen)
        return LineChart.Series(
          experiment.methods[method], x: regrets.indices.map { Double($0 + 1) }, y: regrets,
          markers: false, isStepped: true, style: style(experiment.methods[method]))
      },
      remark: "mean of \(extent)"
    ).svg()
  }

  /// The method's style, the same in every picture.
  private func style(_ method: String) -> Int? {
    let name = method.prefix { $0 != ":" }
    return ReplayMethod.all.firstIndex { $0.name == name }
  }
}
