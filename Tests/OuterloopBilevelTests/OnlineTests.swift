import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Synchronization
import Testing

/// Updates of lambda while the model trains: states, buffers, step counts and data are carried as
/// plain recursions say.
@Suite struct OnlineTests {
  typealias Problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>

  /// Heavy ball with an update after every step, by hand: m' = mu m + g, w' = w - eta m',
  /// g = w - l; the effect of l through one step is eta grad E.
  @Test func momentumIsCarried() throws {
    var (w, m, l) = (2.0, 0.0, 0.5)
    var expected: [Double] = []
    for step in 0..<12 {
      // A new training every 5 steps.
      if step % 5 == 0 { (w, m) = (2, 0) }
      m = 0.8 * m + (w - l)
      w -= 0.3 * m
      l -= 0.1 * 0.3 * (w - 3)
      expected.append(l)
    }
    for estimator in [Estimator.oneStep, .greedy(gamma: 0.3), .truncated(1), .finiteDifference()] {
      let seen = try Toys.spring(steps: 5).path(
        from: number(0.5), by: estimator, updates: 12, with: OuterLoop(.sgd(rate: 0.1)),
        training: .online(every: 1)
      ) { try $0.hyper.item() }
      #expect(deviation(seen, expected) < 1e-10, "\(estimator)")
    }
  }

  /// Adam's step count and buffers go on from window to window, and start anew with each training.
  @Test func adamIsCarried() throws {
    func problem(steps: Int) -> Problem {
      Problem(
        steps: steps, weights: { _ in vector([1, -2]) },
        optimizer: { _, _ in .adam(rate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 0.01) },
        loss: { w, l in (0.5 * w.square() * l).sum() }, outer: { w, _ in w.sum() })
    }
    let states = try problem(steps: 7).path(
      from: vector([1, 2]), by: .reverse, updates: 6, with: OuterLoop(.sgd(rate: 0)),
      training: .online(every: 2)
    ) { $0.state }
    // Windows end at steps 2, 4, 6, then 2, 4, 6 of the next training.
    for index in 0..<3 {
      #expect(try states[index].flat == states[index + 3].flat)
    }
    for steps in [6, 7] {
      let end = try problem(steps: steps).solve(at: vector([1, 2])).state
      #expect(try (states[2].flat == end.flat) == (steps == 6))
    }
  }

  /// Reptile moves the start part of the way and leaves buffers at zero.
  @Test(arguments: [1.0, 0.25]) func reptile(rate: Double) throws {
    var (phi, l) = (2.0, 0.5)
    var expected: [Double] = []
    for _ in 0..<5 {
      var (w, m) = (phi, 0.0)
      // Updates after steps 3 only; the fourth step is trained without one, with the new l.
      for step in 1...4 {
        m = 0.8 * m + (w - l)
        w -= 0.3 * m
        if step == 3 {
          l -= 0.1 * 0.3 * (w - 3)
          expected.append(w)
        }
      }
      phi -= rate * (phi - w)
    }
    let seen = try Toys.spring(steps: 4).path(
      from: number(0.5), by: .oneStep, updates: 5, with: OuterLoop(.sgd(rate: 0.1)),
      training: .online(every: 3, start: .reptile(rate: rate))
    ) { try $0.state.weights.item() }
    #expect(deviation(seen, expected) < 1e-13)
  }

  /// Every step and its validation see the next batch, through trainings and in leftover steps.
  @Test func dataGoOn() throws {
    // Batch t is the number t: weights sum what they saw, E multiplies what it sees.
    let problem = try BilevelProblem<TrainingState<Tensor>, Tensor, Tensor>(
      steps: 5, batches: Batches { number(Double($0)) },
      validation: Batches { number(Double(100 + $0)) },
      weights: { _ in number(0) }, optimizer: { _, _ in .sgd(rate: 1) },
      loss: { w, _, batch in -(w * batch) }, outer: { w, l, batch in w * batch + 0 * l })
    let losses = try problem.path(
      from: number(1), by: .oneStep, updates: 4, with: OuterLoop(.sgd(rate: 1)),
      training: .online(every: 2), \.loss)
    // Sums 0+1, 0+1+2+3 of the first training; 5+6, 5+6+7+8 of the second.
    let expected: [Double] = [1 * 101, 6 * 103, 11 * 106, 26 * 108]
    #expect(losses == expected)
    // Fresh models see the same training data and other validation data.
    let restarted = try problem.path(
      from: number(1), by: .greedy(gamma: 0.5), updates: 2, with: OuterLoop(.sgd(rate: 1)), \.loss)
    #expect(restarted == [10 * 104, 10 * 109])
    #expect(try problem.hypergradient(at: number(1), by: .reverse).loss == 10 * 104)
  }

  @Test func schedulesThatCannotBe() throws {
    let problem = Problem(
      steps: 5, weights: { h in h * h }, optimizer: { _, _ in .sgd(rate: 0.1) },
      loss: { w, _ in w.square() }, outer: { w, h in w.square() + h })
    func update(_ schedule: TrainingSchedule, _ estimator: Estimator) throws {
      _ = try problem.minimize(
        from: number(1), by: estimator, updates: 1, with: OuterLoop(.sgd(rate: 0.1)),
        training: schedule)
    }
    for (schedule, estimator, text) in [
      (.online(every: 0), .reverse, "every 0 steps"), (.online(every: 6), .reverse, "use 1...5"),
      (.online(every: 2), .reverse, "the initial state depends on lambda"),
      (.online(every: 2), .forward, "realTime(every: 2)"),
      (.online(every: 5, start: .reptile(rate: 2)), .reverse, "Reptile rate"),
      (.online(every: 5, start: .reptile(rate: 1)), .reverse, "carried into it"),
    ] as [(TrainingSchedule, Estimator, String)] {
      expectError(text) { try update(schedule, estimator) }
    }
    try update(.online(every: 2), .realTime(every: 2))
    try update(.online(every: 5), .reverse)
  }
}
