internal import OuterloopNumerics

/// The variable v of `H v = -grad_w E`, moved by steps of size r_k and carried from update to update.
///
/// Its sign: `v -> -H^-1 grad_w E`, so that the hypergradient is `g0 + N v` with a plus.
final class LinearSystem {
  let types: [TensorType]
  private let rate: StepSize
  private var current, next: [Storage]
  private let step = Storage(byteCount: 8)
  /// Steps made, in all windows and trainings.
  private var moves = 0

  /// v = 0.
  init(_ problem: CompiledProblem, rate: StepSize) {
    types = problem.weightTypes
    self.rate = rate
    current = types.map { Storage(byteCount: $0.byteCount) }
    next = types.map { Storage(byteCount: $0.byteCount) }
    reset()
  }

  var v: [UnsafeMutableRawPointer] { current.map(\.pointer) }
  /// Where the next v is to be written.
  var target: [UnsafeMutableRawPointer] { next.map(\.pointer) }

  /// Where r of the next step is, a float64.
  var stepSize: UnsafeMutableRawPointer {
    step.pointer.storeBytes(of: rate.at(moves + 1), as: Double.self)
    return step.pointer
  }

  /// Bytes of v.
  var byteCount: Int { types.reduce(0) { $0 + $1.byteCount } }

  func reset() { v.setZero(types) }

  /// The next v takes the place of v.
  func advance() {
    swap(&current, &next)
    moves += 1
  }

  /// Stops if v has run away while the weights have not.
  func requireFinite(_ run: Run) throws {
    guard try run.finalState().allSatisfy({ try $0.isAllFinite() }) else { return }
    for tensor in v.tensors(types) where try !tensor.isAllFinite() {
      throw BilevelError.nonFinite(
        tensor: "v, the solution of the linear system,", step: nil,
        steps: run.window.first + run.steps,
        hint: "its step size is too long, or the inner Hessian is not positive: take a rate below "
          + "2 over its largest eigenvalue, and regularize a loss that is not convex")
    }
  }
}
