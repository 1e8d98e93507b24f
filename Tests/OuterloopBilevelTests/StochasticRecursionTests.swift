import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Stochastic and penalty methods against their recursions written out on a scalar problem with
/// minibatches: which point, which data, which step size, in which order.
///
///     L = a_t w^2 / 2 - w (b_t l^2 + 1),   E = (w - d_j)^2 / 2 + w l / 5
///
/// so that H = a_t, N v = -2 b_t l v, grad_w E = w - d_j + l / 5 and grad_lambda E = w / 5.
@Suite struct StochasticRecursionTests {
  private static let a = [0.9, 1.4, 1.1]
  private static let b = [0.5, 0.8, 1.3]
  private static let d = [1.7, -0.4]
  private static let rate = 0.3
  private static let outerRate = 0.2
  private static let start = 0.7

  /// The terms of training batch n and validation batch n, in rounds.
  private static func a(_ n: Int) -> Double { a[n % 3] }
  private static func b(_ n: Int) -> Double { b[n % 3] }
  private static func d(_ n: Int) -> Double { d[n % 2] }

  private static func problem(
    steps: Int, _ optimizer: Optimizer = .sgd(rate: .init(rate))
  ) throws -> BilevelProblem<TrainingState<Tensor>, Tensor, Tensor> {
    try BilevelProblem(
      steps: steps, batches: Batches { vector([a($0), b($0)]) },
      validation: Batches { number(d($0)) }, weights: { _ in number(0.1) },
      optimizer: { _, _ in optimizer },
      loss: { w, l, batch in
        let (a, b) = (batch.example(0), batch.example(1))
        return 0.5 * a * w.square() - w * (b * l.square() + 1)
      },
      outer: { w, l, d in 0.5 * (w - d).square() + 0.2 * w * l })
  }

  /// grad_w L on batch n, and H, N v there.
  private static func slope(_ w: Double, _ l: Double, _ n: Int) -> Double {
    a(n) * w - b(n) * l * l - 1
  }
  private static func cross(_ v: Double, _ l: Double, _ n: Int) -> Double { -2 * b(n) * l * v }
  private static func outerSlope(_ w: Double, _ l: Double, _ n: Int) -> Double {
    w - d(n) + 0.2 * l
  }

  /// lambda after each update, and what is reported with it.
  private struct Path {
    var hyper: [Double] = []
    var losses: [Double] = []
    var weights: [Double] = []
    var costs: [Cost] = []
  }

  private func path(
    by estimator: Estimator, updates: Int, steps: Int = 4, training: TrainingSchedule? = nil
  ) throws -> Path {
    var path = Path()
    _ = try Self.problem(steps: steps).minimize(
      from: number(Self.start), by: estimator, updates: updates,
      with: OuterLoop(.sgd(rate: Optimizer.Rate(Self.outerRate))), training: training
    ) { progress in
      path.hyper.append(try progress.hyper.item())
      path.losses.append(progress.loss)
      path.weights.append(try progress.state.weights.item())
      path.costs.append(progress.cost)
      return true
    }
    return path
  }

  private static func loss(_ w: Double, _ l: Double, _ n: Int) -> Double {
    0.5 * (w - d(n)) * (w - d(n)) + 0.2 * w * l
  }

  // MARK: - SOBA

