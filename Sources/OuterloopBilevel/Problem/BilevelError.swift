public import OuterloopText

/// Why a hypergradient was refused or stopped.
public enum BilevelError: ExplainedError {
  /// An estimator that would answer with zero or nonsense.
  case refused(estimator: String, reason: String, remedy: String)
  /// A tensor has values that are not finite; `step` is nil where it has no step.
  case nonFinite(tensor: String, step: Int?, steps: Int, hint: String)
  /// The linear system of an implicit method has no usable solution.
  case linearSystem(estimator: String, outcome: String, residual: Double, remedy: String)
  /// The inner problem has no solution that can be found.
  case innerProblem(outcome: String, remedy: String)
  /// A number left the range of reversible training's fixed-point numbers.
  case outOfRange(tensor: String, step: Int, steps: Int)
  /// Reversible training did not come back to where it started.
  case notReconstructed(String)
  /// A setting, shape or value that cannot be used.
  case invalid(String, remedy: String = "")

  public var what: String { parts.what }
  public var remedy: String { parts.remedy }

  private var parts: (what: String, remedy: String) {
    switch self {
    case .refused(let estimator, let reason, let remedy):
      ("\(estimator) cannot differentiate this problem: \(reason)", remedy)
    case .nonFinite(let tensor, let step, let steps, let hint):
      if let step {
        ("\(tensor) became non-finite at step \(step) of \(steps)", hint)
      } else {
        ("\(tensor) is non-finite after \(steps) steps", hint)
      }
    case .linearSystem(let estimator, let outcome, let residual, let remedy):
      (
        "the linear system of \(estimator) was not solved: \(outcome), relative residual "
          + "\(residual)", remedy
      )
    case .innerProblem(let outcome, let remedy):
      ("the inner problem was not solved: \(outcome)", remedy)
    case .outOfRange(let tensor, let step, let steps):
      (
        "\(tensor) left the range of fixed-point numbers, below 2048 in size, at step \(step) of "
          + "\(steps)", "lower the learning rate, scale the problem down, or use reverse"
      )
    case .notReconstructed(let what):
      (
        "reversible training did not come back to its initial state: \(what)",
        "the loss must be the same function of the weights each time it is run, or use reverse"
      )
    case .invalid(let what, let remedy): (what, remedy)
    }
  }
}
