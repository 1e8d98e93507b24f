/// When an iterative solver stops: `|b - A x| <= max(relative |b|, absolute)` in 2-norms, or after a
/// number of iterations.
///
/// With both tolerances 0 a solver continues until rounding stops it.
public struct StoppingRule: Sendable, Hashable, CustomStringConvertible {
  /// Stop where the residual is at most this times the right-hand side.
  public var relative: Double
  /// Stop where the residual is at most this.
  public var absolute: Double
  /// Nil: ten times the dimension plus 100. In exact arithmetic a Krylov method needs at most the
  /// dimension.
  public var iterations: Int?

  /// A rule that stops as soon as one of the two tolerances is met.
  public init(relative: Double = 1e-10, absolute: Double = 0, iterations: Int? = nil) {
    self.relative = relative
    self.absolute = absolute
    self.iterations = iterations
  }

  public var description: String {
    var parts = ["relative \(relative)"]
    if absolute > 0 { parts.append("absolute \(absolute)") }
    if let iterations { parts.append("\(iterations) iterations") }
    return parts.joined(separator: ", ")
  }

  func target(_ size: Double) -> Double { Swift.max(relative * size, absolute) }

  func limit(_ dimension: Int) -> Int { iterations ?? 10 * dimension + 100 }

  func validate() throws {
    for (name, value) in [("relative", relative), ("absolute", absolute)] {
      guard value >= 0, value < .infinity else {
        throw LinearSolverError.setting(
          "the \(name) tolerance is \(value)", remedy: "it must be finite and at least 0")
      }
    }
    if let iterations, iterations < 0 {
      throw LinearSolverError.setting("\(iterations) iterations", remedy: "at least 0 are needed")
    }
  }
}
