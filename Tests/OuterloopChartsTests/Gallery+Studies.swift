import OuterloopCharts

/// Figures of an imagined study.
extension Gallery {
  /// Trials of an imagined study: learning rate, choice of optimizer, loss, seconds.
  static func trials(_ count: Int) -> [(rate: Double, choice: Int, loss: Double, cost: Double)] {
    (0..<count).map { index in
      let share = Double(index * 37 % 101) / 100
      let best = 0.6 - 0.3 * Double(index) / Double(count)
      let x = best + (share - 0.5) * 0.9
      let rates: [Double] = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1]
      let rate = rates[min(8, max(0, Int(x * 9)))] * (1 + share)
      let loss = 0.08 + (x - 0.4) * (x - 0.4) + 0.02 * Double(index * 53 % 17) / 17
      return (rate, index * 7 % 3, loss, 5 + 50 * share * share + 0.4 / loss)
    }
  }

  static let history: Scatter = {
    let losses = trials(80).map(\.loss)
    var best: [Double] = []
    for loss in losses { best.append(min(loss, best.last ?? .infinity)) }
    let places = losses.indices.map(Double.init)
    let isPruned = { (index: Int) in index % 5 == 3 }
    let points = { (pruned: Bool) in losses.indices.filter { isPruned($0) == pruned } }
    return Scatter(
      title: "Optimization history", x: "trial", y: .log("validation loss"),
      groups: [
        .init("complete", x: points(false).map { places[$0] }, y: points(false).map { losses[$0] }),
        .init(
          "pruned", x: points(true).map { places[$0] }, y: points(true).map { losses[$0] }, style: 1
        ),
      ],
      curves: [.init("best so far", x: places, y: best, isStepped: true, style: 6)],
      references: [.init(0.1, "goal")])
  }()

  static let slices: SmallMultiples = {
    let all = trials(80)
    let (losses, numbers) = (all.map(\.loss), all.indices.map(Double.init))
    let shade = Axis("trial", range: 0...79)
    let slice = { (x: Axis, values: [Double], choices: [String]) in
      Scatter(
        x: x, y: "loss", categories: choices,
        groups: [.init("", x: values, y: losses, shades: numbers)], shade: shade, hasShadeKey: false
      )
    }
    return SmallMultiples(
      title: "Slices",
      figures: [
        slice(.log("learning rate"), all.map(\.rate), []),
        slice("optimizer", all.map { Double($0.choice) }, ["Adam", "momentum", "RMSProp"]),
        slice("seconds", all.map(\.cost), []),
      ], shade: shade)
  }()

  static let configurations: ParallelCoordinates = {
    ParallelCoordinates(
      title: "Configurations",
      dimensions: [
        .init(.log("learning rate")),
        .init("optimizer", categories: ["Adam", "momentum", "RMSProp"]),
        .init("seconds"), .init("weight decay"),
      ],
      rows: trials(80).enumerated().map { index, trial in
        .init(
          [trial.rate, Double(trial.choice), trial.cost, index % 9 == 0 ? .nan : trial.loss * 3],
          outcome: index % 13 == 5 ? .nan : trial.loss)
      }, outcome: .log("validation loss"))
  }()

  static func slice(ofChoices count: Int) -> Scatter {
    let all = trials(count)
    return Scatter(
      x: "optimizer", y: "loss", categories: ["Adam", "momentum", "RMSProp"],
      groups: [
        .init(
          "", x: all.map { Double($0.choice) }, y: all.map(\.loss),
          shades: all.indices.map(Double.init))
      ], shade: "trial")
  }

  static let paretoFront: Scatter = {
    let all = trials(80)
    let front = all.filter { one in
      !all.contains { $0.loss < one.loss && $0.cost < one.cost }
    }.sorted { $0.cost < $1.cost }
    let rest = all.filter { one in !front.contains { $0.loss == one.loss } }
    return Scatter(
      title: "Pareto front", x: "seconds", y: .log("validation loss"),
      groups: [
        .init("dominated", x: rest.map(\.cost), y: rest.map(\.loss), style: 5),
        .init(
          "Pareto front", x: front.map(\.cost), y: front.map(\.loss),
          sizes: front.map { _ in 2 }, style: 6),
      ],
      curves: [
        .init("", x: front.map(\.cost), y: front.map(\.loss), isStepped: true, style: 6)
      ])
  }()

  static let distributions = LineChart(
    title: "Distribution of losses", x: .log("validation loss"), y: "share of trials",
    series: [
      .distribution("TPE", of: trials(80).map(\.loss)),
      .distribution("random", of: trials(60).map { $0.loss * 1.3 } + [.nan, .infinity, .nan]),
    ])

  static func timeline(workers: Int, trials: Int) -> Timeline {
    var free = [Double](repeating: 0, count: workers)
    let spans = (0..<trials).map { trial -> Timeline.Span in
      let lane = free.indices.min { free[$0] < free[$1] } ?? 0
      let start = free[lane] + 0.3
      let state = trial % 6 == 4 ? 1 : trial % 11 == 7 ? 2 : 0
      let end = start + (state == 0 ? 6 : 2) + Double(trial * 29 % 13) / 2
      free[lane] = end
      return .init(
        lane: lane, start: start, end: trial >= trials - 3 ? nil : end,
        state: trial >= trials - 3 ? 3 : state, label: "\(trial)")
    }
    return Timeline(
      title: "Timeline", x: "minutes since the start",
      lanes: (0..<workers).map { "worker \($0)" },
      states: [
        .init("complete"), .init("pruned"), .init("failed", style: 6), .init("running", style: 2),
      ],
      spans: spans)
  }
}
