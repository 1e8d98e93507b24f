/// A regression tree over features that are grid positions or unordered choices, some of which a row may
/// lack.
///
/// A node is split where the weighted variance decreases most (Breiman et al. 1984); choices by the order of
/// their means, which is optimal for squared errors (Fisher 1958). A row that lacks the feature of a split
/// goes to both sides, its weight divided as the *width* of the node is (like the fractional cases of
/// Quinlan's C4.5, but for the uniform distribution): it has no information about that feature, and a split
/// on it is not informative about the row. Only rows that have the feature decide a split, so its gain is
/// weighted by them.
struct RegressionTree {
  /// One feature of all rows.
  struct Feature {
    /// The number of positions or choices.
    let count: Int
    let isChoice: Bool
    /// The fraction of the domain of each position; they sum to 1.
    let widths: [Double]
    /// The position of each row; -1: missing.
    let places: [Int32]
  }

  /// A leaf and its box: for each feature that was split, whether each position is in it.
  struct Leaf {
    var value: Double
    /// The box's fraction of the entire space.
    var volume: Double
    /// By feature: ranges of positions, or sets of choices, nil where it is not limited.
    var limits: [Limit?]
  }

  enum Limit {
    case range(Range<Int>)
    case choices([Bool])

    func contains(_ place: Int) -> Bool {
      switch self {
      case .range(let range): range.contains(place)
      case .choices(let isIn): isIn[place]
      }
    }
  }

  private(set) var leaves: [Leaf] = []
  private let features: [Feature]
  private let values: [Double]
  private let leastWeight: Double

  private struct Node {
    var rows: [(row: Int, weight: Double)]
    var volume: Double
    var limits: [Limit?]
    var depth: Int
  }

  private struct Split {
    var feature: Int
    var gain: Double
    var left: Limit
    var right: Limit
    /// The left side's share of the node's width.
    var share: Double
  }

  private static let mostDepth = 64

  /// - Parameters:
  ///   - weights: the weight of each row; rows of weight 0 are ignored.
  ///   - leastWeight: the smallest weight on each side of a split.
  /// - Complexity: O(d n log n) for each level, about log n of them.
  init(_ features: [Feature], _ values: [Double], weights: [Double], leastWeight: Double) {
    self.features = features
    self.values = values
    self.leastWeight = leastWeight
    let rows = weights.indices.filter { weights[$0] > 0 }.map { (row: $0, weight: weights[$0]) }
    var open = [Node(rows: rows, volume: 1, limits: features.map { _ in nil }, depth: 0)]
    while let node = open.popLast() {
      guard node.depth < Self.mostDepth, let split = bestSplit(node) else {
        leaves.append(leaf(node))
        continue
      }
      open += divided(node, split)
    }
  }

  private func leaf(_ node: Node) -> Leaf {
    var (sum, weight) = (0.0, 0.0)
    for (row, w) in node.rows {
      sum += w * values[row]
      weight += w
    }
    return Leaf(
      value: weight > 0 ? sum / weight : 0, volume: node.volume, limits: node.limits)
  }

  private func divided(_ node: Node, _ split: Split) -> [Node] {
    var (left, right) = (node, node)
    left.rows.removeAll(keepingCapacity: true)
    right.rows.removeAll(keepingCapacity: true)
    let places = features[split.feature].places
    for (row, weight) in node.rows {
      let place = places[row]
      if place < 0 {
        left.rows.append((row, weight * split.share))
        right.rows.append((row, weight * (1 - split.share)))
      } else if split.left.contains(Int(place)) {
        left.rows.append((row, weight))
      } else {
        right.rows.append((row, weight))
      }
    }
    left.limits[split.feature] = split.left
    right.limits[split.feature] = split.right
    left.volume *= split.share
    right.volume *= 1 - split.share
    (left.depth, right.depth) = (node.depth + 1, node.depth + 1)
    return [right, left]
  }

  // MARK: The choice of a split

  /// The sums of one position.
  private struct Cell {
    var place: Int
    var weight = 0.0
    var sum = 0.0
    var mean: Double { sum / weight }
  }

  private func bestSplit(_ node: Node) -> Split? {
    var (total, sum, squares) = (0.0, 0.0, 0.0)
    for (row, weight) in node.rows {
      total += weight
      sum += weight * values[row]
      squares += weight * values[row] * values[row]
    }
    // If all values are equal up to rounding, no split can gain anything.
    guard total >= 2 * leastWeight, squares - sum * sum / total > 1e-13 * squares else {
      return nil
    }
    var best: Split?
    for index in features.indices {
      if let split = split(node, index), split.gain > best?.gain ?? 0 { best = split }
    }
    return best
  }

