import Foundation
import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Learned optimizers: what they see of a gradient, what they can be forced to do, and their
/// meta-gradients against differences and against an unrolled formula.
@Suite struct LearnedOptimizerTests {
  // MARK: - Preprocessing

  @Test func logAndSign() throws {
    func features(_ g: [Double], _ way: GradientPreprocessing = .logAndSign) throws -> [[Double]] {
      let flat = try way(vector(g)).flat
      return g.indices.map { Array(flat[(way.count * $0)..<(way.count * ($0 + 1))]) }
    }
    let edge = Foundation.exp(-5.0)
    #expect(try features([0]) == [[-1, 0]])
    // At the threshold, from both sides and with both signs.
    for (g, sign) in [(edge, 1.0), (-edge, -1)] {
      let at = try features([g, g * (1 - 1e-9), g * (1 + 1e-9)])
      for row in at {
        #expect(abs(row[0] + 1) < 1e-9 && abs(row[1] - sign) < 1e-8)
      }
    }
    // Above: log |g| / k and the sign; below: -1 and g e^k.
    let rows = try features([1, -Foundation.exp(2), Foundation.exp(10), edge / 4, -edge / 2])
    let expected = [[0, 1], [0.4, -1], [2, 1], [-1, 0.25], [-1, -0.5]]
    for (row, truth) in zip(rows, expected) { #expect(deviation(row, truth) < 1e-13) }
    // k = 10, the paper's.
    let ten = try features([Foundation.exp(-10), Foundation.exp(-5)], .logarithm(k: 10))
    #expect(deviation(ten.flatMap { $0 }, [-1, 1, -0.5, 1]) < 1e-10)
    #expect(try features([3, -4], .identity) == [[3], [-4]])
    #expect(GradientPreprocessing.logarithm(k: 0)(vector([1])).error != nil)
    let single = GradientPreprocessing.logAndSign(Tensor([Float(0), 1, -1e-30]))
    #expect(single.dtype == .float32 && single.shape == [3, 2])
    #expect(try single.scalars(Float.self).allSatisfy(\.isFinite))
    // Its derivative is finite everywhere, at 0 too.
    let slope = try gradient(at: vector([0, 1e-300, edge / 2, 2])) {
      GradientPreprocessing.logAndSign($0).sum()
    }
    #expect(deviation(try slope.flat, [1 / edge, 1 / edge, 1 / edge, 0.1]) < 1e-9)
  }

  // MARK: - What it can be forced to do

  /// `-rate g` by a linear map: the control.
  private struct Linear: LearnedOptimizer {
    var rate: Tensor
    func memory(coordinates: Int) -> Tensor { Tensor.zeros([coordinates], dtype: .float64) }
    /// Remembers the last gradient.
    func update(_ gradient: Tensor, _ memory: Tensor) -> (update: Tensor, memory: Tensor) {
      (-rate * gradient, gradient)
    }
    mutating func visit(
      _ path: String, _ body: (String, inout Tensor) throws -> Void
    ) rethrows { try rate.visit(path + ".rate", body) }
  }

  private static let start = [
    vector([0.8, -0.5]), Tensor([0.3, -0.2, 0.6], shape: [3, 1], dtype: .float64),
  ]

  /// Not quadratic, weights in two tensors.
  private static func loss(_ w: [Tensor]) -> Tensor {
    let u = w[1].reshaped([3])
    let cross = (u * u * w[0].example(0)).sum()
    return (w[0].square() * vector([1, 2])).sum() + exp(w[0].example(1)) + cross + u.square().sum()
  }

  private static func problem<Learner: LearnedOptimizer>(
    _: Learner.Type, steps: Int = 6, stopsGradients: Bool = true
  ) throws -> BilevelProblem<
    LearnedTrainingState<[Tensor], Learner.Memory>, Learner, NoTensors
  > {
    try BilevelProblem(
      steps: steps, weights: start, learner: Learner.self, stopsGradients: stopsGradients,
      loss: { loss($0) })
  }

  private static func descent(_ steps: Int) throws -> (loss: Double, state: [Tensor]) {
    let plain = BilevelProblem<TrainingState<[Tensor]>, Tensor, NoTensors>(
      steps: steps, weights: { _ in start }, optimizer: { rate, _ in .sgd(rate: .init(rate)) },
      loss: { w, _ in loss(w) }, outer: { w, _ in loss(w) })
    let result = try plain.solve(at: number(0.07))
    return (result.loss, result.state.weights)
  }

  /// Gates wide open, the candidates in their linear range: h = tanh(d tanh(d g)) = d^2 g up to
  /// relative d^2, so the output weight -eta / (scale d^2) makes SGD.
  private static func forced(_ d: Double) throws -> CoordinatewiseLSTM {
    var lstm = try CoordinatewiseLSTM(
      units: [1, 1], preprocessing: .identity, scale: 0.01, key: RandomKey(seed: 0),
      dtype: .float64)
    for layer in 0..<2 {
      // Gates input, forget, candidate, output.
      lstm.cells[layer].input = Tensor(
        [0, 0, layer == 0 ? d : 1, 0], shape: [1, 4], dtype: .float64)
      lstm.cells[layer].recurrent = Tensor.zeros([1, 4], dtype: .float64)
      lstm.cells[layer].bias = vector([60, -60, 0, 60])
    }
    lstm.output = Dense(
      weights: Tensor([-0.07 / (0.01 * d)], shape: [1, 1], dtype: .float64), bias: vector([0]))
    return lstm
  }

  @Test func reproducesGradientDescent() throws {
    for steps in [1, 2, 6] {
      let (loss, weights) = try Self.descent(steps)
      let control = try Self.problem(Linear.self, steps: steps)
        .solve(at: Linear(rate: number(0.07)))
      #expect(deviation(try control.state.weights.flat, try weights.flat) < 1e-14)
      let lstm = try Self.problem(CoordinatewiseLSTM.self, steps: steps)
        .solve(at: Self.forced(1e-6))
      #expect(deviation(try lstm.state.weights.flat, try weights.flat) < 1e-9)
      #expect(lstm.loss > loss, "it counts the losses before the last too")
    }
  }

  /// E is the sum of the losses at x_0 ... x_T, all of them.
  @Test func lossIsTheSum() throws {
    let problem = try Self.problem(Linear.self, steps: 3)
    let result = try problem.solve(at: Linear(rate: number(0.07)))
    let losses = try [try Self.loss(Self.start).item()] + (1...3).map { try Self.descent($0).loss }
    #expect(abs(result.loss - losses.reduce(0, +)) < 1e-13)
    #expect(abs(try result.state.lossSum.item() - losses.dropLast().reduce(0, +)) < 1e-13)
  }

  // MARK: - Meta-gradients

  private static func small(_ seed: UInt64 = 3) throws -> CoordinatewiseLSTM {
    try CoordinatewiseLSTM(
      units: [3, 2], scale: 0.3, key: RandomKey(seed: seed), dtype: .float64)
  }

  /// With second derivatives: central differences of training along random directions, one for each
  /// tensor of the optimizer. The smallest |g| stays far from the kink of the preprocessing.
  @Test func wholeGradientIsDifferences() throws {
    let problem = try Self.problem(CoordinatewiseLSTM.self, stopsGradients: false)
    let lstm = try Self.small()
    let reverse = try problem.hypergradient(at: lstm)
    let forward = try problem.hypergradient(at: lstm, by: .forward)
    #expect(deviation(try forward.gradient.flat, try reverse.gradient.flat) < 1e-11)
    let slopes = reverse.gradient.leaves
    for (index, tensor) in lstm.leaves.enumerated() {
      let direction = RandomKey(seed: 4, purpose: "direction", index: UInt64(index))
        .normal(tensor.shape, dtype: .float64)
      let estimate = try HypergradientLaws.slope(start: 0.004) { h in
        var place = -1
        let moved = lstm.mapLeaves { leaf in
          place += 1
          return place == index ? leaf + h * direction : leaf
        }
        return try problem.solve(at: moved).loss
      }
      let expected = try (slopes[index] * direction).sum().item()
      #expect(abs(estimate - expected) < 1e-8 * max(1, abs(expected)), "tensor \(index)")
    }
    // Without them it is another number.
    let stopped = try Self.problem(CoordinatewiseLSTM.self).hypergradient(at: lstm)
    #expect(stopped.loss == reverse.loss)
    #expect(deviation(try stopped.gradient.flat, try reverse.gradient.flat) > 1e-3)
  }

  /// Without second derivatives: gradients recorded along the training are constants of one formula
  /// for all steps, which is differentiated as it stands.
  @Test func stoppedGradientHoldsGradientsConstant() throws {
    let lstm = try Self.small()
    let result = try Self.problem(CoordinatewiseLSTM.self).hypergradient(at: lstm)
    let (value, slope) = try Self.unrolled(
      lstm, steps: 6, from: Self.start, lstm.memory(coordinates: 5))
    #expect(abs(value - result.loss) < 1e-13)
    #expect(deviation(try result.gradient.flat, try slope.flat) < 1e-12)
    let forward = try Self.problem(CoordinatewiseLSTM.self).hypergradient(at: lstm, by: .forward)
    #expect(deviation(try forward.gradient.flat, try slope.flat) < 1e-12)
    let truncated = try Self.problem(CoordinatewiseLSTM.self).hypergradient(
      at: lstm, by: .truncated(6))
    #expect(try truncated.gradient.flat == result.gradient.flat)
  }

  private static func split(_ vector: Tensor) -> [Tensor] {
    [vector.sliced(axis: 0, 0..<2), vector.sliced(axis: 0, 2..<5).reshaped([3, 1])]
  }

  /// The sum of losses over some steps and its derivative, with each gradient computed beforehand.
  private static func unrolled(
    _ lstm: CoordinatewiseLSTM, steps: Int, from weights: [Tensor], _ memory: [LSTMCell.State]
  ) throws -> (Double, CoordinatewiseLSTM) {
    var x = concatenate([weights[0], weights[1].reshaped([3])])
    var state = memory
    var gradients: [Tensor] = []
    for _ in 0..<steps {
      let g = try gradient(at: x) { loss(split($0)) }
      gradients.append(g)
      let (update, next) = lstm.update(g, state)
      x = x + update
      state = next
    }
    let constants = gradients
    let (value, slope) = try valueAndGradient(at: lstm) { lstm in
      var x = concatenate([weights[0], weights[1].reshaped([3])])
      var state = memory
      var sum = loss(split(x))
      for g in constants {
        let (update, next) = lstm.update(g, state)
        x = x + update
        state = next
        sum = sum + loss(split(x))
      }
      return sum
    }
    return (try value.item(), slope)
  }

  // MARK: - Truncation

  /// Windows of 3 steps: weights and memory are carried on, so that with an outer rate of 0 training
  /// is bit by bit one long unroll; and nothing is differentiated through where windows meet.
  @Test func truncatedWindows() throws {
    let lstm = try Self.small()
    let long = try Self.problem(CoordinatewiseLSTM.self, steps: 12)
    let whole = try long.solve(at: lstm)
    let start = try long.dynamics.initial(lstm)
    var states = [start]
    var losses: [Double] = []
    // The outer loop gathers hypergradients as momentum: m_n is the sum of the first n.
    var sums: [[Double]] = [[Double](repeating: 0, count: lstm.elementCount)]
    let loop = OuterLoop<CoordinatewiseLSTM>(.momentum(rate: 0, momentum: 1))
    for count in 1...4 {
      let end = try long.minimize(
        from: lstm, updates: count, with: loop, training: .online(every: 3)
      ) { progress in
        if progress.update == count {
          states.append(progress.state)
          losses.append(progress.loss)
        }
        return true
      }
      sums.append(try end.training.slots[0].flat)
    }
    #expect(try states[4].flat == whole.state.flat)
    #expect(losses[3] == whole.loss)
    for window in 0..<4 {
      let found = zip(sums[window + 1], sums[window]).map { $0 - $1 }
      let (_, slope) = try Self.unrolled(
        lstm, steps: 3, from: states[window].weights, states[window].memory)
      #expect(deviation(found, try slope.flat) < 1e-12, "window \(window)")
    }
    // The whole unroll sees more than its windows.
    #expect(deviation(sums[4], try long.hypergradient(at: lstm).gradient.flat) > 1e-4)
  }

  // MARK: - Refusals

  @Test func refusals() throws {
    #expect(throws: BilevelError.self) {
      try CoordinatewiseLSTM(units: [], key: RandomKey(seed: 0))
    }
    #expect(throws: BilevelError.self) {
      try CoordinatewiseLSTM(units: [20, 0], key: RandomKey(seed: 0))
    }
    // Types of weights and optimizer that do not fit.
    let single = try CoordinatewiseLSTM(key: RandomKey(seed: 0))
    #expect(single.elementCount == 5141)
    #expect(throws: TensorError.self) {
      try Self.problem(CoordinatewiseLSTM.self).hypergradient(at: single)
    }
    // An optimizer is no objective with an inner optimizer: differences need those apart.
    #expect(throws: BilevelError.self) {
      try Self.problem(CoordinatewiseLSTM.self).hypergradient(
        at: Self.small(), by: .finiteDifference())
    }
  }
}
