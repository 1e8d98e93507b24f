internal import OuterloopNumerics

/// Hyperparameter optimization with approximate gradients (Pedregosa 2016): implicit hypergradients
/// that are only as exact as the outer loop needs. At update k, with the tolerance eps_k of a schedule,
///
///     w_k:  |grad_w L(w_k, lambda_k)| <= eps_k               from w_{k-1}
///     q_k:  |grad_w E - (H + rho I) q_k| <= eps_k            from q_{k-1}
///     g_k = dE/dlambda - N q_k
///
/// so that `|g_k - g| = O(eps_k)`; with a finite sum of the tolerances, projected steps along g_k
/// converge. Both tolerances are absolute: C grows like 1 / (least eigenvalue of H)^2, so losses that
/// are means with little regularization want smaller tolerances than sums.
///
/// A single hypergradient is that of the first update. With an `AdaptiveStep` in the outer loop every
/// rejected step halves the tolerances that follow.
///
/// Differs from the paper's code: the direct term is included, tolerances are absolute (there the inner
/// one is scaled by the smallest hyperparameter), the step is the outer loop's and is determined once.
///
/// Time: that of the two solves; both shrink with the distance that lambda moves. Memory: O(P).
struct HOAG: HypergradientMethod {
  let tolerances: ToleranceSchedule
  let implicit: ImplicitGradient

  var description: String { "hoag(\(tolerances))" }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    if let fault = tolerances.fault {
      throw refused(fault, "start above 0, end at or below the start, with a factor in (0, 1)")
    }
    if implicit.inner == .training {
      throw refused(
        "a fixed number of training steps has no tolerance",
        "use the inner solution lbfgs or trainingUntil")
    }
    switch implicit.solver {
    case .dense, .cg, .minres, .gmres: break
    case .neumann, .larsen, .identity, .nystrom:
      throw refused(
        "\(implicit.solver) solves the linear system without a tolerance", "use cg, minres or dense"
      )
    }
    do {
      try implicit.refuse(problem, steps: steps)
    } catch BilevelError.refused(_, let reason, let remedy) {
      throw refused(reason, remedy)
    }
  }

  func run(_ run: Run) throws -> EstimatorResult {
    try implicit.solve(run, warm: nil, tolerance: tolerances.tolerance(1)).result
  }

  func session(_ problem: CompiledProblem) -> any HypergradientSession { HOAGSession(self) }

  var schedule: TrainingSchedule { .restarted }

  var needsSecondDerivatives: Bool { true }

  var properties: EstimatorProperties {
    .init(
      .implicit, products: .solve, memory: .constant, exact: .solution("tolerances to 0"))
  }
}

/// w, q and the tolerances from update to update.
final class HOAGSession: HypergradientSession {
  private let tolerances: ToleranceSchedule
  private let solves: ImplicitSession
  private var updates = 0
  /// Halved with every step that the outer loop rejects.
  private var share = 1.0

  init(_ method: HOAG) {
    tolerances = method.tolerances
    solves = ImplicitSession(method: method.implicit)
  }

  func stepWasRejected() { share *= 0.5 }

  func hypergradient(_ run: Run) throws -> EstimatorResult {
    updates += 1
    return try solves.hypergradient(
      run, tolerance: Swift.max(tolerances.floor, share * tolerances.tolerance(updates)))
  }

  func beginTraining(at hyper: [Tensor], over window: Window) {}
  func finishTraining(_ run: Run) throws { try run.train() }
  var seesInitialState: Bool { false }
}