  private func split(_ node: Node, _ index: Int) -> Split? {
    let feature = features[index]
    var cells = cells(node, feature)
    guard cells.count > 1 else { return nil }
    if feature.isChoice { cells.sort { ($0.mean, $0.place) < ($1.mean, $1.place) } }
    let (weight, sum) = cells.reduce((0.0, 0.0)) { ($0.0 + $1.weight, $0.1 + $1.sum) }
    var (leftWeight, leftSum) = (0.0, 0.0)
    var best: (gain: Double, cut: Int)?
    for cut in 0..<cells.count - 1 {
      leftWeight += cells[cut].weight
      leftSum += cells[cut].sum
      let rightWeight = weight - leftWeight
      guard leftWeight >= leastWeight, rightWeight >= leastWeight else { continue }
      let rightSum = sum - leftSum
      let gain =
        leftSum * leftSum / leftWeight + rightSum * rightSum / rightWeight - sum * sum / weight
      if gain > best?.gain ?? 0 { best = (gain, cut) }
    }
    guard let best else { return nil }
    return sides(node, index, cells, cut: best.cut, gain: best.gain)
  }

  /// The two sides of a cut after cell `cut`. Between two grid cells the cut is in the middle;
  /// choices that no row has go to the right.
  private func sides(
    _ node: Node, _ index: Int, _ cells: [Cell], cut: Int, gain: Double
  ) -> Split? {
    let feature = features[index]
    let limit = node.limits[index]
    func width(_ limit: Limit) -> Double {
      (0..<feature.count).reduce(0) { limit.contains($1) ? $0 + feature.widths[$1] : $0 }
    }
    let (left, right): (Limit, Limit)
    if feature.isChoice {
      var isLeft = [Bool](repeating: false, count: feature.count)
      for cell in cells[...cut] { isLeft[cell.place] = true }
      left = .choices(isLeft)
      right = .choices(
        (0..<feature.count).map { (limit?.contains($0) ?? true) && !isLeft[$0] })
    } else {
      var whole = 0..<feature.count
      if case .range(let range) = limit { whole = range }
      let middle = (cells[cut].place + cells[cut + 1].place + 1) / 2
      left = .range(whole.lowerBound..<middle)
      right = .range(middle..<whole.upperBound)
    }
    let (a, b) = (width(left), width(right))
    guard a > 0, b > 0 else { return nil }
    return Split(feature: index, gain: gain, left: left, right: right, share: a / (a + b))
  }

  /// The positions of a node's rows, ascending, with their sums.
  private func cells(_ node: Node, _ feature: Feature) -> [Cell] {
    if node.rows.count > feature.count {
      var cells = (0..<feature.count).map { Cell(place: $0) }
      cells.withUnsafeMutableBufferPointer { cells in
        for (row, weight) in node.rows {
          let place = Int(feature.places[row])
          if place < 0 { continue }
          cells[place].weight += weight
          cells[place].sum += weight * values[row]
        }
      }
      return cells.filter { $0.weight > 0 }
    }
    // Position and row packed into one number, which sorts faster than pairs.
    var keys: [UInt64] = []
    keys.reserveCapacity(node.rows.count)
    for (position, row) in node.rows.enumerated() where feature.places[row.row] >= 0 {
      keys.append(UInt64(feature.places[row.row]) << 32 | UInt64(position))
    }
    keys.sort()
    var result: [Cell] = []
    for key in keys {
      let (place, (row, weight)) = (Int(key >> 32), node.rows[Int(key & 0xffff_ffff)])
      if result.last?.place != place { result.append(Cell(place: place)) }
      result[result.count - 1].weight += weight
      result[result.count - 1].sum += weight * values[row]
    }
    return result
  }

  // MARK: Variances

  /// The mean and the variance of the tree's function over the whole space.
  var moments: (mean: Double, variance: Double) {
    let mean = leaves.reduce(0) { $0 + $1.volume * $1.value }
    return (
      mean,
      leaves.reduce(0) { $0 + $1.volume * ($1.value - mean) * ($1.value - mean) }
    )
  }

  /// The variance of the tree's mean over all other features, as a function of one (Hutter, Hoos and
  /// Leyton-Brown 2014, algorithm 2): each leaf adds its value times its volume, divided by the feature's
  /// width, to the positions of its box.
  ///
  ///     a(x) = sum over leaves with x in them of value volume / width,   V = E (a - mean)^2
  ///
  /// - Complexity: O(leaves + places) for a grid, O(leaves choices) for choices.
  func variance(of index: Int, mean: Double) -> Double {
    let feature = features[index]
    var marginal = [Double](repeating: 0, count: feature.count)
    var steps = [Double](repeating: 0, count: feature.count + 1)
    var sums = [0.0]
    for width in feature.widths { sums.append(sums[sums.count - 1] + width) }
    for leaf in leaves {
      let part = leaf.volume * (leaf.value - mean)
      switch leaf.limits[index] {
      case nil: steps[0] += part
      case .range(let range):
        let share = part / (sums[range.upperBound] - sums[range.lowerBound])
        steps[range.lowerBound] += share
        steps[range.upperBound] -= share
      case .choices(let isIn):
        let width = isIn.indices.reduce(0) { isIn[$1] ? $0 + feature.widths[$1] : $0 }
        for place in isIn.indices where isIn[place] { marginal[place] += part / width }
      }
    }
    var level = 0.0
    return marginal.indices.reduce(0) { sum, place in
      level += steps[place]
      let value = marginal[place] + level
      return sum + feature.widths[place] * value * value
    }
  }
}
