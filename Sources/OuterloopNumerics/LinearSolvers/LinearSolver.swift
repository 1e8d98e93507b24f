public import OuterloopText

/// `y = A x`, for solvers that use A only through its products. `y` has the length of `x`; every
/// element must be written.
public typealias LinearMap = (_ x: [Double], _ y: inout [Double]) throws -> Void

/// A way to solve `A x = b` for a square A that is known by its products with vectors.
///
/// Solvers are values: each documents what it requires of A, when it stops and what it costs.
/// Numerical failure (A indefinite, too few iterations, NaN) is part of the result, `Outcome`; only
/// misuse throws.
public protocol LinearSolver: Sendable, Hashable, CustomStringConvertible {
  /// What A must be for the method to be sound.
  var requirement: LinearRequirement { get }

  /// Solves `A x = b`.
  ///
  /// - Parameters:
  ///   - multiply: the products `A x`; an error that it throws ends the solve.
  ///   - b: the right-hand side; its length is the dimension.
  ///   - start: where to start from, such as the solution of a nearby system; zero by default.
  ///     Direct methods ignore it.
  /// - Throws: `LinearSolverError` for invalid settings and lengths.
  func solve(_ multiply: LinearMap, _ b: [Double], from start: [Double]?) throws -> LinearSolution
}

extension LinearSolver {
  /// Solves `A x = b` from zero.
  ///
  /// - Throws: what the product throws. A solve that fails is an `outcome`, no error.
  public func solve(_ multiply: LinearMap, _ b: [Double]) throws -> LinearSolution {
    try solve(multiply, b, from: nil)
  }
}

/// `A x`, of the length it must have.
/// - Throws: what `multiply` throws, and `LinearSolverError.length` for a product of another length.
func product(
  _ multiply: LinearMap, _ x: [Double], into y: inout [Double]
) throws {
  try multiply(x, &y)
  guard y.count == x.count else {
    throw LinearSolverError.length("the product", y.count, expected: x.count)
  }
}

/// What a solver needs of its matrix. Each includes the ones before it.
public enum LinearRequirement: Int, Sendable, Hashable, Comparable {
  /// Symmetric, with positive eigenvalues.
  case positiveDefinite
  /// Symmetric, with eigenvalues of either sign.
  case symmetric
  /// Any square matrix.
  case general

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Misuse of a linear solver.
public enum LinearSolverError: ExplainedError, Hashable {
  /// Two vectors, or a vector and the dimension, differ in length.
  case length(String, Int, expected: Int)
  /// A setting outside its range, and what is allowed.
  case setting(String, remedy: String)
  /// A method for symmetric matrices was given another: the largest |a_ij - a_ji|, and the largest
  /// |a_ij|.
  case notSymmetric(difference: Double, size: Double)
  /// More rows than a dense method can hold.
  case tooLarge(Int, limit: Int)
  /// Vectors or matrices that do not fit into memory.
  case memory(String)

  public var what: String { parts.what }
  public var remedy: String { parts.remedy }

  private var parts: (what: String, remedy: String) {
    switch self {
    case .length(let name, let count, let expected):
      ("\(name) has \(count) elements", "the system has \(expected)")
    case .setting(let what, let remedy): (what, remedy)
    case .notSymmetric(let difference, let size):
      (
        "the matrix is not symmetric: elements differ from their mirror images by up to "
          + "\(difference) where the largest is \(size)", "use GMRES"
      )
    case .tooLarge(let count, let limit):
      (
        "a dense solver was given \(count) unknowns, more than \(limit)",
        "use conjugate gradients or MINRES"
      )
    case .memory(let what): (what, "solve a smaller system")
    }
  }
}
