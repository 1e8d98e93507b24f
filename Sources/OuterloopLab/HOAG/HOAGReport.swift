internal import OuterloopCharts

extension HOAGExperiment {
  func report(_ best: [Double], _ runs: [Run]) -> ExperimentReport {
    let (decay, loss) = (best[0], best[1])
    // The remaining gap; below this, differences of losses are rounding errors of the inner
    // solutions.
    let floor = 1e-8
    let gaps = runs.map { $0.losses.map { Swift.max($0 - loss, floor) } }
    // The cost of reaching a hundredth of the first gap and staying there.
    let targets = zip(runs, gaps).map { run, gaps -> Double? in
      let bound = 0.01 * gaps[0]
      let last = gaps.lastIndex { $0 > bound } ?? -1
      return last + 1 < run.spent.count ? run.spent[last + 1] : nil
    }
    var claims = [
      Claim(
        "Exact updates come to the best decay", .secondMethod, is: decay, within: 0.1,
        measured: runs[0].decays.last ?? .nan, check: "against a grid with golden sections")
    ]
    let ends = runs.map { ($0.losses.last ?? .nan) - loss }
    for place in 1..<runs.count {
      let name = Self.schedules[place]
      claims.append(
        name == "exponential"
          ? Claim(
            "The exponential schedule, which tightens last, is the furthest from the best loss",
            .published,
            in: Swift.max(ends[1], ends[2], 0)...0.05, measured: ends[place],
            check:
              "outer loss less the least one, against the other schedules; too slow a decrease costs updates"
          )
          : Claim(
            "The \(name) schedule comes to the same loss", .theory, in: -1e-6...1e-3,
            measured: ends[place], check: "outer loss less the least one"))
      claims.append(
        Claim(
          "The \(name) schedule takes fewer inner gradients than exact updates", .published,
          in: 0...0.9,
          measured: (targets[place] ?? .nan) / (targets[0] ?? .nan),
          check:
            "gradients and products until a hundredth of the first gap, as a share of those of exact updates"
        ))
    }
    return ExperimentReport(
      tables: [
        .init(
          "After \(updates) updates",
          columns: ["log decay", "suboptimality", "gradients in all", "gradients to 1 %"],
          rows: zip(Self.schedules, runs).enumerated().map { place, pair in
            .init(
              pair.0,
              [
                pair.1.decays.last, (pair.1.losses.last ?? .nan) - loss, pair.1.spent.last,
                targets[place],
              ])
          })
      ],
      claims: claims,
      notes: [
        "the best log decay is \(decay), with an outer loss of \(loss).",
        "suboptimality is that of the decay, with the inner problem solved exactly for it; below 1e-8 it is drawn at 1e-8.",
        data == nil
          ? "the published curves are those of binary logistic regression on 20news and real-sim; here it is ten classes "
            + "of bundled digits."
          : "logistic regression of classes \(positives.map(String.init).joined(separator: ", ")) against all others.",
      ]
        + (decay > lowest + 0.01
          ? []
          : [
            "the best log decay is at the end of the searched range: the claims say nothing before --lowest is less."
          ]),
      figures: [
        .init(
          "suboptimality.svg",
          "How far from the best outer loss, against inner gradients and products spent: schedules that start loosely are further "
            + "left, for the same decays.",
          svg: LineChart(
            title: "Suboptimality by work", x: .log("inner gradients and Hessian products"),
            y: .log("suboptimality"),
            series: zip(Self.schedules, zip(runs, gaps)).enumerated().map { place, pair in
              .init(pair.0, x: pair.1.0.spent, y: pair.1.1, style: place)
            }
          ).svg()),
        .init(
          "decay.svg", "The log decay by updates: inexact updates go the same way.",
          svg: LineChart(
            title: "Log decay by updates", x: "updates", y: "log decay",
            series: zip(Self.schedules, runs).enumerated().map { place, pair in
              .init(
                pair.0, x: pair.1.decays.indices.map(Double.init), y: pair.1.decays, style: place)
            }, references: [ReferenceLine(decay, "best")]
          ).svg()),
      ])
  }
}
