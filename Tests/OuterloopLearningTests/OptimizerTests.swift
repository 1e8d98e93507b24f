import OuterloopAutodiff
import OuterloopLearning
import OuterloopNumerics
import OuterloopText
import Testing

/// Each optimizer against its textbook recursion written out in plain Swift. A new optimizer is a new
/// row.
@Suite struct OptimizerTests {
  /// One weight and its buffers, stepped by a gradient.
  struct Reference: Sendable, CustomTestStringConvertible {
    var name: String
    var optimizer: Optimizer
    /// (w, slots, g, t) -> updates both; t counts from 1.
    var step: @Sendable (inout Double, inout [Double], Double, Int) -> Void

    var testDescription: String { name }
  }

  static func adam(decay: Double) -> @Sendable (inout Double, inout [Double], Double, Int) -> Void {
    { w, slots, g, t in
      slots[0] = 0.85 * slots[0] + 0.15 * g
      slots[1] = 0.97 * slots[1] + 0.03 * g * g
      var (power1, power2) = (1.0, 1.0)
      for _ in 0..<t { (power1, power2) = (power1 * 0.85, power2 * 0.97) }
      let mean = slots[0] / (1 - power1)
      let root = (slots[1] / (1 - power2) + 0.01 * 0.01).squareRoot()
      // Decoupled decay acts on the weight before the update.
      w = w - 0.03 * decay * w - 0.03 * mean / root
    }
  }

  static let references: [Reference] = [
    Reference(name: "SGD", optimizer: .sgd(rate: 0.07)) { w, _, g, _ in w -= 0.07 * g },
    Reference(name: "momentum", optimizer: .momentum(rate: 0.07, momentum: 0.8)) { w, slots, g, _ in
      slots[0] = 0.8 * slots[0] + g
      w -= 0.07 * slots[0]
    },
    Reference(name: "Nesterov", optimizer: .nesterov(rate: 0.07, momentum: 0.8)) { w, slots, g, _ in
      slots[0] = 0.8 * slots[0] + g
      w -= 0.07 * (g + 0.8 * slots[0])
    },
    Reference(
      name: "Adam", optimizer: .adam(rate: 0.03, beta1: 0.85, beta2: 0.97, epsilon: 0.01),
      step: adam(decay: 0)),
    Reference(
      name: "AdamW",
      optimizer: .adamW(rate: 0.03, beta1: 0.85, beta2: 0.97, epsilon: 0.01, decay: 0.2),
      step: adam(decay: 0.2)),
    Reference(name: "RMSProp", optimizer: .rmsProp(rate: 0.02, decay: 0.93, epsilon: 0.01)) {
      w, slots, g, _ in
      slots[0] = 0.93 * slots[0] + 0.07 * g * g
      w -= 0.02 * g / (slots[0] + 0.01 * 0.01).squareRoot()
    },
  ]

  /// A gradient that changes with the step, of both signs, and zero now and then.
  static func slope(_ w: Double, _ t: Int) -> Double {
    t % 5 == 3 ? 0 : (t % 3 == 0 ? -0.4 : 1) * (w * w * w + 0.5 * w - 0.3)
  }

  @Test(arguments: references, [DType.float64, .float32])
  func twentySteps(_ reference: Reference, _ dtype: DType) throws {
    let starts = [[0.9, -1.3, 0.2], [2.1]]
    var weights = starts
    var slots = starts.map {
      $0.map { _ in [Double](repeating: 0, count: reference.optimizer.slotCount) }
    }
    var state = reference.optimizer.initialState(starts.map { Tensor($0).cast(to: dtype) })
    #expect(state.slots.count == reference.optimizer.slotCount)
    for t in 1...20 {
      // The gradient at the reference's weights, so that single precision does not drift.
      let gradient = weights.map { $0.map { Self.slope($0, t) } }
      for (i, row) in gradient.enumerated() {
        for (j, g) in row.enumerated() { reference.step(&weights[i][j], &slots[i][j], g, t) }
      }
      state = reference.optimizer.update(
        state, gradient: gradient.map { Tensor($0).cast(to: dtype) }, time: Time(step: t - 1))
      let tolerance = dtype == .float64 ? 2e-14 : 1e-5
      for i in weights.indices {
        #expect(state.weights[i].dtype == dtype)
        for (a, b) in zip(try state.weights[i].doubles(), weights[i]) {
          #expect(abs(a - b) <= tolerance * max(1, abs(b)), "step \(t): \(a) \(b)")
        }
        for slot in 0..<reference.optimizer.slotCount {
          for (a, b) in zip(try state.slots[slot][i].doubles(), slots[i].map { $0[slot] }) {
            #expect(abs(a - b) <= tolerance * max(1, abs(b)), "step \(t), slot \(slot): \(a) \(b)")
          }
        }
      }
    }
  }

