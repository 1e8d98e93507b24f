internal import OuterloopPlatform
internal import OuterloopStudy

/// Chooses the next value of a branching parameter: each value is an arm of a bandit, evaluated by the
/// smallest loss that the arm can reach, not by how often it was good.
///
/// TPE as published gives a value l / g, the odds that a trial with it is good. This measures how good
/// the branch is *now*, with its own parameters hardly searched, and it is self-reinforcing: good
/// trials come from where trials go. What matters is the best value that a branch can lead to: a bandit
/// for maxima instead of means (Nguyen et al. 2020 for categories with own parameters; Li et al. 2020
/// and Balef et al. 2025 for the choice of algorithms).
///
/// *What an arm can reach.* Near its minimum a, a loss at random points has the distribution function
/// ((y - a) / s)^k, with k = d / 2 for a quadratic minimum in d dimensions. Then of the m smallest losses
/// y_1 <= ... <= y_m of the arm
///
///     T = ((y_1 - a) / (y_m - a))^k   has the distribution of   1 - U^(1 / (m - 1)),   U uniform,
///
/// independent of a and s (a ratio of order statistics of uniform numbers; de Haan 1981 bounds a
/// minimum by it, for m = 2). Solving for a gives a draw of the minimum,
///
///     a = y_1 - (y_m - y_1) r / (1 - r),   r = T^(1 / k),
///
/// and the arm with the smallest draw is chosen: Thompson sampling. It is equivariant under a y + b, and
/// parallel proposals differ. The improvement of the draw on the best loss of all is the arm's potential;
/// costs and priors weight it like an expected improvement. Points of a search are not random: they cluster
/// where it converges, y_m approaches y_1, and the arm's potential vanishes.
///
/// *Forced exploration.* No statistic of few trials can reveal an optimum in a narrow region of an arm. So
/// an arm with fewer than f(u) of the n trials comes first, u = n / 2K being an even share of half of the
/// trials among K arms: f(u) = u up to the number m0 of startup trials, sqrt(m0 u) beyond. (Forced
/// exploration as the square root of n is that of Garivier and Kaufmann 2016.) At 60 trials and three arms
/// that is 10, at 1,000 it is 40.
///
/// O(K) a proposal.
package struct BranchAllocation: Sendable {
  struct Arm: Sendable {
    /// The number of its trials, including running ones, without those that are ignored.
    var trials = 0
    /// Losses of feasible complete trials.
    var losses = Sample()
    /// Violations of the others.
    var violations = Sample()
    /// The number of known costs, and the sum of their logarithms.
    var costs = 0
    var logCosts = 0.0
  }

  struct Sample: Sendable {
    var count = 0
    /// The smallest ones, ascending, at most `most` of them.
    var least: [Double] = []

    mutating func insert(_ value: Double) {
      guard value.isFinite else { return }
      count += 1
      let place = least.firstIndex { $0 > value } ?? least.count
      guard place < BranchAllocation.most else { return }
      least.insert(value, at: place)
      if least.count > BranchAllocation.most { least.removeLast() }
    }
  }

  /// The fraction of the smallest losses that is used: a quarter, at least two.
  private static let share = 4
  private static let most = 10

  /// The dimension of each arm.
  private let dimensions: [Double]
  private(set) var arms: [Arm]
  private let startup: Int

  /// - Parameter dimensions: for each arm the number of parameters that matter.
  package init(dimensions: [Int], startup: Int) {
    self.dimensions = dimensions.map { Double(max($0, 1)) }
    self.startup = startup
    arms = dimensions.map { _ in Arm() }
  }

  mutating func count(_ arm: Int, _ change: Int) { arms[arm].trials += change }

  /// Adds a result. NaN and infinities only count as a trial.
  package mutating func insert(loss: Double, in arm: Int) { arms[arm].losses.insert(loss) }

  mutating func insert(violation: Double, in arm: Int) { arms[arm].violations.insert(violation) }

  mutating func insert(cost: Double, in arm: Int) {
    arms[arm].costs += 1
    arms[arm].logCosts += log(cost)
  }

  /// The arms in order of preference.
  ///
  /// - Parameters:
  ///   - costWeight: the weight of cost, 0 to 1.
  ///   - weights: the log weight of each arm's potential.
  package func preference(
    costWeight: Double = 0, weights: [Double]? = nil, _ uniform: () -> Double
  ) -> [Int] {
    // As long as nothing is feasible, the smallest violation is best.
    let isFeasible = arms.contains { $0.losses.count > 0 }
    let samples = arms.map { isFeasible ? $0.losses : $0.violations }
    let draws = arms.indices.map { reach(of: samples[$0], dimensions[$0], uniform()) }
    let best = samples.compactMap(\.least.first).min() ?? .infinity
    // log of the drawn improvement per cost: arms without improvement come last.
    let promises = arms.indices.map { arm in
      let gain = draws[arm] < best ? log(best - draws[arm]) : -.infinity
      return gain + (weights?[arm] ?? 0) - costWeight * relativeLogCost(of: arm)
    }
    let least = floor(arms.reduce(0) { $0 + $1.trials })
    return arms.indices.sorted { a, b in
      let (trials, others) = (arms[a].trials, arms[b].trials)
      let (isShort, isOtherShort) = (Double(trials) < least, Double(others) < least)
      if isShort != isOtherShort { return isShort }
      if isShort, trials != others { return trials < others }
      if promises[a] != promises[b] { return promises[a] > promises[b] }
      return (draws[a], trials, a) < (draws[b], others, b)
    }
  }

  /// The mean log cost of an arm relative to that of all trials; 0 where none is known.
  private func relativeLogCost(of arm: Int) -> Double {
    guard arms[arm].costs > 0 else { return 0 }
    let all = arms.reduce((count: 0, sum: 0.0)) { ($0.count + $1.costs, $0.sum + $1.logCosts) }
    return arms[arm].logCosts / Double(arms[arm].costs) - all.sum / Double(all.count)
  }

  /// The smallest number of trials of each arm, out of `trials`.
  private func floor(_ trials: Int) -> Double {
    let even = Double(trials) / Double(2 * arms.count)
    let first = Double(startup)
    return even <= first ? even : (first * even).squareRoot()
  }

  /// A draw of the smallest value that an arm can reach; infinite if nothing is known.
  private func reach(of sample: Sample, _ dimensions: Double, _ uniform: Double) -> Double {
    guard let best = sample.least.first else { return .infinity }
    let count = min(max((sample.count + Self.share - 1) / Self.share, 2), Self.most)
    guard sample.least.count >= count else { return best }
    let ratio = 1 - pow(uniform, 1 / Double(count - 1))
    let root = pow(ratio, 2 / dimensions)
    guard root < 1 else { return -.infinity }
    return best - (sample.least[count - 1] - best) * root / (1 - root)
  }
}
