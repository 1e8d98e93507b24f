internal import OuterloopNumerics
private import OuterloopPlatform

/// Expected improvement as the published codes compute it, in its plain form:
///
///     EI = (mean - f) Phi(z) + sigma phi(z),   z = (mean - f) / sigma
///
/// Far below f it is 0, so that many candidates may be tied: the first of them is taken.
enum PublishedImprovement {
  /// - Parameters:
  ///   - deviation: at deviation 0 the improvement is `certain`: 0 in DyHPO, and in DPL half of the difference, as z
  ///     is 0 then.
  static func value(
    mean: Double, deviation: Double, best: Double,
    certain: (_ difference: Double) -> Double = { _ in 0 }
  ) -> Double {
    let difference = mean - best
    guard deviation > 0 else { return certain(difference) }
    let z = difference / deviation
    return difference * 0.5 * erfc(-z * 0.5.squareRoot()) + deviation
      * exp(StandardNormal.logDensity(z))
  }

  /// The first index of the largest value; nil if there is none, or if one is NaN.
  static func first(of scores: [Double]) -> Int? {
    var best: Int?
    for place in scores.indices
    where best.map({ scores[place] > scores[$0] }) ?? !scores[place].isNaN {
      best = place
    }
    return best
  }
}