  @Test func momentumIsKnown() {
    #expect(Optimizer.momentum(rate: 0.1).hasMomentum && Optimizer.nesterov(rate: 0.1).hasMomentum)
    #expect(!Optimizer.sgd(rate: 0.1).hasMomentum && !Optimizer.adam(rate: 0.1).hasMomentum)
  }

  // MARK: - Rates

  /// One step of gradient descent along g = w + 2.
  private func moved(_ rate: Optimizer.Rate, _ weights: [Tensor]) -> [Tensor] {
    let optimizer = Optimizer.sgd(rate: rate)
    return optimizer.update(
      optimizer.initialState(weights), gradient: weights.map { $0 + 2 }, time: Time(step: 0)
    ).weights
  }

  @Test func ratesOfEachTensor() throws {
    let weights = [Tensor([2.0, 4], dtype: .float64), Tensor([6.0], shape: [], dtype: .float64)]
    let rates = [Tensor(0.5, dtype: .float64), Tensor([0.25], dtype: .float64)]
    let each = moved(.each(rates), weights)
    #expect(try each[0].doubles() == [0, 1])
    #expect(try each[1].doubles() == [4])
    // One rate for each weight.
    let elementwise = moved(.init(Tensor([0.5, 2], dtype: .float64)), [weights[0]])
    #expect(try elementwise[0].doubles() == [0, -8])
    // Too few.
    let few = moved(.each(rates), weights + [weights[0]])
    #expect(few[2].error?.description.contains("2 rates") == true)
    #expect(few[0].error != nil)
  }

  /// A literal takes the weights' element type; a tensor that was given in another is an error.
  @Test func elementTypesOfRates() throws {
    let weights = [Tensor([2.0, 4], dtype: .float64), Tensor([Float(2), 4])]
    #expect(moved(0.5, weights).map(\.dtype) == [.float64, .float32])
    let mixed = moved(.init(Tensor([Float(0.5)])), weights)
    #expect(mixed[0].error != nil)
    #expect(mixed[1].error == nil)
  }

  // MARK: - Adam at zero

  /// The root of v + eps^2 is smooth: the first and second derivatives of an update at g = 0 are
  /// those of the formula.
  @Test func adamIsSmoothAtZero() throws {
    let optimizer = Optimizer.adam(rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 0.01)
    func step(_ g: Tensor) -> Tensor {
      optimizer.update(
        optimizer.initialState(Tensor([1.0, 2], dtype: .float64)), gradient: g, time: Time(step: 0)
      ).weights.sum()
    }
    // At t = 1 the update is -rate g / sqrt(g^2 + eps^2): slope -rate / eps, second derivative 0.
    let zero = Tensor([0.0, 0], dtype: .float64)
    let first = try gradient(at: zero, of: step)
    for value in try first.doubles() { #expect(abs(value + 0.1 / 0.01) < 1e-12) }
    let second = try gradient(at: zero) { try gradient(at: $0, of: step).sum() }
    #expect(try second.doubles() == [0, 0])
    let third = try gradient(at: zero) { x in
      try gradient(at: x) { try gradient(at: $0, of: step).sum() }.sum()
    }
    // d3/dg3 of -rate g / sqrt(g^2 + eps^2) at 0 is 3 rate / eps^3.
    for value in try third.doubles() { #expect(abs(value / (3 * 0.1 / 1e-6) - 1) < 1e-11) }
  }
}
