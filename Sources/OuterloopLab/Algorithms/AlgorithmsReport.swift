internal import OuterloopCharts
internal import OuterloopText

extension AlgorithmsExperiment {
  func report(
    _ chosen: [Method], _ starts: [Double], _ runs: [[Run]], _ sensitivity: Sensitivity
  ) -> ExperimentReport {
    func loss(_ method: Method, _ place: Int) -> Double {
      chosen.firstIndex(of: method).map { runs[place][$0].loss } ?? .nan
    }
    let last = groups.count - 1
    // Half-way between the loss at the start and the smallest one.
    let targets = zip(starts, runs).map { start, runs in
      (start + (runs.map(\.loss).min() ?? start)) / 2
    }
    var claims: [Claim] = []
    if groups.count > 1, chosen.contains(.random), chosen.contains(.reverse) {
      claims.append(
        Claim(
          "Random search suffers from dimension: reverse mode's advantage grows with Q", .theory,
          in: 1.02...(.infinity),
          measured: (loss(.random, last) / loss(.reverse, last))
            / (loss(.random, 0) / loss(.reverse, 0)),
          check: "ratio of losses with \(groups[last]) decays over that with \(groups[0])"))
    }
    for method in [Method.hoag, .drmad, .reverse, .greedy]
    where chosen.contains(method) {
      claims.append(
        Claim(
          "\(method.rawValue) improves on the start with \(groups[last]) decays", .theory,
          in: 0...0.98,
          measured: loss(method, last) / starts[last], check: "loss as a share of that at the start"
        ))
    }
    if groups.count > 1, chosen.contains(.hypernetwork) {
      claims.append(
        Claim(
          "A hypernetwork has a number to learn for each weight and decay: it falls back as Q grows",
          .expectation, in: 1...(.infinity),
          measured: loss(.hypernetwork, last) / loss(.hypernetwork, 0),
          check: "loss with \(groups[last]) decays over that with \(groups[0])"))
    }
    let solve = PowerLaw(x: sensitivity.tolerances, y: sensitivity.solveErrors).exponent
    claims.append(
      Claim(
        "HOAG depends on the precision of its linear solve", .theory, in: 0.5...1.5,
        measured: solve,
        check: "exponent of the error over the tolerance"))
    let bend = PowerLaw(x: sensitivity.departures, y: sensitivity.lineErrors).exponent
    claims.append(
      Claim(
        "DrMAD's error grows with the distance of the trajectory from its lines", .theory,
        in: 0.3...3, measured: bend, check: "exponent of the error over the mean distance"))
    return ExperimentReport(
      tables: [
        .init(
          "Outer loss at the solution, \(trainings) trainings each",
          columns: groups.map { "Q = \($0)" },
          rows: [.init("start", starts)]
            + chosen.enumerated().map { place, method in
              .init(method.rawValue, runs.map { $0[place].loss })
            }),
        .init(
          "Seconds until half of what the best algorithm gains",
          columns: groups.map { "Q = \($0)" },
          rows: chosen.enumerated().map { place, method in
            .init(
              method.rawValue,
              groups.indices.map { runs[$0][place].seconds(to: targets[$0]) })
          }),
        .init(
          "Seconds in all", columns: groups.map { "Q = \($0)" },
          rows: chosen.enumerated().map { place, method in
            .init(method.rawValue, runs.map { $0[place].seconds.last })
          }),
        .init(
          "HOAG by the tolerance of its solves", columns: ["relative error"],
          rows: zip(sensitivity.tolerances, sensitivity.solveErrors).map { .init("\($0)", [$1]) }),
        .init(
          "DrMAD by the number of lines", columns: ["distance from the lines", "relative error"],
          rows: Self.lines.indices.map { place in
            .init(
              NumberText.count(Self.lines[place], "line"),
              [sensitivity.departures[place], sensitivity.lineErrors[place]])
          }),
      ],
      claims: claims,
      notes: [
        "A hypergradient counts as three trainings; greedy updates and the hypernetwork run within one training as long as all "
          + "the others' together.",
        "Seconds are those of one run; what judges the decays takes none of them. No number: the loss was not reached.",
        "Distance from the lines: the mean over the training, relative to how far the weights come.",
      ],
      figures: [
        .init(
          "time.svg",
          "The loss by seconds with \(groups[last]) decays: how soon, and how far, each algorithm comes.",
          svg: LineChart(
            title: "Loss by time, Q = \(groups[last])", x: .log("seconds"), y: .log("outer loss"),
            series: chosen.enumerated().map { place, method in
              let run = runs[last][place]
              return .init(
                method.rawValue, x: run.seconds.map { Swift.max($0, 1e-3) }, y: run.losses,
                markers: false, isStepped: true, style: method.style.rawValue)
            }
          ).svg()),
        .init(
          "dimension.svg",
          "The loss that each algorithm comes to, by the number of decays: searches fall back as it grows, gradients do not.",
          svg: LineChart(
            title: "Loss after \(trainings) trainings", x: .log("hyperparameters Q"),
            y: .log("outer loss"),
            series: chosen.enumerated().map { place, method in
              .init(
                method.rawValue, x: groups.map(Double.init), y: runs.map { $0[place].loss },
                style: method.style.rawValue)
            } + [.init("start", x: groups.map(Double.init), y: starts, hasLine: false, style: 11)]
          ).svg()),
        .init(
          "solve.svg",
          "HOAG: the error of its hypergradient against the tolerance of its two solves.",
          svg: LineChart(
            title: "HOAG and precision", x: .log("tolerance"), y: .log("relative error"),
            series: [
              .init(
                "hoag", x: sensitivity.tolerances, y: sensitivity.solveErrors,
                style: MethodStyle.implicit.rawValue)
            ]
          ).svg()),
        .init(
          "curvature.svg",
          "DrMAD: the error of its hypergradient against the distance of the trajectory from the lines that replace it; one line is on the right.",
          svg: LineChart(
            title: "DrMAD and curvature", x: .log("distance of the trajectory from the lines"),
            y: .log("relative error"),
            series: [
              .init(
                "drmad", x: sensitivity.departures, y: sensitivity.lineErrors,
                style: MethodStyle.drmad.rawValue)
            ]
          ).svg()),
      ])
  }
}
