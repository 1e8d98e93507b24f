internal import OuterloopNumerics

/// The inner loss that an implicit method looks at: the mean over a number of batches, on flat vectors
/// of the weights.
///
///     L(w) = (1/n) sum_i loss(w, lambda, batch_i)
///
/// with its gradient at any weights, and `H u` and `N u` at weights that are held. A curvature from one
/// batch alone is that batch's, not the training's: the number is the user's to state.
///
/// Time: n programs of a batch for each. Memory: 4 vectors of weights.
final class AveragedLoss {
  private let run: Run
  private let problem: CompiledProblem
  private let objective: CompiledObjective
  private let batches: [[Tensor]]
  private let types: [TensorType]
  private let held, moved, result: StateMemory.Pointers
  private let value = Storage(byteCount: 8)

  /// P
  var count: Int { types.floatingCount }
  var batchCount: Int { batches.count }
  /// The programs that were used.
  private(set) var stages: [Stage] = []

  /// - Parameter count: n; nil for all batches of the run's window. Training on all data has one.
  init(_ run: Run, batches count: Int?, of method: some CustomStringConvertible) throws {
    self.run = run
    let problem = run.problem
    self.problem = problem
    objective = try problem.requireObjective(method)
    let number = problem.batchTypes.isEmpty ? 1 : count ?? run.steps
    batches = try (0..<number).map { index in
      problem.batchTypes.isEmpty ? [] : try problem.batch(run.window.batch + index)
    }
    types = problem.weightTypes
    let memory = run.weights(3)
    (held, moved, result) = (memory.pointers(0), memory.pointers(1), memory.pointers(2))
  }

  /// What depends on lambda alone is computed once.
  private func prepared(_ stage: Stage) throws -> Stage {
    if !stages.contains(where: { $0 === stage }) {
      stages.append(stage)
      try run.prepareLoss(stage)
    }
    return stage
  }

  /// Runs a program once for each batch.
  private func forEachBatch(
    _ stage: Stage, at weights: StateMemory.Pointers, _ body: () -> Void
  ) throws {
    for batch in batches {
      stage.bind(inputs: 0, to: weights)
      stage.bind(inputs: types.count, to: batch.map(\.memory))
      try stage.run()
      body()
    }
  }

  /// L(w); writes its gradient.
  func value(at w: [Double], _ gradient: inout [Double]) throws -> Double {
    let stage = try prepared(problem.lossStage(objective))
    stage.bind(outputs: 0, to: [value.pointer] + result)
    moved.write(w, types)
    for index in gradient.indices { gradient[index] = 0 }
    let share = 1 / Double(batches.count)
    var sum = 0.0
    try forEachBatch(stage, at: moved) {
      sum += share * value.pointer.load(as: Double.self)
      result.add(share, to: &gradient, types)
    }
    run.cost.gradients += batches.count
    return sum
  }

  /// Holds the weights at which products are taken.
  func hold(_ weights: StateMemory.Pointers) { held.copy(from: weights, types) }

  /// The norm of the gradient at the held weights.
  func gradientNorm() throws -> Double {
    var flat = [Double](repeating: 0, count: count)
    held.read(into: &flat, types)
    var gradient = flat
    _ = try value(at: flat, &gradient)
    return gradient.norm
  }

  /// `product = H u + damping u` at the held weights.
  func curvature(_ u: [Double], _ product: inout [Double], damping: Double) throws {
    let stage = try prepared(problem.hessianStage(objective))
    stage.bind(inputs: run.lossExtra, to: moved)
    stage.bind(outputs: 0, to: result)
    moved.write(u, types)
    for index in product.indices { product[index] = damping * u[index] }
    let share = 1 / Double(batches.count)
    try forEachBatch(stage, at: held) { result.add(share, to: &product, types) }
    run.cost.products += batches.count
  }

  /// Adds `-N u` at the held weights to the run's hypergradient.
  func subtractMixed(_ u: [Double]) throws {
    let stage = try prepared(problem.jointStage(objective))
    let part = problem.hyperTypes.map { Storage(byteCount: $0.byteCount) }
    try withExtendedLifetime(part) {
      stage.bind(inputs: run.lossExtra, to: moved)
      stage.bind(outputs: 0, to: result + part.map(\.pointer))
      moved.write(u, types)
      let share = 1 / Double(batches.count)
      try forEachBatch(stage, at: held) {
        run.sum.add(-share, part.map(\.pointer), problem.hyperTypes)
      }
    }
    run.cost.products += batches.count
  }
}
