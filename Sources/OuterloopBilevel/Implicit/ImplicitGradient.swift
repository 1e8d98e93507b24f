internal import OuterloopNumerics

/// The hypergradient by the implicit function theorem (Larsen et al. 1996; Bengio 2000; Pedregosa 2016;
/// Lorraine et al. 2020): at a solution w* of the inner problem, `grad_w L(w*, lambda) = 0`,
///
///     (H + rho I) q = grad_w E(w*, lambda)
///     g = dE/dlambda - N q                  N = d2L / dlambda dw
///
/// It is the hypergradient of the solution, not of the T steps that led near it: for a finite T the
/// unrolled methods answer a different question, and both are right. At weights that are not a
/// solution it has an error of O(|grad_w L|), which is reported, as are the residual and condition of
/// the system.
///
/// Optimizer hyperparameters and the starting point have no effect on w*: they are refused, rather than
/// given the derivative 0. So is an outer loss that reads the optimizer's buffers, and a tensor that
/// holds hyperparameters of both the optimizer and a loss.
///
/// Larsen's curvature is the mean of the outer products of single training examples' gradients. (It is
/// also printed with the product of the whole gradient, which has rank one and vanishes at w*.)
///
/// Differs from the sources: the step of the Neumann series and the damping are explicit; the curvature
/// is the mean over a stated number of batches.
///
/// Time: the solution for w*, then (iterations + 3) products for each of n batches. Memory: O(P), plus
/// the solver's and, where n = 1, a batch's activations. In `minimize` the solve starts from the last q.
struct ImplicitGradient: HypergradientMethod {
  let solver: CurvatureSolver
  /// rho
  let damping: Double
  /// n: batches that L is the mean of; nil for all that the run sees.
  let batches: Int?
  let inner: InnerSolution

  var description: String {
    inner == .training ? "implicit(\(solver))" : "implicit(\(solver), inner: \(inner))"
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    _ = try problem.requireSeparateHyperparameters(self)
    try inner.refuse(for: self)
    try refuseNumbers()
    if solver == .larsen { try LarsenCurvature.refuse(problem, for: self) }
  }

  private func refuseNumbers() throws {
    guard damping >= 0, damping < .infinity else {
      throw refused("a damping of \(damping)", "use a finite number, at least 0")
    }
    if let batches, batches < 1 || batches > Self.countLimit {
      throw refused("a mean over \(batches) batches", "use 1...\(Self.countLimit)")
    }
    switch solver {
    case .neumann(let terms, let step):
      guard terms >= 1, terms <= Self.countLimit else {
        throw refused(
          "a series of \(terms) terms", "use 1...\(Self.countLimit), or firstOrder for none")
      }
      guard step > 0, step < .infinity else {
        throw refused(
          "a Neumann step of \(step)", "use one between 0 and 2 over the largest eigenvalue of H")
      }
    case .larsen, .nystrom:
      guard damping > 0 else {
        throw refused(
          "its curvature has a rank below the number of weights, so it has no inverse",
          "give a damping above 0")
      }
    case .dense, .cg, .minres, .gmres, .identity: break
    }
  }

  /// Of batches and terms.
  static let countLimit = 1 << 24

  func run(_ run: Run) throws -> EstimatorResult {
    try solve(run, warm: nil, tolerance: nil).result
  }

  func session(_ problem: CompiledProblem) -> any HypergradientSession {
    ImplicitSession(method: self)
  }

  /// - Parameters:
  ///   - warm: the state and the q of an earlier lambda.
  ///   - tolerance: of the inner solution and of the linear system, instead of the method's own.
  func solve(
    _ run: Run, warm: WarmStart?, tolerance: Double?
  ) throws -> (result: EstimatorResult, q: [Double]) {
    let problem = run.problem
    let loss = try AveragedLoss(run, batches: batches, of: self)
    let inner = tolerance.map(self.inner.tolerance) ?? self.inner
    let end = try inner.solve(run, loss, from: warm?.state)
    let outerValue = try run.outer()
    loss.hold(run.weights(of: run.end))
    let stationarity = try loss.gradientNorm()
    var b = [Double](repeating: 0, count: loss.count)
    run.weights(of: run.adjoint).read(into: &b)
    // A diverged path is reported with its step and tensor.
    guard stationarity.isFinite, outerValue.isFinite, b.allSatisfy({ $0.isFinite }) else {
      try run.requireFinite(loss: outerValue.isFinite ? .nan : outerValue, gradient: [])
      throw BilevelError.innerProblem(
        outcome: "the loss or its gradient is not finite at w*", remedy: "start from other weights")
    }

    let solution = try linearSolution(run, loss, b, from: warm?.q, tolerance: tolerance)
    try requireUse(of: solution)
    if solution.x.contains(where: { $0 != 0 }) { try loss.subtractMixed(solution.x) }
    var result = try run.result(
      loss: outerValue,
      programs: loss.programs + [problem.outerProgram()]
        + (end.outcome == nil ? [try problem.stepProgram()] : []))
    result.diagnostics.implicit = ImplicitDiagnostics(
      inner: end, stationarity: stationarity, solution: solution)
    return (result, solution.x)
  }

  private func linearSolution(
    _ run: Run, _ loss: AveragedLoss, _ b: [Double], from start: [Double]?, tolerance: Double?
  ) throws -> LinearSolution {
    func damped(_ u: [Double], _ product: inout [Double]) throws {
      try loss.curvature(u, &product, damping: damping)
    }
    let single = run.problem.weightTypes.hasSinglePrecision
    guard let method = solver.solver(damping: damping, single: single, tolerance: tolerance) else {
      let larsen = try LarsenCurvature(run, batches: batches, damping: damping, of: self)
      return try larsen.solve(b, measuredBy: damped)
    }
    func plain(_ u: [Double], _ product: inout [Double]) throws {
      try loss.curvature(u, &product, damping: 0)
    }
    return try method.solve(
      solver.addsDamping ? plain : damped, b, from: solver.usesStart ? start : nil)
  }

  /// Throws where the solve has found nothing better than 0: the result would be just the direct
  /// term, or noise.
  private func requireUse(of solution: LinearSolution) throws {
    if solution.outcome.isConverged || solution.outcome == .approximation { return }
    guard solution.residual < 1 else {
      throw BilevelError.linearSystem(
        estimator: description, outcome: solution.outcome.description,
        residual: solution.residual, remedy: solution.outcome.advice ?? "")
    }
  }

  var schedule: TrainingSchedule { .restarted }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .implicit, products: .solve, memory: .constant,
      exact: .solution("|grad_w L| and residual to 0"))
  }
}

/// What one lambda's solve passes on to the next.
struct WarmStart {
  var state: [Tensor]
  var q: [Double]
}

/// Implicit hypergradients along lambda: q, and w* where it is a solution to a tolerance, start from
/// the last ones.
final class ImplicitSession: HypergradientSession {
  private let method: ImplicitGradient
  private var warm: WarmStart?

  init(method: ImplicitGradient) { self.method = method }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    try hypergradient(run, tolerance: nil)
  }

  func hypergradient(_ run: Run, tolerance: Double?) throws -> EstimatorResult {
    // A window that continues from its own state has a better starting point.
    var start = warm
    if let own = run.window.start { start?.state = own }
    let (result, q) = try method.solve(run, warm: start, tolerance: tolerance)
    warm = WarmStart(state: result.state, q: q)
    return result
  }

  func beginTraining(at hyper: [Tensor], over window: Window) {}
  func finishTraining(_ run: Run) throws { try run.train() }
  func stepWasRejected() {}
  var seesInitialState: Bool { false }
}
