/// The tolerance of update k = 1, 2, ...: `max(floor, initial d(k))`.
///
/// Convergence with inexact gradients requires a finite sum of the tolerances; all but `constant`
/// have one.
public struct ToleranceSchedule: Sendable, Hashable, CustomStringConvertible {
  enum Decrease: Sendable, Hashable {
    case constant, quadratic, cubic
    case exponential(factor: Double)
  }
  let decrease: Decrease
  /// The tolerance at the first update.
  public let initial: Double
  /// The least tolerance.
  public let floor: Double

  /// `1 / k^2`
  public static func quadratic(initial: Double = 1e-3, floor: Double = 1e-12) -> Self {
    Self(decrease: .quadratic, initial: initial, floor: floor)
  }

  /// `1 / k^3`
  public static func cubic(initial: Double = 1e-3, floor: Double = 1e-12) -> Self {
    Self(decrease: .cubic, initial: initial, floor: floor)
  }

  /// `factor^(k - 1)`
  public static func exponential(
    factor: Double = 0.9, initial: Double = 1e-3, floor: Double = 1e-12
  ) -> Self {
    Self(decrease: .exponential(factor: factor), initial: initial, floor: floor)
  }

  /// The same for every update: nearly exact hypergradients, if it is small.
  public static func constant(_ tolerance: Double) -> Self {
    Self(decrease: .constant, initial: tolerance, floor: tolerance)
  }

  /// - Parameter update: k, from 1.
  public func tolerance(_ update: Int) -> Double {
    let k = Double(Swift.max(update, 1))
    let share =
      switch decrease {
      case .constant: 1.0
      case .quadratic: 1 / (k * k)
      case .cubic: 1 / (k * k * k)
      case .exponential(let factor): Self.power(factor, Swift.max(update, 1) - 1)
      }
    return Swift.max(floor, initial * share)
  }

  /// As a product, term by term, until it stops changing.
  private static func power(_ factor: Double, _ exponent: Int) -> Double {
    if factor.magnitude == 1 { return exponent % 2 == 0 ? 1 : factor }
    var product = 1.0
    for _ in 0..<Swift.min(exponent, 1 << 24) {
      product *= factor
      if product == 0 || !product.isFinite { break }
    }
    return product
  }

  public var description: String {
    switch decrease {
    case .constant: "constant \(initial)"
    case .quadratic: "quadratic from \(initial)"
    case .cubic: "cubic from \(initial)"
    case .exponential(let factor): "exponential by \(factor) from \(initial)"
    }
  }

  /// What is wrong with the settings, if anything.
  var fault: String? {
    guard initial > 0, initial < .infinity, floor >= 0, floor <= initial else {
      return "tolerances from \(initial) down to \(floor)"
    }
    if case .exponential(let factor) = decrease, !(factor > 0 && factor < 1) {
      return "tolerances that fall by a factor of \(factor)"
    }
    return nil
  }
}