  /// All three directions at the same old point; the step size of v by the number of its step;
  /// trainings of 4 steps follow on each other.
  @Test(arguments: [1, 2]) func soba(every: Int) throws {
    for rate in [StepSize.constant(0.4), .decaying(0.6)] {
      var (w, v, l) = (0.1, 0.0, Self.start)
      var expected: (hyper: [Double], losses: [Double], weights: [Double]) = ([], [], [])
      for t in 0..<(12 * every) {
        let g = 0.2 * w + Self.cross(v, l, t)
        let loss = Self.loss(w, l, t)
        let (dw, dv) = (Self.slope(w, l, t), Self.a(t) * v + Self.outerSlope(w, l, t))
        w -= Self.rate * dw
        v -= rate.at(t + 1) * dv
        guard (t + 1) % every == 0 else { continue }
        l -= Self.outerRate * g
        expected.hyper.append(l)
        expected.losses.append(loss)
        expected.weights.append(w)
      }
      let seen = try path(
        by: .soba(rate: rate), updates: 12,
        training: every == 1 ? nil : .online(every: every, start: .reptile(rate: 1)))
      #expect(deviation(seen.hyper, expected.hyper) < 1e-13)
      #expect(deviation(seen.losses, expected.losses) < 1e-13)
      #expect(deviation(seen.weights, expected.weights) < 1e-13)
      // One product and two gradients a step.
      #expect(
        seen.costs.allSatisfy {
          $0.steps == every && $0.products == every && $0.gradients == 2 * every
        })
    }
    #expect(abs(StepSize.decaying(0.6).at(9) - 0.2) < 1e-15)
  }

  /// Windows of 3 in trainings of 4: the step left over moves v too.
  @Test func sobaWithStepsLeftOver() throws {
    var (w, v, l) = (0.1, 0.0, Self.start)
    var expected: [Double] = []
    for t in 0..<24 {
      let g = 0.2 * w + Self.cross(v, l, t)
      let (dw, dv) = (Self.slope(w, l, t), Self.a(t) * v + Self.outerSlope(w, l, t))
      w -= Self.rate * dw
      v -= 0.4 * dv
      guard t % 4 == 2 else { continue }
      l -= Self.outerRate * g
      expected.append(l)
    }
    let schedule = TrainingSchedule.online(every: 3, start: .reptile(rate: 1))
    let seen = try path(by: .soba(rate: 0.4), updates: 6, training: schedule)
    #expect(deviation(seen.hyper, expected) < 1e-13)
  }

  /// A training that starts at s_0 again starts with v = 0.
  @Test func systemStartsAnewWithTheWeights() throws {
    var (w, v, l) = (0.1, 0.0, Self.start)
    var expected: [Double] = []
    for t in 0..<10 {
      if t % 4 == 0 { (w, v) = (0.1, 0) }
      let g = 0.2 * w + Self.cross(v, l, t)
      let (dw, dv) = (Self.slope(w, l, t), Self.a(t) * v + Self.outerSlope(w, l, t))
      w -= Self.rate * dw
      v -= 0.4 * dv
      l -= Self.outerRate * g
      expected.append(l)
    }
    let seen = try path(by: .soba(rate: 0.4), updates: 10, training: .online(every: 1))
    #expect(deviation(seen.hyper, expected) < 1e-13)
  }

  /// At fixed lambda: T joint steps, then the direction at (s_T, v_T) on the last data.
  @Test func sobaAlone() throws {
    var (w, v) = (0.1, 0.0)
    let l = Self.start
    for t in 0..<7 {
      let (dw, dv) = (Self.slope(w, l, t), Self.a(t) * v + Self.outerSlope(w, l, t))
      w -= Self.rate * dw
      v -= 0.4 * dv
    }
    let result = try Self.problem(steps: 7).hypergradient(at: number(l), by: .soba(rate: 0.4))
    #expect(abs(try result.gradient.item() - (0.2 * w + Self.cross(v, l, 6))) < 1e-13)
    #expect(abs(try result.direct.item() - 0.2 * w) < 1e-13)
    #expect(abs(result.loss - Self.loss(w, l, 6)) < 1e-13)
    #expect(result.cost.products == 8 && result.cost.gradients == 16 && result.cost.steps == 7)
    // An update on the schedule of whole trainings is along it.
    let seen = try path(by: .soba(rate: 0.4), updates: 1, steps: 7, training: .restarted)
    let moved = l - Self.outerRate * (try result.gradient.item())
    #expect(abs(seen.hyper[0] - moved) < 1e-14)
  }

  /// Memory does not grow with the steps. In float64, with P = 3 and Q = 2: two states, an adjoint,
  /// two v, and directions of 2 P + 2 Q; tables of 2 P + Q for 6 batches and P + Q for 3, with three rows
  /// more each.
  @Test func memory() throws {
    let quadratic = QuadraticBilevel()
    for steps in [5, 60] {
      func bytes(_ estimator: Estimator) throws -> Int {
        try quadratic.stochastic(steps: steps, rate: 0.1, seed: 1)
          .hypergradient(at: vector([0.1, 0.2]), by: estimator).cost.stateBytes
      }
      let joint = 8 * (2 * 3 + 3 + 2 * 3 + 2 * 3 + 2 * 2)
      #expect(try bytes(.soba(rate: 0.1)) == joint)
      #expect(
        try bytes(.saba(rate: 0.1, batches: 6, validation: 3))
          == joint + 8 * (9 * (2 * 3 + 2) + 6 * (3 + 2)))
      #expect(try bytes(.amigo(rate: 0.1)) == 8 * (2 * 3 + 3 + 2 * 3))
      #expect(try bytes(.penalty(multiplier: 3)) == 8 * (4 * 3 + 3 + 3))
    }
  }

  // MARK: - SABA

  /// Tables with means taken over all their entries each time.
  @Test func saba() throws {
    struct Table {
      var entries: [Int: Double] = [:]
      mutating func reduced(_ value: Double, _ term: Int) -> Double {
        defer { entries[term] = value }
        guard let old = entries[term] else { return value }
        return value - old + entries.values.reduce(0, +) / Double(entries.count)
      }
    }
    var (w, v, l) = (0.1, 0.0, Self.start)
    var tables = [Table](repeating: Table(), count: 5)
    var expected: [Double] = []
    // Long enough for the means to be taken afresh.
    for t in 0..<160 {
      let dw = tables[0].reduced(Self.slope(w, l, t), t % 3)
      let hv = tables[1].reduced(Self.a(t) * v, t % 3)
      let nv = tables[2].reduced(Self.cross(v, l, t), t % 3)
      let b = tables[3].reduced(Self.outerSlope(w, l, t), t % 2)
      let g = tables[4].reduced(0.2 * w, t % 2) + nv
      w -= Self.rate * dw
      v -= 0.4 * (hv + b)
      l -= 0.02 * g
      expected.append(l)
    }
    let seen = try Self.problem(steps: 5).path(
      from: number(Self.start), by: .saba(rate: 0.4, batches: 3, validation: 2), updates: 160,
      with: OuterLoop(.sgd(rate: 0.02))
    ) { progress in
      #expect(progress.cost.products == 1 && progress.cost.gradients == 2)
      return try progress.hyper.item()
    }
    #expect(deviation(seen, expected) < 1e-12)
  }

  // MARK: - AmIGO and stocBiO

  /// Linear steps at the new weights, on the batches that follow; v kept or started anew.
  @Test(arguments: [true, false]) func alternating(carries: Bool) throws {
    var (w, v, l) = (0.1, 0.0, Self.start)
    var expected: (hyper: [Double], losses: [Double]) = ([], [])
    var moves = 0
    for update in 0..<9 {
      let first = 2 * update
      for t in first..<(first + 2) { w -= Self.rate * Self.slope(w, l, t) }
      if !carries { v = 0 }
      let b = Self.outerSlope(w, l, first + 1)
      for n in 0..<3 {
        moves += 1
        v -= 0.5 / Double(moves).squareRoot() * (Self.a(first + 2 + n) * v + b)
      }
      expected.losses.append(Self.loss(w, l, first + 1))
      l -= Self.outerRate * (0.2 * w + Self.cross(v, l, first + 2 + 3))
      expected.hyper.append(l)
    }
    let rate = StepSize.decaying(0.5)
    let seen = try path(
      by: carries
        ? .amigo(rate: rate, every: 2, linearSteps: 3)
        : .stocBiO(rate: rate, every: 2, linearSteps: 3), updates: 9)
    #expect(deviation(seen.hyper, expected.hyper) < 1e-13)
    #expect(deviation(seen.losses, expected.losses) < 1e-13)
    #expect(
      seen.costs.allSatisfy { $0.steps == 2 && $0.products == 4 && $0.gradients == 0 })
  }

  /// On its own, the linear steps see the training's data again: never beyond them.
  @Test func alternatingAlone() throws {
    var (w, v) = (0.1, 0.0)
    let l = Self.start
    for t in 0..<4 { w -= Self.rate * Self.slope(w, l, t) }
    for n in 0..<6 { v -= 0.5 * (Self.a(n % 4) * v + Self.outerSlope(w, l, 3)) }
    for estimator in [
      Estimator.amigo(rate: 0.5, linearSteps: 6), .stocBiO(rate: 0.5, linearSteps: 6),
    ] {
      let result = try Self.problem(steps: 4).hypergradient(at: number(l), by: estimator)
      #expect(abs(try result.gradient.item() - (0.2 * w + Self.cross(v, l, 6 % 4))) < 1e-13)
    }
  }

  // MARK: - Penalty

  /// y along grad L + grad E / m on the same batches as z, with m growing by update; in trainings of
  /// 5 steps y takes the step left over too.
  @Test(arguments: [4, 5]) func penalty(steps: Int) throws {
    var (y, z, l) = (0.1, 0.1, Self.start)
    var expected: (hyper: [Double], losses: [Double], weights: [Double]) = ([], [], [])
    var first = 0
    for update in 0..<9 {
      let m = 2 + 0.5 * Double(update)
      // An update after each two steps; the fifth of a training, if any, before the next two.
      let start = first
      if steps == 5, update > 0, update % 2 == 0 { first += 1 }
      for t in start..<(first + 2) {
        y -= Self.rate * (Self.slope(y, l, t) + Self.outerSlope(y, l, t) / m)
        z -= Self.rate * Self.slope(z, l, t)
      }
      // grad_lambda L = -2 b l w
      let difference = -2 * Self.b(first + 2) * l * (y - z)
      expected.losses.append(Self.loss(z, l, first + 1))
      expected.weights.append(z)
      l -= Self.outerRate * (0.2 * y + m * difference)
      expected.hyper.append(l)
      first += 2
    }
    let seen = try path(
      by: .penalty(multiplier: 2, growth: 0.5, every: 2), updates: 9, steps: steps)
    #expect(deviation(seen.hyper, expected.hyper) < 1e-13)
    #expect(deviation(seen.losses, expected.losses) < 1e-13)
    #expect(deviation(seen.weights, expected.weights) < 1e-13)
    #expect(
      seen.costs.allSatisfy { $0.steps == 2 && $0.products == 0 && $0.gradients == 7 })
  }

  /// y's buffers start anew where those of z do, and y starts at z where z starts at s_0.
  @Test(arguments: [true, false]) func penaltyWithMomentum(goesOn: Bool) throws {
    let problem = try Self.problem(steps: 3, .momentum(rate: 0.2, momentum: 0.6))
    var (y, z, l) = (0.1, 0.1, Self.start)
    var (my, mz) = (0.0, 0.0)
    var expected: [Double] = []
    for t in 0..<9 {
      if t % 3 == 0 {
        (my, mz) = (0, 0)
        if !goesOn { (y, z) = (0.1, 0.1) }
      }
      my = 0.6 * my + Self.slope(y, l, t) + Self.outerSlope(y, l, t) / 5
      mz = 0.6 * mz + Self.slope(z, l, t)
      y -= 0.2 * my
      z -= 0.2 * mz
      l -= Self.outerRate * (0.2 * y + 5 * -2 * Self.b(t + 1) * l * (y - z))
      expected.append(l)
    }
    let seen = try problem.path(
      from: number(Self.start), by: .penalty(multiplier: 5, every: 1), updates: 9,
      with: OuterLoop(.sgd(rate: Optimizer.Rate(Self.outerRate))),
      training: goesOn ? nil : .online(every: 1)
    ) { try $0.hyper.item() }
    #expect(deviation(seen, expected) < 1e-13)
  }
}
