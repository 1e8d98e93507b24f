/// A step along a descent direction that meets the strong Wolfe conditions
///
///     f(a) <= f(0) + c1 a f'(0)        |f'(a)| <= c2 |f'(0)|         c1 = 1e-4, c2 = 0.9
///
/// by bracketing and cubic interpolation (Nocedal & Wright 2006, Alg. 3.5, 3.6).
///
/// Departures: a trial with NaN or infinity bounds the bracket, and the search backtracks. Values are
/// compared up to `noise`, their rounding: near a minimum, where all values are equal up to rounding,
/// only the slopes decide (in the spirit of the approximate Wolfe conditions, Hager & Zhang 2005).
///
/// Cost: usually one evaluation, at most `limit`.
struct WolfeSearch {
  /// f(0) and f'(0) < 0
  var value, slope: Double
  /// Differences of values up to this are rounding.
  var noise: Double
  var limit = 60

  enum End: Equatable {
    /// The last trial is the step.
    case accepted
    /// The value decreases without bound; the last trial is the farthest.
    case unbounded
    /// No such step; `isFlat` if rounding may be why.
    case failed(isFlat: Bool)
  }

  private struct Trial {
    var step, value, slope: Double
    var isFinite: Bool { value.isFinite && slope.isFinite }
  }

  private static let decrease = 1e-4
  private static let curvature = 0.9

  func run(from first: Double, evaluate: (Double) throws -> (Double, Double)) rethrows -> End {
    /// The best point so far at which the function still decreases towards `far`.
    var near = Trial(step: 0, value: value, slope: slope)
    /// The other end of an interval that contains an acceptable step; nil while the bracket grows.
    var far: Trial?
    var step = first
    var isFlat = true
    for _ in 0..<limit {
      let (f, s) = try evaluate(step)
      let trial = Trial(step: step, value: f, slope: s)
      let isAcceptable = f <= value + Self.decrease * step * slope + noise
      if trial.isFinite {
        if isAcceptable, Swift.abs(s) <= Self.curvature * -slope { return .accepted }
        isFlat = isFlat && Swift.abs(f - value) <= 1e3 * noise
      }
      if !trial.isFinite || !isAcceptable || f > near.value + noise {
        far = trial
      } else if far == nil, s < 0 {
        // Still decreasing: farther out, at the extrapolated root of the slope.
        let root = step + s * (step - near.step) / (near.slope - s)
        near = trial
        step = root > step ? Swift.min(Swift.max(root, 1.1 * step), 4 * step) : 4 * step
        if !step.isFinite { return .unbounded }
        continue
      } else {
        if s * ((far?.step ?? near.step + 1) - near.step) >= 0 || far == nil { far = near }
        near = trial
      }
      guard let far else { continue }
      let width = Swift.abs(far.step - near.step)
      if width <= 2 * Double.ulpOfOne * Swift.max(near.step, far.step) { break }
      step = Self.between(near, far)
    }
    if far == nil, near.step > 0 { return .unbounded }
    return .failed(isFlat: isFlat)
  }

  /// The minimum of the cubic through both ends, kept off the ends by a tenth of the interval.
  private static func between(_ a: Trial, _ b: Trial) -> Double {
    let width = b.step - a.step
    guard b.isFinite else { return a.step + 0.2 * width }
    let d1 = a.slope + b.slope - 3 * (b.value - a.value) / width
    let square = d1 * d1 - a.slope * b.slope
    var share = 0.5
    if square >= 0 {
      let d2 = width > 0 ? square.squareRoot() : -square.squareRoot()
      let root = 1 - (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2)
      if root.isFinite { share = root }
    }
    return a.step + Swift.min(Swift.max(share, 0.1), 0.9) * width
  }
}
