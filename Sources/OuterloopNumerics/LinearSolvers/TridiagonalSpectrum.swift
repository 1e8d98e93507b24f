/// The extreme eigenvalues of a symmetric tridiagonal matrix with the given diagonal and off-diagonal
/// (one shorter), by bisection on the number of negative pivots of `T - x I` (Sturm sequences;
/// Golub & Van Loan 2013, 8.4.1).
///
/// For the coefficients of a Lanczos process these Ritz values lie within the spectrum of A, and the
/// extreme ones are the first to converge.
///
/// Time: O(k) for each of about 2 x 60 bisections. Memory: none.
struct TridiagonalSpectrum {
  let least, largest: Double

  init?(diagonal: [Double], offDiagonal: [Double]) {
    guard !diagonal.isEmpty, offDiagonal.count == diagonal.count - 1 else { return nil }
    // Gershgorin's discs.
    var (low, high) = (Double.infinity, -Double.infinity)
    for index in diagonal.indices {
      let radius =
        (index > 0 ? Swift.abs(offDiagonal[index - 1]) : 0)
        + (index < offDiagonal.count ? Swift.abs(offDiagonal[index]) : 0)
      low = Swift.min(low, diagonal[index] - radius)
      high = Swift.max(high, diagonal[index] + radius)
    }
    guard low.isFinite, high.isFinite else { return nil }

    /// How many eigenvalues are below x.
    func below(_ x: Double) -> Int {
      var negative = 0
      var pivot = 1.0
      for index in diagonal.indices {
        let off = index > 0 ? offDiagonal[index - 1] : 0
        pivot = diagonal[index] - x - (index > 0 ? off * off / pivot : 0)
        if pivot == 0 { pivot = -Double.leastNormalMagnitude.squareRoot() }
        if pivot < 0 { negative += 1 }
      }
      return negative
    }
    /// The least x below which there are more than `count` eigenvalues.
    func eigenvalue(above count: Int) -> Double {
      var (a, b) = (low, high)
      for _ in 0..<200 {
        let middle = a + (b - a) / 2
        if middle <= a || middle >= b { break }
        if below(middle) > count { b = middle } else { a = middle }
        // Relative to the eigenvalue itself: the least one of a badly conditioned matrix counts.
        if b - a <= 1e-10 * Swift.max(Swift.abs(a), Swift.abs(b)) { break }
      }
      return a + (b - a) / 2
    }
    least = eigenvalue(above: 0)
    largest = eigenvalue(above: diagonal.count - 1)
  }
}
