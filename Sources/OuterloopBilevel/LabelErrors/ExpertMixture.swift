/// Several experts as one: the class of a row comes from expert e with probability w_e.
///
///     P(y_i) = sum_e w_e sum_k p_e,i[k] T[k, y_i]
///
/// The weights w and the transition T are those of largest posterior, by expectation-maximisation, as in
/// `NoiseTransition`; the experts keep their own scales.
struct ExpertMixture: Sendable {
  let weights: [Double]
  /// P(class k | row i and its label), (n, classes).
  let posterior: [Double]
  /// P(class k | row i without its label), (n, classes).
  let prediction: [Double]
  let noise: NoiseTransition

  init(_ experts: [LabelExpert], labels: [Int32], trusted: [Bool], classes: Int) {
    let parts = experts.map { $0.noise.probabilities($0.logits) }
    var weights = [Double](repeating: 1 / Double(experts.count), count: experts.count)
    var noise = experts.max { $0.noise.logLikelihood < $1.noise.logLikelihood }!.noise
    var mixed = Self.mixed(parts, weights)
    for _ in 0..<(experts.count > 1 ? 30 : 0) {
      var share = [Double](repeating: 0, count: experts.count)
      var counts = [Double](repeating: 0, count: classes * classes)
      for (row, label) in labels.enumerated() {
        func given(_ k: Int) -> Double {
          trusted[row]
            ? (k == Int(label) ? 1 : 0) : noise.probability(of: Int(label), given: k)
        }
        var total = 0.0
        var own = [Double](repeating: 0, count: experts.count)
        for k in 0..<classes {
          let likelihood = given(k)
          for e in own.indices { own[e] += weights[e] * parts[e][row * classes + k] * likelihood }
        }
        total = max(1e-300, own.reduce(0, +))
        for e in own.indices { share[e] += own[e] / total }
        guard !trusted[row] else { continue }
        for k in 0..<classes {
          counts[k * classes + Int(label)] += mixed[row * classes + k] * given(k) / total
        }
      }
      weights = share.map { $0 / Double(labels.count) }
      noise = noise.replacingMatrix(counts: counts)
      mixed = Self.mixed(parts, weights)
    }
    self.weights = weights
    self.noise = noise
    prediction = mixed
    posterior = noise.posterior(mixed, labels: labels, trusted: trusted)
  }

  private static func mixed(_ parts: [[Double]], _ weights: [Double]) -> [Double] {
    var result = parts[0]
    for index in result.indices {
      result[index] = zip(weights, parts).reduce(0) { $0 + $1.0 * $1.1[index] }
    }
    return result
  }
}
