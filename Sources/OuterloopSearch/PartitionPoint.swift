extension Range<Int> {
  /// The first number for which `isBefore` does not hold, or the upper bound; it must hold for every
  /// number before it, and for none from it on.
  ///
  /// - Complexity: O(log n), by bisection.
  @inline(__always)
  package func partitionPoint(where isBefore: (Int) -> Bool) -> Int {
    var (low, high) = (lowerBound, upperBound)
    while low < high {
      let middle = (low + high) / 2
      if isBefore(middle) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
