internal import OuterloopAutodiff
internal import OuterloopBilevel
internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopNumerics

/// n-order hyperparameter optimization on the toy problem, n = 0...5: how many steps of training the
/// hypergradient looks ahead.
public struct ToyOrdersExperiment: Experiment {
  public static let about = ExperimentDescription(
    name: "toy-orders",
    summary: "Orders 0 to 5 of hyperparameter optimization on a problem with known answers.",
    question:
      "What does it change to look n steps of training ahead when a hyperparameter is updated?",
    method:
      "Updates of h and steps of w alternate. Each update of h differentiates the validation loss after n "
      + "further steps of training: n = 0 takes the weights as they are (first-order DARTS), n = 1 looks one "
      + "step ahead (T1-T2, second-order DARTS), larger n unroll more.",
    mathematics: #"""
      Training loss and validation loss are $L(w, h) = (h + w)^2$ and $E(w) = w^2$. A step of gradient descent with
      rate $\eta$ multiplies $h + w$ by $c = 1 - 2 \eta$, so $n$ steps from $w$ lead to

      $$ w_n = c^n w - (1 - c^n) h, \quad \frac{dE(w_n)}{dh} = -2 w_n (1 - c^n). $$

      Order 0 has no hypergradient at all, because $E$ does not see $h$. All other orders are positive multiples
      of $-w_n$: on this problem they differ in the length of their steps, not in where they end, $h = w = 0$.
      With $\alpha$ the rate of $h$, a round of the alternation is linear,

      $$ h' = h + 2 \alpha (1 - c^n)(c^n w - (1 - c^n) h), \quad w' = c w - (1 - c) h'. $$

      At the end of $T$ steps of training, truncation to the last $n$ gives $-2 w_T (1 - c^n)$, the exact
      hypergradient $n = T$, and implicit differentiation the limit $-2 w_T$.
      """#,
    sources: [
      .init(
        "Luketina et al., Scalable gradient-based tuning of continuous regularization hyperparameters, 2016",
        "https://arxiv.org/abs/1511.06727"),
      .init(
        "Liu, Simonyan, Yang, DARTS: Differentiable architecture search, 2019",
        "https://arxiv.org/abs/1806.09055"),
      .init(
        "Shaban et al., Truncated back-propagation for bilevel optimization, 2019",
        "https://arxiv.org/abs/1810.10667"),
    ])

  public static let settings: [Setting<Self>] = [
    .ints("orders", \.orders, "Orders n.", .within(0...100), value: "n"),
    .int("rounds", \.rounds, "Updates of h, each with a step of w.", .within(1...100_000)),
    .number("rate", \.rate, "eta, the rate of training.", .between(0, 0.5), value: "eta"),
    .number("outer-rate", \.outerRate, "alpha, the rate of h.", .between(0, 1), value: "alpha"),
    .int("steps", \.steps, "T, of the table of hypergradients.", .within(1...10_000), value: "T"),
    .number("start-h", \.startH, "h at the start.", .within(-10...10), value: "h"),
    .number("start-w", \.startW, "w at the start.", .within(-10...10), value: "w"),
  ]

  public static var quick: Self { Self() }

  public var orders = [0, 1, 2, 3, 4, 5]
  public var rounds = 40
  public var rate = 0.1
  public var outerRate = 0.5
  public var steps = 10
  public var startH = 1.0
  public var startW = 2.0

  public init() {}

  private var toy: ToyProblem { ToyProblem(rate: rate) }

  /// The points of a run, before the first round and after each.
  private struct Run: Codable {
    var h, w: [Double]
  }

  public func run(_ context: ExperimentContext) throws -> ExperimentReport {
    let key = try Fingerprint(of: self).text
    let runs = try orders.enumerated().map { place, order in
      try context.report(place, of: orders.count + 1, "order \(order)")
      return try context.run("order \(order)", key: key) { try alternate(order, context) }
    }
    try context.report(orders.count, of: orders.count + 1, "hypergradients")
    let gradients = try context.run("hypergradients", key: key) { try hypergradients() }
    return report(runs, gradients)
  }

  /// Rounds of: h along the hypergradient through n further steps, then one real step of w.
  private func alternate(_ order: Int, _ context: ExperimentContext) throws -> Run {
    let ahead = toy.problem(steps: Swift.max(order, 1))
    let step = toy.problem(steps: 1)
    var run = Run(h: [startH], w: [startW])
    for _ in 0..<rounds {
      try context.continueOrStop()
      var (h, w) = (run.h[run.h.count - 1], run.w[run.w.count - 1])
      let point = ToyProblem.point(h: h, w: w)
      // Order 0 is the direct term alone.
      let slope =
        try order == 0
        ? gradient(at: point) { $0.second.square().sum() }.first.item()
        : ahead.hypergradient(at: point, by: .reverse).gradient.first.item()
      h -= outerRate * slope
      w = try step.solve(at: ToyProblem.point(h: h, w: w)).state.weights.item()
      run.h.append(h)
      run.w.append(w)
    }
    return run
  }

  /// By the library's estimators, after T steps of training from the start: the last n steps, and the solution.
  private func hypergradients() throws -> [Double] {
    let problem = toy.problem(steps: steps)
    let start = ToyProblem.point(h: startH, w: startW)
    // The initial weight is not a hyperparameter for a window or a solution: only h is.
    let (rate, w) = (rate, start.second)
    let inH = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: steps, weights: { _ in w }, optimizer: { _, _ in .sgd(rate: .init(rate)) },
      loss: { w, h in (h + w).square().sum() }, outer: { w, _ in w.square().sum() })
    var values = try orders.filter { $0 > 0 }.map {
      try inH.hypergradient(at: start.first, by: .truncated(Swift.min($0, steps))).gradient.item()
    }
    values.append(try problem.hypergradient(at: start, by: .reverse).gradient.first.item())
    values.append(try inH.hypergradient(at: start.first, by: .implicit(.dense)).gradient.item())
    return values
  }

  private func report(_ runs: [Run], _ gradients: [Double]) -> ExperimentReport {
    let known =
      orders.filter { $0 > 0 }.map {
        toy.truncated(h: startH, w: startW, steps: steps, last: Swift.min($0, steps))
      } + [
        toy.truncated(h: startH, w: startW, steps: steps, last: steps),
        -2 * toy.trained(h: startH, w: startW, steps: steps),
      ]
    let names =
      orders.filter { $0 > 0 }.map { "last \($0) of \(steps) steps" } + [
        "all \(steps) steps (exact)", "solution (implicit)",
      ]
    let losses = runs.map { $0.w.map { $0 * $0 } }
    let rows = zip(orders, runs).map { order, run in
      let loss = run.w.map { $0 * $0 }
      let rounds = loss.firstIndex { $0 <= 1e-6 * loss[0] }
      return ExperimentReport.Table.Row(
        "n = \(order)", [run.h.last, run.w.last, loss.last, rounds.map(Double.init)])
    }
    let tracks = zip(orders, runs).enumerated().map { place, pair in
      ToyProblem.Track(
        name: "n = \(pair.0)", points: zip(pair.1.h, pair.1.w).map { ($0, $1) }, style: place)
    }
    return ExperimentReport(
      tables: [
        .init(
          "After \(rounds) rounds from h = \(startH), w = \(startW)",
          columns: ["h", "w", "E", "rounds to a millionth of E"], rows: rows),
        .init(
          "Hypergradients after \(steps) steps of training",
          columns: ["closed form", "measured", "difference"],
          rows: names.indices.map {
            .init(names[$0], [known[$0], gradients[$0], abs(known[$0] - gradients[$0])])
          }),
      ],
      claims: claims(runs, known: known, gradients),
      notes: [
        "Orders above 0 are positive multiples of one another here: the problem shows their speed, and cannot "
          + "show which of them points the right way."
      ],
      figures: ToyProblem.surfaces(
        "Order n",
        "Each line is an order, from the ring to its dot. Order 0 slides into the valley $w = -h$ of the training "
          + "loss and stays there; all others go on along the valley to $h = w = 0$, higher orders in longer steps.",
        tracks)
        + [
          .init(
            "loss.svg",
            "The validation loss by rounds: looking further ahead is faster, with less and less to gain.",
            svg: LineChart(
              title: "Validation loss by rounds", x: "rounds", y: .log("E"),
              series: zip(orders, losses).enumerated().map {
                LineChart.Series("n = \($1.0)", y: $1.1, markers: false, style: $0)
              }
            ).svg())
        ])
  }

  private func claims(_ runs: [Run], known: [Double], _ gradients: [Double]) -> [Claim] {
    let worst = zip(orders, runs).map { difference($1, order: $0) }.max() ?? 0
    let error = zip(known, gradients).map { abs($0 - $1) / Swift.max(1, abs($0)) }.max() ?? 0
    var claims = [
      Claim(
        "Every point of every run is that of the closed form", .closedForm, in: 0...1e-10,
        measured: worst, check: "largest difference over orders, rounds, h and w"),
      Claim(
        "The estimators give the hypergradients of the closed form", .closedForm, in: 0...1e-12,
        measured: error, check: "largest relative difference over the rows of the table"),
    ]
    if let zero = orders.firstIndex(of: 0) {
      claims.append(
        Claim(
          "Order 0 never moves h", .theory, is: startH, within: 0,
          measured: runs[zero].h.last ?? .nan,
          check: "the last h"))
    }
    for (order, run) in zip(orders, runs) where order > 0 && rounds >= 40 && self == Self() {
      claims.append(
        Claim(
          "Order \(order) comes to h = w = 0", .theory, in: 0...0.05,
          measured: abs(run.h.last ?? .nan) + abs(run.w.last ?? .nan),
          check: "|h| + |w| after \(rounds) rounds, from \(abs(startH) + abs(startW))"))
    }
    return claims
  }

  /// The largest difference of a run from the linear recursion.
  private func difference(_ run: Run, order: Int) -> Double {
    let (c, power) = (toy.contraction, toy.power(order))
    var (h, w, worst) = (startH, startW, 0.0)
    for round in 0..<rounds {
      h += 2 * outerRate * (1 - power) * (power * w - (1 - power) * h)
      w = c * w - (1 - c) * h
      worst = Swift.max(worst, abs(h - run.h[round + 1]), abs(w - run.w[round + 1]))
    }
    return worst
  }
}

extension ToyOrdersExperiment: Equatable {}
