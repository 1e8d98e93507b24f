/// The kernels of a categorical parameter with C choices. The kernel of observation i gives choice
/// c
///
///     ([c = obs_i] + a) / (1 + C a),   a = prior weight / (k + 1);
///
/// the prior's, the last of k + 1, is uniform.
struct CategoricalKernels: Sendable {
  let choices: Int
  let observed: [Int]
  /// The probability of the observed choice, and of each other one.
  let same: Double
  let other: Double

  init(choices: Int, values: [Double], priorWeight: Double) {
    self.choices = choices
    observed = values.map { min(max(Int($0), 0), choices - 1) }
    (same, other) = Self.probabilities(
      choices: choices, count: values.count, priorWeight: priorWeight)
  }

  static func probabilities(
    choices: Int, count: Int, priorWeight: Double
  ) -> (same: Double, other: Double) {
    let share = priorWeight / Double(count + 1)
    let total = 1 + Double(choices) * share
    return ((1 + share) / total, share / total)
  }

  /// The u-quantile of the kernel of an observation among `count`: a row that is `other` everywhere
  /// but at the observed choice.
  static func draw(
    choices: Int, count: Int, priorWeight: Double, observed: Int, _ u: Double
  ) -> Double {
    let (same, other) = probabilities(choices: choices, count: count, priorWeight: priorWeight)
    let before = Double(observed) * other
    let place =
      u < before
      ? u / other : u < before + same ? Double(observed) : 1 + (u - same) / max(other, 1e-300)
    return min(place, Double(choices - 1)).rounded(.down)
  }

  func probability(of choice: Int, under kernel: Int) -> Double {
    guard kernel < observed.count else { return 1 / Double(choices) }
    return observed[kernel] == choice ? same : other
  }

  func probabilities(under kernel: Int) -> [Double] {
    (0..<choices).map { probability(of: $0, under: kernel) }
  }
}
