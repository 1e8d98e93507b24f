private import OuterloopPlatform

/// Independent distributions over the values of several choices, updated by the natural gradient with a trust
/// region that adapts to how steady the gradient is (ASNG, Akimoto, Shirakawa, Yoshinari, Uchida, Saito and
/// Nishida 2019), with a margin so that no value vanishes (CatCMA, Hamano et al. 2024; step by step that of
/// cmaes 0.13.1).
///
///     G = sum over the parents of w_i (onehot(c_i) - q),   delta = 1 / Delta
///     q <- q + delta / |F^(1/2) G| G
///     s <- (1 - beta) s + sqrt(beta (2 - beta)) F^(1/2) G / |F^(1/2) G|,   beta = delta / sqrt(sum (K - 1))
///     gamma <- (1 - beta)^2 gamma + beta (2 - beta)
///     Delta <- Delta exp(beta (gamma - |s|^2 / 1.5))
///
/// and then every probability is raised to at least q_min = alpha / (K - 1), alpha = 1 - .73^(1 / N), N the
/// number of choices and grids together.
struct ChoiceDistribution: Sendable {
  /// A row for each choice, summing to 1.
  private(set) var probabilities: [[Double]]
  private let least: [Double]
  private var path: [Double]
  /// Delta, and delta of the previous update.
  private var inverseRadius = 1.0
  private var stepLength = 1.0
  private var normalization = 0.0

  /// 1 - .73^(1 / N): with N discrete variables one of them changes with a probability of 27 %.
  static func margin(_ discrete: Int) -> Double { 1 - pow(0.73, 1 / Double(discrete)) }

  /// - Parameters:
  ///   - counts: how many values each choice has, at least 2.
  ///   - discrete: N.
  init(counts: [Int], discrete: Int) {
    precondition(counts.allSatisfy { $0 >= 2 })
    probabilities = counts.map { Array(repeating: 1 / Double($0), count: $0) }
    least = counts.map { Self.margin(discrete) / Double($0 - 1) }
    path = [Double](repeating: 0, count: counts.reduce(0) { $0 + $1 - 1 })
  }

  /// A value for each choice. `uniform` gives numbers in [0, 1).
  func draw(_ uniform: () -> Double) -> [Int] {
    probabilities.map { row in
      let u = uniform()
      var sum = 0.0
      for (value, probability) in row.enumerated() {
        sum += probability
        if u < sum { return value }
      }
      return row.count - 1
    }
  }

  /// - Parameters:
  ///   - parents: the values of the parents, best first; nil where a parent has none.
  ///   - weights: the parents' weights, which sum to 1.
  mutating func update(_ parents: [[Int?]], weights: [Double]) {
    guard !probabilities.isEmpty else { return }
    var gradient = probabilities.map { [Double](repeating: 0, count: $0.count) }
    for (choice, row) in probabilities.enumerated() {
      for (parent, weight) in zip(parents, weights) {
        guard let chosen = parent[choice] else { continue }
        for value in row.indices {
          gradient[choice][value] += weight * ((value == chosen ? 1 : 0) - row[value])
        }
      }
    }
    let scaled = zip(probabilities, gradient).flatMap(Self.scaledByRootOfInformation)
    let length = CovarianceAdaptation.squaredLength(scaled).squareRoot()
    // The step length is that of the last update.
    let rate = stepLength / (length + 1e-8)
    for choice in probabilities.indices {
      for value in probabilities[choice].indices {
        probabilities[choice][value] += rate * gradient[choice][value]
      }
    }
    stepLength = 1 / inverseRadius
    let beta = stepLength / Double(path.count).squareRoot()
    let gain = (beta * (2 - beta)).squareRoot()
    for i in path.indices {
      path[i] = (1 - beta) * path[i] + (length > 0 ? gain * scaled[i] / length : 0)
    }
    normalization = (1 - beta) * (1 - beta) * normalization + beta * (2 - beta)
    inverseRadius *= exp(
      beta * (normalization - CovarianceAdaptation.squaredLength(path) / 1.5))
    for choice in probabilities.indices { keepMargin(choice) }
  }

  /// F^(1/2) G of one choice, in its first K - 1 coordinates.
  private static func scaledByRootOfInformation(_ q: [Double], _ gradient: [Double]) -> [Double] {
    let last = q[q.count - 1]
    let sum = gradient.dropLast().reduce(0, +)
    return (0..<q.count - 1).map { k in
      let root = q[k].squareRoot()
      return gradient[k] / root + root * sum / (last + last.squareRoot())
    }
  }

  private mutating func keepMargin(_ choice: Int) {
    let least = least[choice]
    var row = probabilities[choice].map { max($0, least) }
    let sum = row.reduce(0, +)
    let above = sum - least * Double(row.count)
    // Where all are at the margin they are equal.
    if above > 0 { row = row.map { $0 - (sum - 1) * ($0 - least) / above } }
    let total = row.reduce(0, +)
    probabilities[choice] = row.map { $0 / total }
  }
}
