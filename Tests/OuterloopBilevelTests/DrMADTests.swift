import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

@testable import OuterloopBilevel

/// Reverse mode on trajectories of which a few states are kept.
@Suite struct DrMADTests {
  // MARK: - Laws

  /// Every model and optimizer, the hyperparameters taking turns.
  static let rows: [HypergradientCase] = {
    let models = TrialModel.all(.float64) + [.rectified(.float64), .perceptron(.float32)]
    return models.enumerated().flatMap { number, model in
      TrialOptimizer.all.enumerated().map { index, optimizer in
        let hyper = TrialHyper.allCases[(2 * number + index) % TrialHyper.allCases.count]
        return try! hyper.test(model, optimizer, steps: 4)
      }
    }
  }()

  @Test(arguments: rows) func aKnotAtEveryStepIsReverse(_ test: HypergradientCase) throws {
    try DrMADLaws.check(test)
  }

  @Test(arguments: TrialHyper.allCases) func slopesAtEveryStepAreReverse(_ hyper: TrialHyper) throws
  {
    for model in [TrialModel.perceptron(.float64), .quadratic(.float64)] {
      try DrMADLaws.check(
        try hyper.test(model, TrialOptimizer.all[1], steps: 5), velocity: .slope)
    }
  }

  /// L = (w - h)' G (w - h) / 2 under fixed rates: a step is linear in w and h.
  @Test(arguments: TrialOptimizer.all.prefix(3).map(\.name)) func linearSteps(name: String) throws {
    let optimizer = try #require(TrialOptimizer.all.first { $0.name == name })
    let g = vector([1, 0.5, 2])
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: 7, weights: { h in h[1] },
      optimizer: { _, _ in optimizer.make(optimizer.numbers.map { .init($0) }) },
      loss: { w, h in 0.5 * (g * (w - h[0]).square()).sum() },
      outer: { w, h in (w.square() * w).sum() + (h[0] * w).sum() })
    let test = HypergradientCase(
      "linear steps of \(name)", problem, at: [vector([1, -1, 0.3]), vector([2, 0.1, -1])],
      movesInitialState: true, hasDirectTerm: true)
    try DrMADLaws.checkExact(test)
    if name == "momentum" { try DrMADLaws.checkExact(test, velocity: .slope) }
  }

  // MARK: - Numbers known without the library

  /// The course toy: exact for h with any knots, and not for the rate: d/deta is 10.917981, and
  /// 16.203593 by DrMAD.
  @Test func courseToy() throws {
    func gradient(_ estimator: Estimator) throws -> [Double] {
      try Toys.courseWithRate().hypergradient(at: Toys.coursePoint, by: estimator).gradient.flat
    }
    var last = Double.infinity
    for knots in 1...10 {
      let answer = try gradient(.drmad(.steps(knots)))
      #expect(abs(answer[0] - 1.2101818311) < 1e-10)
      #expect(answer[1] - 10.917981 < last)
      last = answer[1] - 10.917981
    }
    #expect(abs(try gradient(.drmad(.steps(1)))[1] - 16.203593) < 1e-6)
    #expect(abs(try gradient(.drmad(.arcLength(1)))[1] - 16.203593) < 1e-6)
    #expect(abs(try gradient(.drmad(.steps(10)))[1] - 10.917981) < 1e-6)
  }

  /// Heavy ball on a coupled quartic, forward and back by hand, with lines for the way back.
  private struct ByHand {
    static let steps = 12
    static let start = [0.7, -0.4, 0.2]
    static let target = [0.5, 0.1, -0.3]
    static let rates = (0..<steps).map { 0.05 + 0.01 * Double($0 % 4) }
    static let momentum = 0.8
    static let scale = [0.3, 0.8, 0.1]

    // L = sum_i (l_i w_i^4 / 4 + (w_i - c_i)^2 / 2) + w_1 w_2 w_3;  E = sum_i w_i^3 + l_1 w_2^2
    static func gradient(_ w: [Double]) -> [Double] {
      (0..<3).map { i in
        let cubic = scale[i] * w[i] * w[i] * w[i]
        return cubic + w[i] - target[i] + w[(i + 1) % 3] * w[(i + 2) % 3]
      }
    }

    static func hessian(_ w: [Double], _ u: [Double]) -> [Double] {
      (0..<3).map { i in
        let (next, last) = ((i + 1) % 3, (i + 2) % 3)
        let diagonal = 3 * scale[i] * w[i] * w[i] + 1
        return diagonal * u[i] + w[last] * u[next] + w[next] * u[last]
      }
    }

    static func path() -> (w: [[Double]], m: [[Double]]) {
      var w = [start]
      var m = [[0.0, 0, 0]]
      for t in 0..<steps {
        let g = gradient(w[t])
        m.append((0..<3).map { momentum * m[t][$0] + g[$0] })
        w.append((0..<3).map { w[t][$0] - rates[t] * m[t + 1][$0] })
      }
      return (w, m)
    }

    /// d by (l, the rates, mu, w_0).
    static func hypergradient(knots: [Int], velocity: KnotVelocity) -> [[Double]] {
      let (w, m) = path()
      let end = w[steps]
      var weight = end.map { 3 * $0 * $0 }
      weight[1] += 2 * scale[0] * end[1]
      var buffer = [0.0, 0, 0]
      var byScale = [end[1] * end[1], 0, 0]
      var byRates = [Double](repeating: 0, count: steps)
      var byMomentum = 0.0
      func segment(_ t: Int) -> Int { knots.lastIndex { $0 <= t && $0 < steps }! }
      func line(_ values: [[Double]], _ t: Int) -> [Double] {
        let j = segment(t)
        let f = Double(t - knots[j]) / Double(knots[j + 1] - knots[j])
        return (0..<3).map { (1 - f) * values[knots[j]][$0] + f * values[knots[j + 1]][$0] }
      }
      // The momentum after step t >= 1.
      func slope(_ t: Int) -> [Double] {
        let j = segment(t - 1)
        let time = rates[knots[j]..<knots[j + 1]].reduce(0, +)
        return (0..<3).map { (w[knots[j]][$0] - w[knots[j + 1]][$0]) / time }
      }
      for t in stride(from: steps, through: 1, by: -1) {
        let point = line(w, t - 1)
        let before: [Double]
        let after: [Double]
        switch velocity {
        case .interpolated:
          before = line(m, t - 1)
          let g = gradient(point)
          after = (0..<3).map { momentum * before[$0] + g[$0] }
        case .slope:
          before = t == 1 ? [0, 0, 0] : slope(t - 1)
          after = slope(t)
        }
        let u = (0..<3).map { buffer[$0] - rates[t - 1] * weight[$0] }
        for i in 0..<3 {
          byRates[t - 1] -= weight[i] * after[i]
          byMomentum += u[i] * before[i]
          byScale[i] += point[i] * point[i] * point[i] * u[i]
        }
        let h = hessian(point, u)
        weight = (0..<3).map { weight[$0] + h[$0] }
        buffer = u.map { momentum * $0 }
      }
      return [byScale, byRates, [byMomentum], weight]
    }

    static let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: steps, weights: { $0[3] },
      optimizer: { h, time in
        .momentum(rate: .init(Schedule.perStep(h[1], time)), momentum: .init(h[2]))
      },
      loss: { w, h in
        let entries = (0..<3).map { w.sliced(axis: 0, $0..<($0 + 1)).reshaped([]) }
        return (0.25 * h[0] * w.square().square() + 0.5 * (w - vector(target)).square()).sum()
          + entries[0] * entries[1] * entries[2]
      },
      outer: { w, h in
        let (first, second) = (h[0].sliced(axis: 0, 0..<1), w.sliced(axis: 0, 1..<2))
        return (w.square() * w).sum() + (first * second.square()).sum()
      })
    static let point = [vector(scale), vector(rates), number(momentum), vector(start)]
  }

  @Test(arguments: [1, 2, 3, 4, 5, 7, 12], [KnotVelocity.interpolated, .slope])
  func byHand(knots: Int, velocity: KnotVelocity) throws {
    let places = (0...knots).map { $0 * ByHand.steps / knots }
    let expected = ByHand.hypergradient(knots: places, velocity: velocity)
    let answer = try ByHand.problem.hypergradient(
      at: ByHand.point, by: .drmad(.steps(knots), velocity: velocity))
    for (name, (given, wanted)) in zip(
      ["l", "rates", "momentum", "start"], zip(answer.gradient, expected))
    {
      #expect(deviation(try given.doubles(), wanted) < 1e-13, "\(name), \(knots) \(velocity)")
    }
  }

  @Test(arguments: [2, 3, 5], [KnotVelocity.interpolated, .slope])
  func byHandOnArcs(knots: Int, velocity: KnotVelocity) throws {
    let path = ByHand.path().w
    var lengths = [0.0]
    for t in 1...ByHand.steps {
      let moves = zip(path[t], path[t - 1]).map { $0 - $1 }
      let squared = moves.reduce(0.0) { $0 + $1 * $1 }
      lengths.append(lengths[t - 1] + squared.squareRoot())
    }
    // The step at which the length is nearest to j / M of the whole: far enough apart here.
    let places = (0...knots).map { j in
      let goal = lengths[ByHand.steps] * Double(j) / Double(knots)
      return (0...ByHand.steps).min { abs(lengths[$0] - goal) < abs(lengths[$1] - goal) }!
    }
    #expect(knots == 2 || places != (0...knots).map { $0 * ByHand.steps / knots })
    let expected = ByHand.hypergradient(knots: places, velocity: velocity)
    let answer = try ByHand.problem.hypergradient(
      at: ByHand.point, by: .drmad(.arcLength(knots), velocity: velocity))
    for (given, wanted) in zip(answer.gradient, expected) {
      #expect(deviation(try given.doubles(), wanted) < 1e-13, "\(places) \(velocity)")
    }
  }

  // MARK: - Errors

  /// On full batches the path is smooth, and lines between knots twice as near are four times as
  /// near to it.
  @Test(arguments: TrialOptimizer.all.dropLast().map(\.name)) func errorsFall(name: String) throws {
    let optimizer = try #require(TrialOptimizer.all.first { $0.name == name })
    for model in TrialModel.all(.float64) {
      let test = try TrialHyper.logDecay.test(model, optimizer, steps: 32, isFullBatch: true)
      let errors = try [1, 4, 8, 16].map {
        try DrMADLaws.error(test, by: .drmad(.steps($0)))
      }
      #expect(errors[0] > 2 * errors[1] && errors[1] < 0.1, "\(test): \(errors)")
      #expect(errors[1] > 3.5 * errors[2] && errors[2] > 3.5 * errors[3], "\(test): \(errors)")
    }
  }

  /// On minibatches the path is rough; the errors fall nevertheless.
  @Test(arguments: ["momentum", "Adam", "AdamW"]) func errorsFallOnMinibatches(name: String) throws
  {
    let optimizer = try #require(TrialOptimizer.all.first { $0.name == name })
    for model in TrialModel.all(.float64) {
      let test = try TrialHyper.logDecay.test(model, optimizer, steps: 32)
      let errors = try [1, 4, 16].map { try DrMADLaws.error(test, by: .drmad(.steps($0))) }
      #expect(errors[0] > 2 * errors[1] && errors[1] > 3 * errors[2], "\(test): \(errors)")
    }
  }

  /// One line for the whole of heavy ball's training: the rate's hypergradient needs the velocity
  /// that was there, and momenta between 0 and the last one are not it.
  @Test func slopesForRates() throws {
    for model in [TrialModel.quadratic(.float64), .softmaxRegression(.float64)] {
      for isFullBatch in [true, false] {
        let test = try TrialHyper.rate.test(
          model, TrialOptimizer.all[1], steps: 32, isFullBatch: isFullBatch)
        let line = try DrMADLaws.error(test, by: .drmad(.steps(1)))
        let slope = try DrMADLaws.error(test, by: .drmad(.steps(1), velocity: .slope))
        #expect(slope < 0.03 && line > 0.4, "\(test): \(slope) and \(line)")
      }
    }
  }

  /// x falls to 0 within ten steps, y then moves on at a constant speed; what x does to y on the
  /// way is dE/dh. Knots at equal lengths see it.
  @Test(arguments: [0.0, 0.5]) func pathsThatBendEarly(momentum: Double) throws {
    let problem = BilevelProblem<TrainingState<Pair<Tensor, Tensor>>, Tensor, NoTensors>(
      steps: 64, weights: { _ in Pair(vector([2, -1.5]), number(0.3)) },
      optimizer: { _, _ in .momentum(rate: 0.1, momentum: .init(momentum)) },
      loss: { w, h in
        let x = w.first.square().sum()
        return 2 * x + w.second * (h * x - 0.5)
      },
      outer: { w, _ in (w.second - 1).square() })
    let test = HypergradientCase("a path that bends early", problem, at: number(0.2))
    for knots in [2, 4, 8] {
      let uniform = try DrMADLaws.error(test, by: .drmad(.steps(knots)))
      let arcs = try DrMADLaws.error(test, by: .drmad(.arcLength(knots)))
      #expect(arcs < (knots > 2 ? 0.1 : 0.5) * uniform, "\(knots) knots: \(arcs) and \(uniform)")
    }
  }

  /// In an online run every window has knots of its own; a knot at every step is reverse mode.
  @Test func windows() throws {
    let test = TrialHyper.exampleWeights
    let (model, optimizer) = (TrialModel.perceptron(.float64), TrialOptimizer.all[3])
    let start = test.start(model, optimizer, steps: 13)
    func updated(_ estimator: Estimator) throws -> [Double] {
      try test.problem(model, optimizer, steps: 13).minimize(
        from: start, by: estimator, updates: 5, with: OuterLoop(.sgd(rate: 0.5)),
        training: .online(every: 5)
      ).hyper.flat
    }
    let exact = try updated(.reverse)
    for knots in [Knots.steps(5), .arcLength(5)] { #expect(try updated(.drmad(knots)) == exact) }
    let coarse = try updated(.drmad(.steps(1)))
    let moved = zip(exact, try start.flat).map { $0 - $1 }
    let off = zip(coarse, exact).map { $0 - $1 }
    #expect(off.contains { $0 != 0 })
    #expect(zip(off, moved).map { abs($0) - 0.5 * abs($1) }.reduce(0, +) < 0)
  }

  // MARK: - Refusals

  @Test func refusals() throws {
    func answer(_ optimizer: Optimizer, _ estimator: Estimator) throws -> Tensor {
      let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
        steps: 4, weights: { _ in vector([1, 2]) }, optimizer: { _, _ in optimizer },
        loss: { w, h in 0.5 * h * w.square().sum() }, outer: { w, _ in w.square().sum() })
      return try problem.hypergradient(at: number(0.3), by: estimator).gradient
    }
    let (ball, adam) = (Optimizer.momentum(rate: 0.1), Optimizer.adam(rate: 0.1))
    let slopes = Estimator.drmad(.steps(2), velocity: .slope)
    _ = try answer(adam, .drmad(.steps(2)))
    _ = try answer(ball, slopes)
    expectError("use 1...4") { try answer(ball, .drmad(.steps(0))) }
    expectError("drmad(arcLength(-1)) cannot") { try answer(ball, .drmad(.arcLength(-1))) }
    expectError("needs heavy ball", "use the velocity .interpolated") { try answer(adam, slopes) }
    expectError("rate of weights is 0 over steps 3...4") {
      try answer(.momentum(rate: 0), slopes)
    }
  }

  // MARK: - Knots

  @Test func places() {
    #expect(Knots.uniform(1, steps: 5) == [0, 5])
    #expect(Knots.uniform(2, steps: 5) == [0, 2, 5])
    #expect(Knots.uniform(9, steps: 3) == [0, 1, 2, 3])
    #expect(Knots.equalArcs(1, lengths: [0, 1, 2]) == [0, 2])
    #expect(Knots.equalArcs(2, lengths: [0, 4, 7, 8]) == [0, 1, 3])
    #expect(Knots.equalArcs(4, lengths: [0, 8, 8.1, 8.2, 8.3]) == [0, 1, 2, 3, 4])
    #expect(Knots.equalArcs(3, lengths: [0, 10, 10.1, 10.2, 10.3]) == [0, 1, 2, 4])
    #expect(Knots.equalArcs(3, lengths: [0, 0.1, 0.2, 0.3, 10]) == [0, 2, 3, 4])
    #expect(Knots.equalArcs(2, lengths: [0, 0, 0, 0, 0]) == [0, 2, 4])
    #expect(Knots.equalArcs(2, lengths: [0, 1, .nan, .nan, .nan]) == [0, 2, 4])
    // Always increasing from 0 to T.
    for seed in 0..<40 {
      let moves = try! RandomKey(seed: UInt64(seed)).uniform([20], dtype: .float64).doubles()
      var lengths = [0.0]
      for move in moves { lengths.append(lengths.last! + move * move * move * move * move) }
      for count in 1...25 {
        let knots = Knots.equalArcs(count, lengths: lengths)
        #expect(knots.count == min(count, 20) + 1 && knots.first == 0 && knots.last == 20)
        #expect(zip(knots, knots.dropFirst()).allSatisfy { $0 < $1 })
      }
    }
  }
}
