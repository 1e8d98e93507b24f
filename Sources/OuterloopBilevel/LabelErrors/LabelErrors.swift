/// Which labels are probably wrong, and the likely correct ones.
public struct LabelErrors: Sendable, Equatable {
  /// Rows and classes.
  public let rows, classes: Int
  /// The probability that the label of each row is wrong; 0 for trusted rows.
  public let probabilities: [Double]
  /// The most probable class of each row.
  public let likely: [Int32]
  /// P(class k | row, its label), (rows, classes), row-major.
  public let posterior: [Double]
  /// P(class k | row) without its label, by models that have not seen it, (rows, classes).
  public let prediction: [Double]
  /// P(label j | class k) of labels that are not trusted, (classes, classes), row-major.
  public let noise: [Double]
  /// The expected number of wrong labels.
  public let expectedWrong: Double
  /// Rows to check, the most probable first.
  public let suspicious: [Int]

  init(
    labels: [Int32], classes: Int, posterior: [Double], prediction: [Double], noise: [Double],
    trusted: [Bool]
  ) {
    rows = labels.count
    self.classes = classes
    self.posterior = posterior
    self.prediction = prediction
    self.noise = noise
    var wrong = [Double](repeating: 0, count: labels.count)
    var likely = labels
    for row in labels.indices where !trusted[row] {
      let start = row * classes
      let label = Int(labels[row])
      // Summed, not 1 - P: probabilities near 0 keep their order.
      var most = label
      for k in 0..<classes {
        if k != label { wrong[row] += posterior[start + k] }
        if posterior[start + k] > posterior[start + most] { most = k }
      }
      likely[row] = Int32(most)
    }
    probabilities = wrong
    self.likely = likely
    expectedWrong = wrong.reduce(0, +)
    suspicious = Self.largestExpectedF1(wrong, expected: expectedWrong)
  }

  /// The set of rows with the largest expected F1, 2 sum_(i in S) p_i / (|S| + sum_i p_i): those of
  /// largest probability, as many as maximise that ratio. That is every row above half of the F1
  /// itself (Lipton et al. 2014), so the threshold is lower where most rows are doubtful.
  private static func largestExpectedF1(_ wrong: [Double], expected: Double) -> [Int] {
    let order = wrong.indices.sorted { (wrong[$1], $0) < (wrong[$0], $1) }
    var (sum, best, count) = (0.0, 0.0, 0)
    for (place, row) in order.enumerated() {
      sum += wrong[row]
      let f1 = 2 * sum / (Double(place + 1) + expected)
      if f1 > best { (best, count) = (f1, place + 1) }
    }
    return Array(order.prefix(count))
  }
}
