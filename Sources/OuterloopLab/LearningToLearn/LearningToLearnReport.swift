internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopNumerics
internal import OuterloopPlatform

/// Tables, claims and pictures of learning to learn.
extension LearningToLearnExperiment {
  private static let names = ["LSTM"] + HandDesignedOptimizer.allCases.map(\.rawValue)

  func report(_ runs: [LearningToLearnTraining.Run]) throws -> ExperimentReport {
    typealias Row = ExperimentReport.Table.Row
    /// log10 of the final losses of an optimizer, all seeds and trainings.
    func logs(_ place: Int) -> [Double] {
      runs.flatMap { $0.traces[place].map { log10($0.finalLoss) } }
    }
    let untrained = Repetitions(values: runs.flatMap { $0.untrained.map { log10($0) } })
    let rows = Self.names.enumerated().map { place, name in
      let (spread, half) = (
        Repetitions(values: logs(place)),
        Repetitions(
          values: runs.flatMap { $0.traces[place].map { $0.losses[steps / 2] } })
      )
      let rate = place == 0 ? nil : Repetitions(values: runs.map { $0.rates[place - 1] }).median
      return Row(
        name,
        [
          rate, half.mean, Repetitions(values: logs(place).map { pow(10, $0) }).mean,
          spread.mean, spread.interval,
        ])
    }
    func lead(_ place: Int) -> Repetitions {
      Repetitions(values: zip(logs(0), logs(place)).map { $0 - $1 })
    }
    let networks = Self.networks(units)
    var claims = [
      Claim(
        "Training the LSTM makes it a better optimizer", .theory, in: (-100)...(-0.1),
        measured: Repetitions(values: logs(0)).mean - untrained.mean,
        check: "log10 of the final loss, trained less untrained, mean of all trainings")
    ]
    // A short meta-training is enough to beat gradient descent; the source's is long.
    let beaten = trainings >= 200 ? Self.names.count - 1 : 1
    for (place, name) in Self.names.enumerated().dropFirst().prefix(beaten) {
      let lead = lead(place)
      claims.append(
        Claim(
          "The LSTM ends below tuned \(name)", .published, in: (-100)...0,
          measured: lead.mean + lead.interval,
          check:
            "difference of log10 of final losses of the same training, mean plus half its 95 % "
            + "interval; the source shows it for sigmoid networks within 100 steps"))
    }
    let features = try GradientPreprocessing.logAndSign(Tensor([0, exp(-5.0)], dtype: .float64))
      .doubles()
    claims.append(
      Claim(
        "Gradients enter as published: 0 as (-1, 0), exp(-5) as (-1, 1)", .closedForm,
        in: 0...1e-12,
        measured: zip(features, [-1, 0, -1, 1]).map { abs($0 - $1) }.max() ?? .nan,
        check: "largest difference"))
    return ExperimentReport(
      tables: [
        .init(
          "After \(steps) steps, mean of \(seeds * self.runs) trainings",
          columns: ["tuned rate", "loss half-way", "final loss", "log10 of it", "+-"],
          rows: rows + [
            Row("LSTM, untrained", [nil, nil, nil, untrained.mean, untrained.interval])
          ]),
        .init(
          "Final loss on other networks, nothing trained or tuned again", columns: Self.names,
          rows: networks.enumerated().map { place, network in
            Row(
              network.name,
              Self.names.indices.map { optimizer in
                Repetitions(values: runs.map { $0.transfer[place][optimizer] }).mean
              })
          }),
      ],
      claims: claims,
      notes: [
        "Networks of \(units) sigmoid units, batches of \(batch), \(train) digits. The LSTM learned from \(trainings) "
          + "trainings in windows of \(unroll) steps; rates are the best of eight by the final loss of three other "
          + "trainings.",
        "The source reports that the LSTM fails on ReLU networks; the last row shows what happens here.",
      ], figures: figures(runs))
  }

  private func figures(_ runs: [LearningToLearnTraining.Run]) -> [ExperimentReport.Picture] {
    func chart(_ title: String, _ y: Axis, _ path: KeyPath<OptimizeeTask.Trace, [Double]>)
      -> LineChart
    {
      LineChart(
        title: title, x: "step", y: y,
        series: Self.names.enumerated().map { place, name in
          let traces = runs.flatMap { $0.traces[place].map { $0[keyPath: path] } }
          let spreads = (0..<steps).map { step in
            Repetitions(values: traces.map { $0[step] })
          }
          return .init(
            name, x: spreads.indices.map(Double.init), y: spreads.map(\.mean), markers: false,
            style: place)
        })
    }
    let windows = runs.map(\.metaLosses)
    let (meta, count) = (windows.map(\.count).min() ?? 0, steps / unroll)
    return [
      .init(
        "losses.svg",
        "The loss of each step's batch, mean of all trainings: the learned optimizer against hand-designed ones with their best rates.",
        svg: chart("Training a network", .log("loss"), \.losses).svg()),
      .init(
        "norms.svg",
        "The norm of the gradient and of the parameters by step, mean of all trainings. How fast the parameters grow shows how an "
          + "optimizer spends its steps: early, or to the end.",
        svg: SmallMultiples(
          title: "On the way",
          figures: [
            chart("norm of the gradient", .log(""), \.gradientNorms),
            chart("norm of the parameters", "", \.weightNorms),
          ], columns: 2
        ).svg(width: 900, height: 380)),
      .init(
        "meta-training.svg",
        "How the LSTM learns: the mean loss over the steps of each training that it learns from.",
        svg: LineChart(
          title: "Training the optimizer", x: "trainings", y: .log("mean loss"),
          series: [
            .init(
              "",
              y: (0..<meta / count).map { training in
                Repetitions(
                  values: windows.flatMap { $0[training * count..<(training + 1) * count] }
                ).mean
              }, markers: false, style: 0)
          ]
        ).svg()),
    ]
  }
}
