internal import OuterloopAutodiff
internal import OuterloopNumerics

/// The one-step hypergradient with a difference in place of the second derivative (DARTS, Liu et al.
/// 2019, Eq. 8): with `u` the adjoint of the inner gradient in the last step (-eta grad E(w_T) under
/// SGD),
///
///     e = radius / ||u||
///     N u  ~  [ grad_lambda L(w_{T-1} + e u) - grad_lambda L(w_{T-1} - e u) ] / (2 e)
///     g = dE/dlambda(w_T) + (a dupdate/dlambda) + N u
///
/// The weights are moved, never lambda, so two evaluations serve any number of hyperparameters. The
/// optimizer is differentiated exactly: momentum, decay and Adam enter `u`, and hyperparameters of
/// the optimizer itself are exact. The moved weights are copies: nothing drifts.
///
/// For losses with first derivatives only, or for comparison with work that uses it; `.oneStep` costs
/// as much and is exact. The error is O(e^2), and zero where grad_lambda L is at most quadratic in w.
///
/// Time: T steps, 1 gradient of E and 2 gradients of L with respect to lambda. Memory: O(P + Q).
struct FiniteDifference: IndependentMethod {
  /// The length of the perturbation of the weights; DARTS uses 0.01.
  let radius: Double

  var description: String { "finiteDifference(radius: \(radius))" }

  var needsSecondDerivatives: Bool { false }

  var properties: EstimatorProperties {
    .init(
      .shortHorizon, products: .none, memory: .constant, exact: .limit("T = 1 and radius to 0"))
  }

  func refuse(_ problem: CompiledProblem, steps: Int) throws {
    guard radius > 0, radius.isFinite else {
      throw refused("a move of \(radius)", "use a positive length, such as 0.01")
    }
    _ = try problem.requireObjective(self)
    try problem.requireInitialEffect(of: self, steps: steps)
  }

  func run(_ run: Run) throws -> EstimatorResult {
    let objective = try run.problem.requireObjective(self)
    let program = try run.problem.differenceProgram(objective)
    program.bind(.radius, to: run.number(radius))
    return try run.local(program, from: run.steps)
  }
}

extension Slot {
  fileprivate static let radius = Slot("radius", .number)
}

extension CompiledProblem {
  /// A local program of effect = a B by a difference of gradients, a = grad_s E(s'):
  ///
  ///     (u, r) = a times the derivative of the update with respect to the gradient and lambda
  ///     effect = r + grad_lambda [ L(w + e u) - L(w - e u) ] ||u|| / (2 radius)
  ///
  /// Where u = 0 both gradients are the same and their difference is 0.
  fileprivate func differenceProgram(_ objective: CompiledObjective) throws -> BoundProgram {
    try localProgram("difference", with: [.radius]) { x, outer in
      let (state, hyper, batch, radius) = (x[.state], x[.hyper], x[.batch], x.number(.radius))
      let weights = Array(state.prefix(weightTypes.count))
      let slope = try gradient(at: weights) { try objective.loss($0, hyper, batch) }
      let back = try vjp(at: Pair(slope, hyper), cotangent: outer) {
        try objective.update(state, $0.first, $0.second, x.time)
      }.cotangent
      let direction = back.first
      let length = sqrt(
        direction.map { $0.square().sum().cast(to: .float64) }.reduce(
          Tensor(0, dtype: .float64), +))
      let move = radius / maximum(length, Tensor(1e-300, dtype: .float64))
      let moves = direction.map { move.cast(to: $0.dtype) * $0 }
      let (up, down) = (zip(weights, moves).map { $0 + $1 }, zip(weights, moves).map { $0 - $1 })
      let difference = try gradient(at: hyper) {
        try objective.loss(up, $0, batch) - objective.loss(down, $0, batch)
      }
      let factor = length / (2 * radius)
      return zip(back.second, difference).map { $0 + factor.cast(to: $0.dtype) * $1 }
    }
  }
}
