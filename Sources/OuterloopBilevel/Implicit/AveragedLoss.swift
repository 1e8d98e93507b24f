internal import OuterloopNumerics

/// The inner loss that an implicit method uses: the mean over a number of batches, on flat vectors of
/// the weights.
///
///     L(w) = (1/n) sum_i loss(w, lambda, batch_i)
///
/// with its gradient at any weights, and `H u` and `N u` at fixed weights. The curvature of a single
/// batch is that batch's, not the training's: the user chooses the number of batches.
///
/// Time: n programs of a batch for each; where n = 1, the part of `H u` that does not depend on u is
/// computed once for fixed weights. Memory: 4 vectors of weights, and for n = 1 the activations.
final class AveragedLoss {
  private let run: Run
  private let problem: CompiledProblem
  private let objective: CompiledObjective
  private let batches: [TensorBuffers]
  private let held, moved, result: TensorBuffers

  /// P
  var count: Int { problem.weightTypes.floatingCount }
  var batchCount: Int { batches.count }
  /// The programs that were used.
  private(set) var programs: [BoundProgram] = []

  /// - Parameter count: n; nil for all batches of the run's window. Training on all data has one.
  init(_ run: Run, batches count: Int?, of method: some CustomStringConvertible) throws {
    self.run = run
    let problem = run.problem
    self.problem = problem
    objective = try problem.requireObjective(method)
    let number = problem.batchTypes.isEmpty ? 1 : count ?? run.steps
    batches = try (0..<number).map { index in
      problem.batchTypes.isEmpty ? problem.nothing : try problem.batch(run.window.batch + index)
    }
    let memory = run.weights(3)
    (held, moved, result) = (memory[0], memory[1], memory[2])
  }

  /// Runs a program once for each batch.
  private func forEachBatch(
    _ program: BoundProgram, at weights: TensorBuffers, _ body: () -> Void
  ) throws {
    if !programs.contains(where: { $0 === program }) {
      // An earlier run may have used the same memory for other weights.
      program.invalidate()
      programs.append(program)
    }
    program.bind(.weights, to: weights)
    for batch in batches {
      run.bind(program, batch: batch)
      try program.run()
      body()
    }
  }

  /// L(w); writes its gradient.
  func value(at w: [Double], _ gradient: inout [Double]) throws -> Double {
    let program = try problem.lossProgram(objective)
    program.bind(.loss, to: problem.lossNumber)
    program.bind(.gradient, to: result)
    moved.write(w)
    for index in gradient.indices { gradient[index] = 0 }
    let share = 1 / Double(batches.count)
    var sum = 0.0
    try forEachBatch(program, at: moved) {
      sum += share * problem.lossNumber.number
      result.add(share, to: &gradient)
    }
    run.cost.gradients += batches.count
    return sum
  }

  /// Sets the weights at which products are computed.
  func hold(_ weights: TensorBuffers) {
    held.copy(from: weights)
    for program in programs { program.invalidate() }
  }

  /// The norm of the gradient at the fixed weights.
  func gradientNorm() throws -> Double {
    var flat = [Double](repeating: 0, count: count)
    held.read(into: &flat)
    var gradient = flat
    _ = try value(at: flat, &gradient)
    return gradient.norm
  }

  /// `product = H u + damping u` at the fixed weights.
  func curvature(_ u: [Double], _ product: inout [Double], damping: Double) throws {
    let program = try problem.hessianProgram(objective, keeping: batches.count == 1)
    program.bind(.direction, to: moved)
    program.bind(.product, to: result)
    moved.write(u)
    for index in product.indices { product[index] = damping * u[index] }
    let share = 1 / Double(batches.count)
    try forEachBatch(program, at: held) { result.add(share, to: &product) }
    run.cost.products += batches.count
  }

  /// Adds `-N u` at the fixed weights to the run's hypergradient.
  func subtractMixed(_ u: [Double]) throws {
    let program = try problem.mixedProgram(objective)
    let part = TensorBuffers(problem.hyperTypes)
    program.bind(.direction, to: moved)
    program.bind(.mixedProduct, to: part)
    moved.write(u)
    let share = 1 / Double(batches.count)
    try forEachBatch(program, at: held) { run.sum.add(-share, part) }
    run.cost.products += batches.count
  }
}
