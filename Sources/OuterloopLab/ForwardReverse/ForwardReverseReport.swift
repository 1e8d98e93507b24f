internal import OuterloopCharts

/// Tables, claims and pictures of the forward-and-reverse comparison.
extension ForwardReverseExperiment {
  typealias ModelRuns = (model: TraceModel, runs: [TraceTraining.Run])

  func report(_ all: [ModelRuns]) -> ExperimentReport {
    typealias Row = ExperimentReport.Table.Row
    func mean(_ runs: [TraceTraining.Run], _ value: (TraceTraining.Run) -> Double) -> Double {
      Repetitions(values: runs.map(value)).mean
    }
    let memory = all.flatMap { model, runs in
      let run = runs[0]
      return [
        Row(
          "\(model.rawValue), forward",
          [
            Double(run.weights), Double(model.hyperparameters), Self.mebibytes(run.forwardBytes),
            model.published.forwardMiB, Double(run.forwardProducts), mean(runs, \.forwardSeconds),
          ]),
        Row(
          "\(model.rawValue), reverse",
          [
            Double(run.weights), Double(model.hyperparameters), Self.mebibytes(run.reverseBytes),
            model.published.reverseMiB, Double(run.reverseProducts), mean(runs, \.reverseSeconds),
          ]),
      ]
    }
    let accuracies = all.map { model, runs in
      Row(
        model.rawValue,
        [
          mean(runs, \.batchAccuracy), model.published.batchAccuracy,
          mean(runs, \.realTimeAccuracy),
          model.published.realTimeAccuracy, mean(runs, \.realTimeSeconds),
          runs.map(\.disagreement).max(),
        ])
    }
    return ExperimentReport(
      tables: [
        .init(
          "A hypergradient of \(steps) steps"
            + (convolutionSteps == steps
              ? "" : " (\(convolutionSteps) of the convolutional network)"),
          columns: ["weights P", "Q", "states, MiB", "published, T = 100", "products", "seconds"],
          rows: memory),
        .init(
          "Test accuracy, mean of \(seeds) seeds; the published ones on MNIST",
          columns: [
            "fixed", "published", "real time", "published ", "seconds", "forward - reverse",
          ], rows: accuracies),
      ],
      claims: all.flatMap { claims($0) } + timeClaims(all),
      notes: [
        "States are what a mode must hold between steps; programs and temporaries come on top. Each number has four bytes.",
        "The convolutional network has 314,847 weights; the source's has 315,074, and does not say how they are laid out.",
        "Real time: an update of all hyperparameters every \(every) steps, by Adam on logarithms (the momentum's "
          + "logit).",
      ], figures: figures(all))
  }

  private static func mebibytes(_ bytes: Int) -> Double { Double(bytes) / Double(1 << 20) }

  private func claims(_ of: ModelRuns) -> [Claim] {
    let (name, q) = (of.model.rawValue, of.model.hyperparameters)
    let (run, published) = (of.runs[0], of.model.published)
    let state = 8 * run.weights
    let steps = steps(of: of.model)
    var claims = [
      Claim(
        "\(name): bytes of forward mode", .closedForm, is: Double((q + 1) * state), within: 0,
        measured: Double(run.forwardBytes), check: "4 2P (Q + 1), to the byte"),
      Claim(
        "\(name): bytes of reverse mode", .closedForm, is: Double((steps + 2) * state), within: 0,
        measured: Double(run.reverseBytes), check: "4 2P (T + 2), to the byte"),
      Claim(
        "\(name): products of forward mode", .closedForm, is: Double(q * steps), within: 0,
        measured: Double(run.forwardProducts), check: "Q T"),
      Claim(
        "\(name): products of reverse mode", .closedForm, is: Double(steps), within: 0,
        measured: Double(run.reverseProducts), check: "T"),
      Claim(
        "\(name): both modes agree", .published, in: 0...published.agreement,
        measured: of.runs.map(\.disagreement).max() ?? .nan,
        check: "norm of the difference over norm, largest of all seeds, single precision"),
    ]
    // Printed with three digits; the convolutional network has .07 % fewer weights.
    let cells = [
      ("forward", run.forwardBytes, published.forwardMiB),
      ("reverse", run.reverseBytes, published.reverseMiB),
    ]
    // Forward mode's bytes are the same whatever T, reverse mode's are printed for T = 100.
    for (mode, bytes, printed) in steps == 100 ? cells : [cells[0]] {
      claims.append(
        Claim(
          "\(name): published MiB of \(mode) mode", .published, is: printed,
          within: printed < 1 ? 0.005 : printed * 0.003, measured: Self.mebibytes(bytes),
          check: "the printed digits"))
    }
    guard steps >= 10 * every else { return claims }
    let gain = Repetitions(values: of.runs.map { $0.realTimeAccuracy - $0.batchAccuracy })
    claims.append(
      Claim(
        "\(name): real-time updates raise the test accuracy", .expectation, in: 0...1,
        measured: gain.mean,
        check: "difference to the same training without updates, mean of seeds; published "
          + "\(published.batchAccuracy) and \(published.realTimeAccuracy)"))
    return claims
  }

