import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import Testing

/// What is held in memory, against the published law and revolve's counts.
@Suite struct MemoryTests {
  /// A model of the memory table of Franceschi et al. 2017: weights, and logits of images (n, 784).
  struct Model: Sendable, CustomTestStringConvertible {
    var name: String
    var count: Int
    /// Hyperparameters: an L1 and an L2 factor for each layer, rate and momentum.
    var hyperCount: Int
    var weights: [Tensor]
    var logits: @Sendable ([Tensor], Tensor) -> Tensor

    var testDescription: String { name }
  }

  static func draw(_ shape: [Int], _ name: String) -> Tensor {
    0.1 * RandomKey(seed: 2, purpose: name).normal(shape)
  }

  private static func dense(_ name: String, _ sizes: [Int], count: Int) -> Model {
    let weights = zip(sizes, sizes.dropFirst()).flatMap { inputs, outputs in
      [draw([inputs, outputs], "\(inputs)"), Tensor.zeros([outputs])]
    }
    return Model(name: name, count: count, hyperCount: 2 * (sizes.count - 1) + 2, weights: weights)
    {
      w, x in
      var y = x
      for layer in stride(from: 0, to: w.count, by: 2) {
        y = matmul(y, w[layer]) + w[layer + 1]
        if layer < w.count - 2 { y = tanh(y) }
      }
      return y
    }
  }

  /// 5x5 filters (a, b of them) with pooling, and dense layers of the given width and 10.
  private static func convolutional(
    _ name: String, filters: (Int, Int), width: Int, count: Int
  ) -> Model {
    let (a, b) = filters
    let weights = [
      draw([5, 5, 1, a], "k1"), Tensor.zeros([a]), draw([5, 5, a, b], "k2"), Tensor.zeros([b]),
      draw([49 * b, width], "w3"), Tensor.zeros([width]), draw([width, 10], "w4"),
      Tensor.zeros([10]),
    ]
    return Model(name: name, count: count, hyperCount: 10, weights: weights) { w, x in
      var z = x.reshaped([-1, 28, 28, 1])
      for layer in [0, 2] {
        z = relu(convolution(z, w[layer], padding: .same) + w[layer + 1])
        z = maxPool(z, window: [2, 2])
      }
      let hidden = relu(matmul(z.reshaped([x.shape[0], -1]), w[4]) + w[5])
      return matmul(hidden, w[6]) + w[7]
    }
  }

  static let models = [
    dense("logistic regression", [784, 10], count: 7_850),
    dense("MLP", [784, 50, 50, 50, 50, 10], count: 47_410),
    convolutional("CNN", filters: (8, 16), width: 392, count: 315_074),
    dense("small MLP", [784, 12, 7, 10], count: 9_591),
    convolutional("small CNN", filters: (2, 3), width: 11, count: 1_953),
  ]

  private static func problem(
    _ model: Model, steps: Int
  ) throws -> BilevelProblem<TrainingState<[Tensor]>, Tensor, Tensor> {
    let x = RandomKey(seed: 4, purpose: "images").uniform([12, 784])
    let y = Tensor((0..<12).map { Int32($0 * 7 % 10) })
    let layers = model.weights.count / 2
    return BilevelProblem(
      steps: steps, batches: try .shuffled(count: 12, size: 4, seed: 1),
      weights: { _ in model.weights },
      optimizer: { h, _ in
        .momentum(rate: .init(h.example(2 * layers)), momentum: .init(h.example(2 * layers + 1)))
      },
      loss: { w, h, rows in
        var loss = Loss.crossEntropy(
          model.logits(w, x.gathered(at: rows)), labels: y.gathered(at: rows))
        for layer in 0..<layers {
          loss += h.example(layer) * abs(w[2 * layer]).sum()
          loss += h.example(layers + layer) * w[2 * layer].square().sum()
        }
        return loss
      },
      outer: { w, _ in Loss.crossEntropy(model.logits(w, x), labels: y) })
  }

