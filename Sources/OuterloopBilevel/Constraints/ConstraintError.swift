public import OuterloopText

/// Why a constraint cannot be built, or a vector cannot be projected onto it.
public enum ConstraintError: ExplainedError, Hashable {
  /// A bound is NaN, or excludes every finite number; `index` is nil for a scalar bound.
  case invalidBound(name: String, index: Int?, value: Double)
  /// `lower > upper`; `index` is nil when both bounds are scalars.
  case emptyBox(index: Int?, lower: Double, upper: Double)
  /// Per-coordinate bounds of different counts.
  case boundCounts(lower: Int, upper: Int)
  /// A total, radius or cap that is negative or NaN, or infinite where it must be finite.
  case invalidSize(name: String, value: Double)
  /// `count` coordinates of at most `upper` cannot sum to `total`.
  case infeasibleTotal(total: Double, upper: Double, count: Int)
  /// The bounds are for `expected` coordinates, the vector has `found`.
  case countMismatch(expected: Int, found: Int)
  /// An entry to project is NaN or infinite.
  case notFinite(index: Int, value: Double)
}

extension ConstraintError {
  public var what: String { parts.what }
  public var remedy: String { parts.remedy }

  private var parts: (what: String, remedy: String) {
    switch self {
    case .invalidBound(let name, let index, let value):
      return (
        "bound `\(name)\(Self.subscripted(index))` is \(value)",
        "use a number, -infinity for no lower bound or +infinity for no upper bound"
      )
    case .emptyBox(let index, let lower, let upper):
      let at = Self.subscripted(index)
      return (
        "`lower\(at)` = \(lower) exceeds `upper\(at)` = \(upper)", "swap or widen the bounds"
      )
    case .boundCounts(let lower, let upper):
      return (
        "`lower` has \(lower) entries and `upper` has \(upper)",
        "give one bound per coordinate on both sides, or `.all(value)` on one"
      )
    case .invalidSize(let name, let value):
      return (
        "`\(name)` is \(value)",
        value == .infinity
          ? "use a finite value, or `.box` or `.none` for a sum without limit"
          : "use a number that is zero or more"
      )
    case .infeasibleTotal(let total, let upper, let count):
      return (
        "\(count) coordinates of at most \(upper) cannot sum to \(total)",
        "lower `total`, raise `upper`, or ask for a sum of at most `total`"
      )
    case .countMismatch(let expected, let found):
      return (
        "the bounds are for \(expected) coordinates and the vector has \(found)",
        "build the constraint with \(found) bounds, or with scalar ones"
      )
    case .notFinite(let index, let value):
      return (
        "entry \(index) to project is \(value)",
        "lower the outer step size, clip the hypergradient, or look for a diverged inner run"
      )
    }
  }

  private static func subscripted(_ index: Int?) -> String {
    index.map { "[\($0)]" } ?? ""
  }
}