  private func timeClaims(_ all: [ModelRuns]) -> [Claim] {
    guard let runs = all.first(where: { !($0.runs[0].counts.isEmpty) })?.runs else { return [] }
    func growth(_ path: KeyPath<TraceTraining.Run, [Double]>) -> Double {
      Repetitions(
        values: runs.map { run in
          (run[keyPath: path].last ?? .nan) / (run[keyPath: path].first ?? .nan)
        }
      ).median
    }
    return [
      Claim(
        "Forward mode takes longer with more hyperparameters", .theory, in: 1.5...(.infinity),
        measured: growth(\.forwardByCount),
        check:
          "time with 12 hyperparameters over time with 1; (1 + 12) / (1 + 1) if nothing but products counts"
      ),
      Claim(
        "Reverse mode does not, or much less", .theory, in: 0...1,
        measured: growth(\.reverseByCount) / growth(\.forwardByCount),
        check: "its growth over that of forward mode"),
    ]
  }

  private func figures(_ all: [ModelRuns]) -> [ExperimentReport.Picture] {
    // A single update shows nothing.
    let tuned = all.filter { $0.runs[0].losses.count > 1 }
    let names = tuned.map(\.model.rawValue)
    var figures: [ExperimentReport.Picture] = [
      .init(
        "memory.svg",
        "Bytes of states by the law: forward mode holds a tangent for each hyperparameter, reverse mode a state for each step. "
          + "Dots are measured, lines the law.",
        svg: memoryChart(all)),
      .init(
        "losses.svg",
        "The validation loss while a model trains and its hyperparameters are updated in real time: one training, and it is "
          + "tuned along the way.",
        svg: LineChart(
          title: "Real-time optimization", x: "step of training", y: .log("validation loss"),
          series: tuned.map { model, runs in
            let losses = runs[0].losses.indices.map { place in
              Repetitions(values: runs.map { $0.losses[place] }).mean
            }
            return .init(
              model.rawValue, x: losses.indices.map { Double(($0 + 1) * every) }, y: losses)
          }
        ).svg()),
      .init(
        "accuracy.svg",
        "Test accuracy of the same training with fixed hyperparameters and with real-time updates.",
        svg: BarChart(
          title: "Test accuracy", y: .init("accuracy", range: 0...1), categories: names,
          series: [
            .init(
              "fixed",
              tuned.map { pair in Repetitions(values: pair.runs.map(\.batchAccuracy)).mean }),
            .init(
              "real time",
              tuned.map { pair in Repetitions(values: pair.runs.map(\.realTimeAccuracy)).mean }),
          ], showsValues: true
        ).svg()),
    ]
    if let run = all.first(where: { !$0.runs[0].counts.isEmpty })?.runs[0] {
      let counts = run.counts.map(Double.init)
      figures.append(
        .init(
          "time.svg",
          "The time of a hypergradient of the network with five layers, by how many of its hyperparameters are differentiated.",
          svg: LineChart(
            title: "Time by hyperparameters", x: "hyperparameters Q", y: "seconds",
            series: [
              .init("forward", x: counts, y: run.forwardByCount, style: 1),
              .init("reverse", x: counts, y: run.reverseByCount, style: 0),
            ]
          ).svg()))
    }
    return figures
  }

  private func memoryChart(_ all: [ModelRuns]) -> String {
    let places = [1_000.0, 1_000_000]
    func law(_ name: String, _ states: Int, style: Int) -> LineChart.Series {
      .init(
        name, x: places, y: places.map { 8 * $0 * Double(states) / Double(1 << 20) },
        markers: false,
        style: style)
    }
    func dots(_ bytes: (TraceTraining.Run) -> Int) -> ([Double], [Double]) {
      (all.map { Double($0.runs[0].weights) }, all.map { Self.mebibytes(bytes($0.runs[0])) })
    }
    let (x, reverse) = dots(\.reverseBytes)
    let forward = dots(\.forwardBytes).1
    return Scatter(
      title: "Memory of \(steps) steps", x: .log("weights P"), y: .log("MiB"),
      groups: [
        .init("reverse", x: x, y: reverse, style: 0), .init("forward", x: x, y: forward, style: 1),
      ],
      curves: [
        law("T + 2 = \(steps + 2)", steps + 2, style: 0),
        law("Q + 1 = 5 (logistic)", 5, style: 1), law("Q + 1 = 13 (mlp)", 13, style: 1),
        law("Q + 1 = 11 (cnn)", 11, style: 1),
      ]
    ).svg()
  }
}
