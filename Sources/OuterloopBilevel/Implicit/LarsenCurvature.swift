internal import OuterloopAutodiff
internal import OuterloopNumerics

/// The curvature of Larsen et al. (1996) from the gradients of single training examples,
///
///     F = (1/n) G'G + rho I,    row i of G the gradient of the loss of example i
///     q = (b - G'(n rho I + G G')^-1 G b) / rho              (Woodbury)
///
/// which is the Gauss-Newton part of the Hessian of a likelihood. A regularizer inside the loss enters
/// G's rows; the Hessian of `r |w|^2 / 2` is known and goes into rho.
///
/// The examples are those of the batches: entry i of each tensor of a batch, along the first axis, as a
/// batch of one. The loss of a batch has to be the mean over its examples, which is checked.
///
/// Time: n gradients, n^2 P operations, one product for the residual. Memory: n P numbers.
struct LarsenCurvature {
  private let rows: [[Double]]
  private let damping: Double

  /// Refuses problems without batches of examples.
  static func refuse(_ problem: CompiledProblem, for method: some HypergradientMethod) throws {
    let axes = problem.batchTypes.map { $0.shape.first ?? 0 }
    guard let size = axes.first else {
      throw method.refused(
        "it needs the gradient of each training example, but the loss captures its data",
        "pass the examples, or their numbers, as a batch along the first axis")
    }
    guard size >= 1, axes.allSatisfy({ $0 == size }) else {
      throw method.refused(
        "it needs the gradient of each training example, but the tensors of a batch, "
          + "\(problem.batchTypes), do not agree in their first axis",
        "pass one entry for each example along the first axis of every tensor")
    }
  }

  init(
    _ run: Run, batches: Int?, damping: Double, of method: some HypergradientMethod
  ) throws {
    self.damping = damping
    let problem = run.problem
    let objective = try problem.requireObjective(method)
    let types = problem.weightTypes
    let size = problem.batchTypes[0].shape[0]
    let example = try problem.exampleProgram(objective)
    let loss = try problem.lossProgram(objective)
    let gradient = run.weights(1)[0]
    var rows: [[Double]] = []
    let flat = [Double](repeating: 0, count: types.floatingCount)
    var (mean, whole) = (flat, flat)

    for program in [example, loss] {
      program.bind(.weights, to: run.weights(of: run.end))
      program.bind(.loss, to: problem.lossNumber)
      program.bind(.gradient, to: gradient)
    }
    example.bind(.hyper, to: run.lambda)
    for index in 0..<(batches ?? run.steps) {
      let batch = try problem.batch(run.window.batch + index)
      run.bind(loss, batch: batch)
      try loss.run()
      gradient.add(1, to: &whole)
      let examples = TensorMemory(rowsOf: batch, as: example.types(of: .example))
      for number in 0..<size {
        example.bind(.example, to: examples[number])
        try example.run()
        var row = flat
        gradient.read(into: &row)
        mean.add(1 / Double(size), row)
        rows.append(row)
      }
      run.cost.gradients += size + 1
    }
    whole.add(-1, mean)
    let scale = rows.reduce(0) { Swift.max($0, $1.norm) }
    guard whole.norm <= 1e-3 * scale * Double(rows.count) / Double(size) else {
      throw method.refused(
        "the loss of a batch is not the mean of the losses of its examples one by one",
        "average over the batch, and let no example depend on the others")
    }
    self.rows = rows
    run.cost.stateBytes += 8 * rows.count * types.floatingCount
  }

  /// F q = b; the residual is that of the true curvature.
  func solve(_ b: [Double], measuredBy product: LinearMap) throws -> LinearSolution {
    let n = rows.count
    let size = b.norm
    var elements = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        elements[i * n + j] = rows[i].dot(rows[j]) + (i == j ? Double(n) * damping : 0)
        elements[j * n + i] = elements[i * n + j]
      }
    }
    var solution = LinearSolution(
      x: b, iterations: 0, products: 0, residual: 0,
      outcome: size == 0 ? .converged : .approximation)
    if size == 0 { return solution }
    let small = DenseSymmetric(count: n, elements: elements)
    guard small.isFinite, let factor = try CholeskyFactorization(small) else {
      (solution.outcome, solution.residual) = (.nonFinite, .nan)
      return solution
    }
    for (row, weight) in zip(rows, factor.solve(rows.map { $0.dot(b) })) {
      solution.x.add(-weight, row)
    }
    solution.x.set(1 / damping, Array(solution.x))
    var residual = b
    try product(solution.x, &residual)
    residual.scale(-1, adding: b)
    solution.products = 1
    solution.residual = residual.norm / size
    return solution
  }
}

extension Slot {
  fileprivate static let example = Slot("example", .listed)
}

extension CompiledProblem {
  /// (w, one example, lambda) -> (L, grad_w L), for batches of one.
  fileprivate func exampleProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try program(
      "example", reads: [.weights, .example, .hyper], writes: [.loss, .gradient],
      types: [.example: batchTypes.map { TensorType([1] + $0.shape.dropFirst(), $0.dtype) }],
      invariant: [.hyper]
    ) { x in
      let (value, gradient) = try valueAndGradient(at: x[.weights]) {
        try objective.loss($0, x[.hyper], x[.example])
      }
      return [.loss: [value.cast(to: .float64)], .gradient: gradient]
    }
  }
}
