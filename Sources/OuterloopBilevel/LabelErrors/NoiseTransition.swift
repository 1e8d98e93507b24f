internal import OuterloopPlatform

/// The label noise: T[k, j] is the probability that an example of class k is labelled j.
///
/// Given logits z_i of models that have not seen row i, the labels y_i are explained by
///
///     P(y_i) = sum_k softmax(s z_i)[k] T[k, y_i]
///
/// with a scale s, because a regularised model is underconfident: without it the model's uncertainty
/// would already explain wrong labels as those of uncertain rows, and no noise would be found. s and
/// T are those of largest posterior, by expectation-maximisation (Dempster, Laird, Rubin 1977):
///
///     q_i[k]  =  softmax(s z_i)[k] T[k, y_i] / P(y_i)              the class of row i
///     T[k, :] =  sum_i q_i[k] e_(y_i) + m T0[k, :],  normalised     T0: the pooled rate, spread evenly
///     log s   :  a Newton step of sum_i sum_k q_i[k] log softmax(s z_i)[k]
///
/// m = K pseudo-examples per class regularise the rates of rare classes. For trusted rows the class
/// is the label: they determine s, and say nothing about T.
///
/// - Time: O(n K) exponentials an iteration, at most 40 iterations from each of two starts.
struct NoiseTransition: Sendable {
  let classes: Int
  /// Row-major.
  private(set) var matrix: [Double]
  private(set) var scale: Double
  /// log P of the labels, summed over rows.
  private(set) var logLikelihood = -Double.infinity

  /// log T[k, y], for the evidence of a row with label y.
  func logProbability(of label: Int, given k: Int) -> Double {
    log(max(matrix[k * classes + label], 1e-12))
  }

  /// P(label | class k).
  func probability(of label: Int, given k: Int) -> Double { matrix[k * classes + label] }

  /// P(class k | row, label), (n, classes), from P(class k | row).
  func posterior(_ prediction: [Double], labels: [Int32], trusted: [Bool]) -> [Double] {
    var result = prediction
    for (row, label) in labels.enumerated() {
      let start = row * classes
      var sum = 0.0
      for k in 0..<classes {
        result[start + k] *=
          trusted[row] ? (k == Int(label) ? 1 : 0) : matrix[k * classes + Int(label)]
        sum += result[start + k]
      }
      guard sum > 0 else {
        for k in 0..<classes { result[start + k] = k == Int(label) ? 1 : 0 }
        continue
      }
      for k in 0..<classes { result[start + k] /= sum }
    }
    return result
  }

  /// The same scale with T from expected counts of (class, label).
  func replacingMatrix(counts: [Double]) -> NoiseTransition {
    var copy = self
    copy.matrix = Self.rates(counts, classes)
    return copy
  }

  private init(classes: Int, scale: Double, kept: Double) {
    self.classes = classes
    self.scale = scale
    matrix = [Double](
      repeating: (1 - kept) / Double(max(1, classes - 1)), count: classes * classes)
    for k in 0..<classes { matrix[k * classes + k] = kept }
  }

  /// The best explanation of the labels from two starts.
  init(logits: [Double], labels: [Int32], trusted: [Bool], classes: Int) {
    var centred = logits
    for row in labels.indices {
      let range = row * classes..<(row + 1) * classes
      let mean = centred[range].reduce(0, +) / Double(classes)
      for index in range { centred[index] -= mean }
    }
    self.init(classes: classes, scale: 1, kept: 0.8)
    for scale in [1.0, 3.0] {
      var candidate = NoiseTransition(classes: classes, scale: scale, kept: 0.8)
      candidate.climb(centred, labels, trusted)
      if candidate.logLikelihood > logLikelihood + 1e-6 { self = candidate }
    }
  }

  /// softmax(s z) of every row.
  func probabilities(_ logits: [Double]) -> [Double] {
    var result = logits
    result.withUnsafeMutableBufferPointer { z in
      for start in stride(from: 0, to: z.count, by: classes) {
        var largest = -Double.infinity
        for k in start..<start + classes { largest = max(largest, z[k]) }
        var sum = 0.0
        for k in start..<start + classes {
          z[k] = exp(scale * (z[k] - largest))
          sum += z[k]
        }
        for k in start..<start + classes { z[k] /= sum }
      }
    }
    return result
  }

  private mutating func climb(_ logits: [Double], _ labels: [Int32], _ trusted: [Bool]) {
    var last = -Double.infinity
    for iteration in 0..<40 {
      let step = expectation(logits, labels, trusted)
      logLikelihood = step.logLikelihood
      if iteration > 4, logLikelihood - last < 1e-5 * Double(labels.count) { break }
      last = logLikelihood
      matrix = Self.rates(step.counts, classes)
      scale = min(50, max(0.05, scale * exp(step.logScaleStep)))
    }
  }

  /// One pass: the likelihood at the present s and T, the expected counts of (class, label), and the
  /// Newton step of log s.
  private func expectation(
    _ logits: [Double], _ labels: [Int32], _ trusted: [Bool]
  ) -> (logLikelihood: Double, counts: [Double], logScaleStep: Double) {
    var total = 0.0
    var counts = [Double](repeating: 0, count: classes * classes)
    // With E, V the mean and variance of z under softmax(s z):  d = s (E_q z - E),  dd = s^2 V - d.
    var slope = 0.0
    var curvature = 0.0
    var p = [Double](repeating: 0, count: classes)
    logits.withUnsafeBufferPointer { z in
      for row in labels.indices {
        let start = row * classes
        let label = Int(labels[row])
        var largest = -Double.infinity
        for k in 0..<classes { largest = max(largest, z[start + k]) }
        var sum = 0.0
        for k in 0..<classes {
          p[k] = exp(scale * (z[start + k] - largest))
          sum += p[k]
        }
        var (mean, square, likelihood, meanGiven) = (0.0, 0.0, 0.0, 0.0)
        for k in 0..<classes {
          p[k] /= sum
          let value = z[start + k]
          mean += p[k] * value
          square += p[k] * value * value
          let given = trusted[row] ? (k == label ? 1 : 0) : matrix[k * classes + label]
          p[k] *= given
          likelihood += p[k]
          meanGiven += p[k] * value
        }
        likelihood = max(likelihood, 1e-300)
        total += log(likelihood)
        if !trusted[row] {
          for k in 0..<classes { counts[k * classes + label] += p[k] / likelihood }
        }
        slope += scale * (meanGiven / likelihood - mean)
        curvature += scale * scale * (square - mean * mean)
      }
    }
    let bend = curvature - slope > 1e-9 ? curvature - slope : curvature + 1e-9
    return (total, counts, min(0.5, max(-0.5, slope / bend)))
  }

  /// T from expected counts, shrunk towards the pooled rate.
  private static func rates(_ counts: [Double], _ classes: Int) -> [Double] {
    let all = counts.reduce(0, +)
    var wrong = all
    for k in 0..<classes { wrong -= counts[k * classes + k] }
    let rate = min(0.95, (wrong + 0.3) / (all + 0.6))
    let pseudo = Double(classes)
    var result = counts
    for k in 0..<classes {
      var sum = 0.0
      for j in 0..<classes {
        let prior = k == j ? 1 - rate : rate / Double(max(1, classes - 1))
        result[k * classes + j] += pseudo * prior
        sum += result[k * classes + j]
      }
      for j in 0..<classes { result[k * classes + j] /= sum }
    }
    return result
  }
}