  /// Forward mode holds (Q + 1) states and reverse mode T + 2, each 2P numbers of 4 bytes.
  @Test(arguments: models) func publishedLaw(_ model: Model) throws {
    let steps = 3
    #expect(model.weights.reduce(0) { $0 + $1.count } == model.count)
    let problem = try Self.problem(model, steps: steps)
    let factors = [Float](repeating: 1e-4, count: model.hyperCount - 2)
    let hyper = Tensor(factors + [0.01, 0.5])
    let forward = try problem.hypergradient(at: hyper, by: .forward)
    let reverse = try problem.hypergradient(at: hyper, by: .reverse)
    #expect(forward.cost.stateBytes == (model.hyperCount + 1) * 2 * model.count * 4)
    #expect(reverse.cost.stateBytes == (steps + 2) * 2 * model.count * 4)
    // Published agreement: 1e-6 for the dense models, 4e-4 for the CNN.
    let (a, b) = (try forward.gradient.flat, try reverse.gradient.flat)
    for (x, y) in zip(a, b) {
      #expect(Swift.abs(x - y) <= 2e-5 * Swift.abs(y) + 1e-7, "\(x) \(y)")
    }
  }

  /// State tensors that no product reads are not kept: with fixed momentum and decays alone the
  /// law is an upper bound.
  @Test func buffersNobodyReads() throws {
    let steps = 9
    let start = RandomKey(seed: 3, purpose: "start").normal([50], dtype: .float64)
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: steps, weights: { _ in start }, optimizer: { _, _ in .momentum(rate: 0.1) },
      loss: { w, h in 0.5 * (h * w.square()).sum() + 0.25 * w.square().square().sum() },
      outer: { w, _ in w.square().sum() })
    let reverse = try problem.hypergradient(at: number(0.3), by: .reverse)
    let bytes = 8 * 50
    // All weights, the last two momentum buffers, and an adjoint of both.
    #expect(reverse.cost.stateBytes == (steps + 1) * bytes + 2 * bytes + 2 * bytes)
    #expect(reverse.cost.stateBytes < (steps + 2) * 2 * bytes)
    let forward = try problem.hypergradient(at: number(0.3), by: .forward)
    #expect(abs(try forward.gradient.item() / reverse.gradient.item() - 1) < 1e-13)
    #expect(
      try deviation(reverse.state.flat, forward.state.flat) < 1e-13,
      "the buffers at the end must be those of training")
  }

  /// t(T, c) advances, c + 2 states at most, and the plan within the budget, for budgets of exactly
  /// c states.
  @Test(arguments: [
    (10, 3, 15), (10, 1, 45), (10, 9, 9), (40, 4, 104), (100, 5, 316), (100, 20, 178),
  ])
  func revolve(steps: Int, checkpoints: Int, advances: Int) throws {
    let size = 64
    let start = RandomKey(seed: 3, purpose: "start").normal([size], dtype: .float64)
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: steps, weights: { _ in start },
      optimizer: { h, _ in .momentum(rate: .init(h), momentum: 0.5) },
      loss: { w, _ in 0.25 * w.square().square().sum() }, outer: { w, _ in w.square().sum() })
    let exact = try problem.hypergradient(at: number(0.05), by: .reverse)
    let least = try #require(Self.least(problem, at: number(0.05)))
    let state = 2 * 8 * size
    for extra in [0, state - 1] {
      let budget = least + (checkpoints - 1) * state + extra
      let within = try problem.hypergradient(at: number(0.05), by: .reverse(memory: budget))
      #expect(within.cost.advances == advances)
      #expect(try Revolve.advances(steps: steps, checkpoints: checkpoints) == advances)
      #expect(within.cost.recomputedSteps == advances - steps + 1)
      #expect(within.cost.liveStates <= checkpoints + 2)
      #expect(within.cost.plannedBytes <= budget)
      #expect(within.cost.plannedBytes > budget - state - 64)
      #expect(try within.gradient.flat == exact.gradient.flat)
      #expect(try within.state.flat == exact.state.flat)
    }
  }

  /// Products that are kept, or computed again for the adjoint, are part of the plan.
  @Test func keptProductsCount() throws {
    let (rows, inputs, outputs, steps) = (64, 512, 20, 6)
    let x = Self.draw([rows, inputs], "kept")
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: steps, weights: { _ in Self.draw([inputs, outputs], "kept w") },
      optimizer: { h, _ in .sgd(rate: .init(h)) },
      loss: { w, _ in tanh(matmul(x, w)).square().mean() }, outer: { w, _ in w.square().sum() })
    let product = 4 * rows * outputs
    let exact = try problem.hypergradient(at: Tensor(0.1), by: .reverse)
    #expect(exact.cost.keptBytes == steps * product)
    let least = try #require(Self.least(problem, at: Tensor(0.1)))
    for slots in 1..<steps {
      let budget = least + (slots - 1) * 4 * inputs * outputs
      let within = try problem.hypergradient(at: Tensor(0.1), by: .reverse(memory: budget))
      #expect(within.cost.keptBytes == product)
      #expect(within.cost.plannedBytes <= budget)
      #expect(try within.gradient.flat == exact.gradient.flat)
    }
    let last = try problem.hypergradient(at: Tensor(0.1), by: .truncated(2))
    #expect(last.cost.keptBytes == product)
  }

  /// A problem that is dropped gives back its programs, its trajectory and what its closures hold.
  @Test func problemsAreFreed() throws {
    final class Witness: Sendable {
      let start = number(1)
    }
    func use() throws -> () -> Bool {
      let witness = Witness()
      let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
        steps: 3, weights: { _ in witness.start }, optimizer: { h, _ in .sgd(rate: .init(h)) },
        loss: { w, _ in w.square() }, outer: { w, _ in w * witness.start })
      let loop = OuterLoop<Tensor>(.sgd(rate: 0.1))
      for estimator in [Estimator.reverse, .forward, .reverse(memory: 1 << 20), .oneStep] {
        _ = try problem.hypergradient(at: number(0.1), by: estimator)
      }
      _ = try problem.minimize(from: number(0.1), by: .realTime(every: 1), updates: 2, with: loop)
      return { [weak witness] in witness == nil }
    }
    let isFreed = try use()
    #expect(isFreed())
  }

  /// The least budget, as named by the refusal.
  private static func least<State, Hyper, Batch>(
    _ problem: BilevelProblem<State, Hyper, Batch>, at hyper: Hyper
  ) -> Int? {
    message { try problem.hypergradient(at: hyper, by: .reverse(memory: 0)) }
      .split(separator: " ").compactMap { Int($0) }.last
  }

  /// The least budget can be asked for: with it there is an answer, with a byte less a refusal that
  /// names it and where it goes, at once or from `check`.
  @Test func leastMemory() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 20, weights: { _ in Tensor.zeros([400]) }, optimizer: { _, _ in .momentum(rate: 0.1) },
      loss: { w, h in (w - 1).square().sum() + exp(h) * w.square().sum() },
      outer: { w, _ in (w - 0.5).square().sum() })
    let least = try problem.leastMemory(at: Tensor(-2))
    #expect(least > 4 * 2 * 4 * 400)
    let answer = try problem.hypergradient(at: Tensor(-2), by: .reverse(memory: least))
    #expect(answer.cost.plannedBytes <= least && answer.cost.advances == 190)
    let exact = try problem.hypergradient(at: Tensor(-2), by: .reverse)
    #expect(try answer.gradient.doubles() == exact.gradient.doubles())
    try problem.check(.reverse(memory: least), at: Tensor(-2))
    for call in [
      { try problem.check(.reverse(memory: least - 1), at: Tensor(-2)) },
      { _ = try problem.hypergradient(at: Tensor(-2), by: .reverse(memory: least - 1)) },
    ] {
      expectError(
        "at least \(least) bytes", "one stored state takes 3200 bytes", "leastMemory(at:)",
        as: BilevelError.self, from: call)
    }
  }

  @Test(arguments: [Int.min, -1, 0, 1]) func absurdBudgets(budget: Int) throws {
    let problem = BilevelProblem<TrainingState<Tensor>, Tensor, NoTensors>(
      steps: 3, weights: { _ in number(1) }, optimizer: { h, _ in .sgd(rate: .init(h)) },
      loss: { w, _ in w.square() }, outer: { w, _ in w })
    #expect(throws: BilevelError.self) {
      try problem.hypergradient(at: number(0.1), by: .reverse(memory: budget))
    }
    let rich = try problem.hypergradient(at: number(0.1), by: .reverse(memory: .max))
    #expect(rich.cost.advances == 2)
  }
}
