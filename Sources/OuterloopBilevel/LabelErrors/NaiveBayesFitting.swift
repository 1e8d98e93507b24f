internal import OuterloopPlatform

/// Multinomial naive Bayes, cross-fitted: for texts, whose rows are counts or weights of words.
///
/// With q_i[k] the probability that row i is of class k, m the mean of the values that are not 0, and a
/// the smoothing, the model of fold f is
///
///     S[k, w]      =  sum_(i outside f) q_i[k] x_i[w]
///     theta[k, w]  =  (S[k, w] + a m) / sum_w (S[k, w] + a m)
///     z_i[k]       =  log sum_(i outside f) q_i[k]  +  sum_w x_i[w] log theta[k, w]
///
/// It is strongly overconfident; the scale of `NoiseTransition` corrects that.
///
/// - Time: two products of the stored values with K columns, and columns x K x folds logarithms.
/// - Memory: 3 x columns x K floats.
struct NaiveBayesFitting: CrossFitted {
  let given: GivenLabels
  private let x: SparseRows
  private let unit: Float
  /// The rows of each fold.
  private let parts: [[Int]]

  struct Models: Sendable {}
  let start = Models()

  /// nil for rows with negative values, or with none.
  init?(_ x: SparseRows, _ given: GivenLabels, folds: Int, foldOfRow: [Int32]) {
    guard let mean = x.meanOfPositive else { return nil }
    self.x = x
    self.given = given
    unit = Float(mean)
    var parts = [[Int]](repeating: [], count: folds)
    for (row, fold) in foldOfRow.enumerated() { parts[Int(fold)].append(row) }
    self.parts = parts
  }

  func fit(
    _ belief: GivenLabels.Belief, smoothing: Double, from models: Models
  ) -> (models: Models, logits: [Double]) {
    let classes = given.classes
    let q = given.memberships(belief)
    let whole = x.transposedTimes(q, classes)
    let wholeSizes = sizes(q, 0..<x.rows)
    var logits = [Double](repeating: 0, count: x.rows * classes)
    for part in parts {
      var theta = x.transposedTimes(q, classes, part: part)
      var totals = [Float](repeating: 0, count: classes)
      let least = Float(smoothing) * unit
      for start in stride(from: 0, to: theta.count, by: classes) {
        for k in 0..<classes {
          // By rounding, a difference of sums can be negative.
          theta[start + k] = max(0, whole[start + k] - theta[start + k]) + least
          totals[k] += theta[start + k]
        }
      }
      for k in 0..<classes { totals[k] = log(totals[k]) }
      for start in stride(from: 0, to: theta.count, by: classes) {
        for k in 0..<classes { theta[start + k] = log(theta[start + k]) - totals[k] }
      }
      let likelihoods = x.times(theta, classes, part: part)
      let partSizes = sizes(q, part)
      for row in part {
        for k in 0..<classes {
          let size = max(0, wholeSizes[k] - partSizes[k])
          logits[row * classes + k] = log(size + 0.5) + Double(likelihoods[row * classes + k])
        }
      }
    }
    return (models, logits)
  }

  private func sizes(_ q: [Float], _ rows: some Sequence<Int>) -> [Double] {
    var result = [Double](repeating: 0, count: given.classes)
    for row in rows {
      for k in result.indices { result[k] += Double(q[row * given.classes + k]) }
    }
    return result
  }
}
