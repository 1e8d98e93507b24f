internal import OuterloopNumerics
private import OuterloopPlatform
public import OuterloopStudy

/// Functional analysis of variance (Hutter, Hoos and Leyton-Brown 2014): how much of the variance of a loss over
/// the whole space is due to one parameter alone. The loss is modelled by a forest of regression trees, whose
/// variances are exact.
///
///     V_i = variance over x_i of the mean of the tree over all other parameters,   importance = mean of V_i / V
///
/// The space is the product of the parameters' domains, uniform on their scales. An inactive parameter has no
/// value: trials in which it is inactive count for all of its values alike (`RegressionTree`), so that its
/// importance is that of its values and not of being active, which belongs to the parameter in its condition;
/// and the more rarely the parameter is active, the smaller it is.
///
/// Each tree is grown from trials drawn with replacement. `interval` covers the middle 95 % of the trees:
/// the variation under resampled trials.
///
/// Losses are replaced by their ranks if `usesRanks`, so that a few enormous ones do not dominate.
///
/// - Complexity: O(trees d n log^2 n) time, O(d n) memory.
public struct FANOVA: Sendable {
  /// Trees of the forest.
  public var trees = 64
  /// The smallest number of trials on each side of a split.
  public var leastTrials = 2
  /// Whether only the order of losses counts.
  public var usesRanks = false
  /// The seed of resampling.
  public var seed: UInt64 = 0

  /// The largest number of cells of a real parameter, whose values are rounded to quantiles of
  /// those observed.
  private static let mostPlaces = 512

  /// The defaults.
  public init() {}

  /// The importance of every parameter of the space, the largest first. All are 0 for less than two trials
  /// with finite results, and where all results are equal.
  ///
  /// - Parameters:
  ///   - trials: of the study, in any state.
  ///   - objective: the index of the objective.
  /// - Throws: `StudyError` for options out of range, and for an unknown objective.
  public func importances(
    _ trials: [Trial], _ specification: StudySpecification, objective: Int = 0
  ) throws -> [ParameterImportance] {
    guard 1...100_000 ~= trees, 1...1_000_000_000 ~= leastTrials else {
      throw StudyError(
        "a forest of \(trees) trees with \(leastTrials) trials in a leaf cannot be grown",
        "use 1 to 100000 trees, and 1 trial or more")
    }
    let rated = try RatedTrials(trials, specification, objective: objective)
    let parameters = specification.space.parameters
    let names = parameters.map(\.name)
    let zero = ParameterImportance.shares(names, names.map { _ in 0 })
    let losses = rated.losses.map { $0[0] }
    guard losses.count > 1, let values = scaled(losses) else { return zero }
    let features = parameters.indices.map { index in
      Self.feature(parameters[index].domain, rated.assignments.map { $0.values[index] })
    }
    let shares = try forest(features, values)
    guard !shares.isEmpty else { return zero }
    let columns = names.indices.map { index in shares.map { $0[index] }.sorted() }
    return ParameterImportance.shares(
      names, columns.map { $0.reduce(0, +) / Double($0.count) },
      columns.map { Self.middle(of: $0) })
  }

  /// V_i / V for every tree that varies at all.
  private func forest(
    _ features: [RegressionTree.Feature], _ values: [Double]
  ) throws -> [[Double]] {
    var shares: [[Double]] = []
    for number in 0..<trees {
      let key = RandomKey(seed: seed, purpose: "forest", index: UInt64(number))
      var weights = [Double](repeating: 0, count: values.count)
      for u in try key.uniform([values.count], dtype: .float64).scalars(Double.self) {
        weights[min(Int(u * Double(values.count)), values.count - 1)] += 1
      }
      let tree = RegressionTree(
        features, values, weights: weights, leastWeight: Double(leastTrials))
      let (mean, variance) = tree.moments
      guard variance > 0 else { continue }
      shares.append(
        features.indices.map { min(tree.variance(of: $0, mean: mean) / variance, 1) })
    }
    return shares
  }

  /// Losses between -1/2 and 1/2, or their ranks; nil if they are all equal.
  private func scaled(_ losses: [Double]) -> [Double]? {
    guard let least = losses.min(), let most = losses.max(), least < most else { return nil }
    guard usesRanks else {
      // Halves, so that no difference overflows.
      return losses.map { ($0 / 2 - least / 2) / (most / 2 - least / 2) - 0.5 }
    }
    let sorted = losses.sorted()
    return losses.map { loss in
      // The mean rank of ties.
      let below = sorted.indices.partitionPoint { sorted[$0] < loss }
      let through = sorted.indices.partitionPoint { sorted[$0] <= loss }
      return Double(below + through) / Double(2 * sorted.count) - 0.5
    }
  }

  /// From the 2.5 % to the 97.5 % quantile.
  private static func middle(of sorted: [Double]) -> ClosedRange<Double> {
    let cut = Int(0.025 * Double(sorted.count))
    return sorted[cut]...sorted[sorted.count - 1 - cut]
  }

  // MARK: Features

  private static func feature(
    _ domain: Domain, _ values: [ParameterValue?]
  ) -> RegressionTree.Feature {
    if let range = domain.range { return feature(range, values) }
    let count = domain.count ?? 1
    var isChoice = false
    if case .categorical = domain { isChoice = true }
    return RegressionTree.Feature(
      count: count, isChoice: isChoice,
      widths: Array(repeating: 1 / Double(count), count: count),
      places: values.map { value in
        value.flatMap { domain.index(of: $0) }.map(Int32.init) ?? -1
      })
  }

  /// Numbers by their position on the scale. Cell boundaries are midway between observed values; with many
  /// values, neighbours share a cell.
  private static func feature(
    _ range: NumericRange, _ values: [ParameterValue?]
  ) -> RegressionTree.Feature {
    let units = values.map { value in value?.number.map { range.unit(of: $0) } }
    var seen: [Double] = []
    for unit in units.compactMap({ $0 }).sorted() where unit != seen.last { seen.append(unit) }
    var bounds: [Double] = []
    for cell in 1..<max(min(seen.count, mostPlaces), 1) {
      let place = cell * seen.count / min(seen.count, mostPlaces)
      bounds.append((seen[place - 1] + seen[place]) / 2)
    }
    let edges = [0] + bounds + [1]
    return RegressionTree.Feature(
      count: edges.count - 1, isChoice: false,
      widths: zip(edges.dropFirst(), edges).map { max($0 - $1, 0) },
      places: units.map { unit in
        guard let unit else { return -1 }
        return Int32(bounds.indices.partitionPoint { bounds[$0] <= unit })
      })
  }
}
