import OuterloopAutodiff
import OuterloopBilevel
import OuterloopLearning
import OuterloopNumerics
import OuterloopTesting
import Testing

/// Exact relations between hypergradients of different hyperparameters of one problem.
@Suite struct IdentityTests {
  static let pairs: [(TrialModel, TrialOptimizer)] =
    TrialModel.all().flatMap { model in TrialOptimizer.all.map { (model, $0) } }

  private static func hypergradient(
    _ hyper: TrialHyper, _ model: TrialModel, _ optimizer: TrialOptimizer,
    at point: [Tensor]? = nil
  ) throws -> [[Double]] {
    let problem = try hyper.problem(model, optimizer, steps: 6)
    let start = point ?? hyper.start(model, optimizer, steps: 6)
    return try problem.hypergradient(at: start).gradient.map { try $0.doubles() }
  }

  private static func close(_ a: Double, _ b: Double, scale: Double) -> Bool {
    abs(a - b) <= 1e-11 * max(scale, 1e-6)
  }

  /// Hypergradients of a rate for each step, and of a rate for each tensor, sum to that of one rate.
  @Test(arguments: pairs.indices) func ratesSum(row: Int) throws {
    let (model, optimizer) = Self.pairs[row]
    let rate = optimizer.numbers[0]
    let shared = try Self.hypergradient(.rate, model, optimizer)[0][0]
    let steps = try Self.hypergradient(
      .schedule, model, optimizer, at: [vector([Double](repeating: rate, count: 6))])[0]
    let tensors = try Self.hypergradient(
      .rateOfEach, model, optimizer, at: model.initial.map { _ in number(rate) }
    ).map { $0[0] }
    for parts in [steps, tensors] {
      let scale = parts.reduce(0) { $0 + abs($1) }
      #expect(
        Self.close(parts.reduce(0, +), shared, scale: scale), "\(model.name), \(optimizer.name)")
    }
    // The rate among all numbers is the same rate.
    let numbers = try Self.hypergradient(.numbers, model, optimizer)[0]
    #expect(Self.close(numbers[0], shared, scale: abs(shared)))
  }

  /// L = mean_i l_i loss_i and nothing else: the update of SGD and heavy ball scales with l as with
  /// eta, so eta dE/deta = sum_i l_i dE/dl_i; those with a normalised gradient do not see the scale
  /// but for epsilon, so sum_i l_i dE/dl_i + eps dE/deps = 0.
  @Test(arguments: pairs.indices) func scalingLaws(row: Int) throws {
    let (model, optimizer) = Self.pairs[row]
    let weights = TrialModel.exampleWeights(model)
    let weighted = try Self.hypergradient(.exampleWeights, model, optimizer, at: [weights])[0]
    let products = zip(try weights.doubles(), weighted).map { $0 * $1 }
    let sum = products.reduce(0, +)
    let scale = products.reduce(0) { $0 + abs($1) }

    // The optimizer's hyperparameters at the same example weights: `several` without decay.
    let problem = try Self.weighted(model, optimizer)
    let numbers = try problem.hypergradient(at: vector(optimizer.numbers)).gradient.doubles()
    let expected: Double
    switch optimizer.name {
    case "SGD", "momentum", "Nesterov": expected = optimizer.numbers[0] * numbers[0]
    case "Adam", "AdamW": expected = -optimizer.numbers[3] * numbers[3]
    case "RMSProp": expected = -optimizer.numbers[2] * numbers[2]
    default:
      Issue.record("state the scaling law of \(optimizer.name)")
      return
    }
    #expect(Self.close(sum, expected, scale: scale), "\(sum) \(expected)")
    #expect(scale > 1e-6)
  }

  private static func weighted(
    _ model: TrialModel, _ optimizer: TrialOptimizer
  ) throws -> BilevelProblem<TrainingState<[Tensor]>, Tensor, Tensor> {
    let weights = TrialModel.exampleWeights(model)
    return BilevelProblem(
      steps: 6, batches: try .shuffled(count: model.examples, size: model.batch, seed: 21),
      weights: { _ in model.initial },
      optimizer: { h, _ in
        optimizer.make(optimizer.numbers.indices.map { .init(h.example($0)) })
      },
      loss: { w, _, rows in (weights.gathered(at: rows) * model.losses(w, rows)).mean() },
      outer: { w, _ in model.validation(w) })
  }

  /// Under lambda = f(q): g_q = g_lambda df/dq, for every transform of the outer loop.
  @Test(
    arguments: [.identity, .log, .softplus, .sigmoid(lower: 0.05, upper: 0.4)] as [HyperTransform])
  func chainRule(_ transform: HyperTransform) throws {
    let model = TrialModel.perceptron(.float64)
    func problem(
      _ map: @escaping @Sendable (Tensor) -> Tensor
    ) throws -> BilevelProblem<TrainingState<[Tensor]>, Tensor, Tensor> {
      BilevelProblem(
        steps: 6, batches: try .shuffled(count: model.examples, size: model.batch, seed: 21),
        weights: { _ in model.initial }, optimizer: { h, _ in .momentum(rate: .init(map(h))) },
        loss: { w, h, rows in
          model.losses(w, rows).mean() + map(h) * Loss.halfSquaredNorm(w)
        },
        outer: { w, h in model.validation(w) + map(h).square() })
    }
    let value = number(0.11)
    let free = transform.free(value)
    #expect(abs(try transform.constrained(free).item() - 0.11) < 1e-15)
    let direct = try problem { $0 }.hypergradient(at: value).gradient.item()
    let mapped = try problem { transform.constrained($0) }.hypergradient(at: free).gradient.item()
    let slope = try gradient(at: free) { transform.constrained($0) }.item()
    #expect(Self.close(mapped, direct * slope, scale: abs(mapped)))
    // The slope itself, by its formula.
    let expected: Double =
      switch transform {
      case .identity: 1
      case .log: 0.11
      case .softplus: 1 - exp(-0.11)
      case .sigmoid: (0.11 - 0.05) * (0.4 - 0.11) / 0.35
      }
    #expect(abs(slope - expected) < 1e-14)
  }

  private func exp(_ x: Double) -> Double { (try? OuterloopAutodiff.exp(number(x)).item()) ?? .nan }

  /// A shared hyperparameter's derivative is the sum over its uses, and one that is not used has
  /// derivative zero beside others that are.
  @Test func unusedAndShared() throws {
    let problem = BilevelProblem<TrainingState<Tensor>, [Tensor], NoTensors>(
      steps: 5, weights: { _ in vector([1, 2]) }, optimizer: { h, _ in .sgd(rate: .init(h[0])) },
      loss: { w, h in 0.5 * (h[0] * w.square()).sum() + h[2].sum() },
      outer: { w, _ in w.sum() })
    let hyper = [number(0.3), vector([1, 1]), vector([4, 5])]
    // w_T = (1 - h^2)^5 w_0
    let expected = -10 * 0.3 * [0.91, 0.91, 0.91, 0.91].reduce(1, *) * 3
    for estimator in [Estimator.reverse, .forward, .reverse(memory: 1 << 20), .truncated(5)] {
      let gradient = try problem.hypergradient(at: hyper, by: estimator).gradient.flat
      #expect(deviation(gradient, [expected, 0, 0, 0, 0]) < 1e-14, "\(estimator)")
    }
  }
}
