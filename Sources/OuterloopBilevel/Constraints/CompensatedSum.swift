/// A running sum that accumulates its rounding errors separately: its error is about one rounding
/// of the result, for any number of terms.
///
/// Source: Neumaier 1974 ("improved Kahan-Babuska").
struct CompensatedSum {
  private var sum = 0.0
  private var correction = 0.0

  /// The sum so far; infinite if it overflowed.
  var value: Double { sum.isFinite ? sum + correction : sum }

  mutating func add(_ term: Double) {
    let next = sum + term
    correction +=
      abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }
}
