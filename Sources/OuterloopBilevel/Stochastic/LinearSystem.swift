internal import OuterloopNumerics

/// The variable v of `H v = -grad_w E`, moved by steps of size r_k and carried from update to update.
///
/// Its sign: `v -> -H^-1 grad_w E`, so that the hypergradient is `g0 + N v` with a plus.
final class LinearSystem {
  let types: [TensorType]
  private let rate: StepSize
  /// v, and the buffers for the next v.
  private(set) var v, target: TensorBuffers
  private let step = TensorBuffers.number()
  /// Steps made, in all windows and trainings.
  private var moves = 0

  /// v = 0.
  init(_ problem: CompiledProblem, rate: StepSize) {
    types = problem.weightTypes
    self.rate = rate
    v = TensorBuffers(types)
    target = TensorBuffers(types)
    reset()
  }

  /// The buffer of r for the next step.
  var stepSize: TensorBuffers {
    step.number = rate.at(moves + 1)
    return step
  }

  /// Bytes of v.
  var byteCount: Int { types.byteCount }

  func reset() { v.setZero() }

  /// The next v takes the place of v.
  func advance() {
    swap(&v, &target)
    moves += 1
  }

  /// Throws if v has diverged while the weights have not.
  func requireFinite(_ run: Run) throws {
    guard try run.finalState().allSatisfy({ try $0.isAllFinite() }) else { return }
    for tensor in v.tensors where try !tensor.isAllFinite() {
      throw BilevelError.nonFinite(
        tensor: "v, the solution of the linear system,", step: nil,
        steps: run.window.first + run.steps,
        hint: "its step size is too long, or the inner Hessian is not positive: take a rate below "
          + "2 over its largest eigenvalue, and regularize a loss that is not convex")
    }
  }
}

extension Slot {
  /// The next v, b = grad_w E, and r.
  static let newDirection = Slot("newDirection", .weights)
  static let outerSlope = Slot("outerSlope", .weights)
  static let rate = Slot("rate", .number)
}
