internal import OuterloopNumerics
private import OuterloopPlatform

/// The expected hypervolume that independent normal values add to a front, in closed form: the sum, over
/// the boxes of the non-dominated region, of products of expected lengths (Emmerich, Giannakoglou and
/// Naujoks 2006; Yang et al. 2019),
///
///     EHVI = sum_k prod_j E |[l_kj, u_kj] and [y_j, inf)|
///
/// in logarithms, so that it has a gradient where it would underflow (Daulton et al. 2020 and Ament et
/// al. 2023 draw samples and smooth them instead).
///
/// - Complexity: O(m n) for n points in the front.
package struct ExpectedVolume: Sendable {
  /// An interval of an objective by the indices of its edges; `lower` < 0: from -infinity.
  private struct Interval: Sendable, Hashable {
    var lower: Int
    var upper: Int
  }

  package let objectives: Int
  /// By objective: the ascending edges of boxes, and the intervals between two of them that boxes
  /// have.
  private let edges: [[Double]]
  private let intervals: [[Interval]]
  /// (boxes, objectives): indices of intervals.
  private let sides: [Int]

  package init(_ boxes: [ImprovementBoxes.Box], objectives m: Int) {
    objectives = m
    var edges: [[Double]] = []
    var intervals: [[Interval]] = []
    var sides = [Int](repeating: 0, count: boxes.count * m)
    for j in 0..<m {
      let cuts = Set(boxes.flatMap { [$0.lower[j], $0.upper[j]] }).filter { $0 > -.infinity }
        .sorted()
      let places = Dictionary(uniqueKeysWithValues: zip(cuts, cuts.indices))
      var known: [Interval: Int] = [:]
      var list: [Interval] = []
      for (k, box) in boxes.enumerated() {
        let interval = Interval(
          lower: places[box.lower[j]] ?? -1, upper: places[box.upper[j]] ?? 0)
        let place = known[interval] ?? list.count
        if place == list.count {
          known[interval] = place
          list.append(interval)
        }
        sides[k * m + j] = place
      }
      edges.append(cuts)
      intervals.append(list)
    }
    (self.edges, self.intervals, self.sides) = (edges, intervals, sides)
  }

  /// Scratch space, reused for the next point.
  package struct Scratch {
    package init() {}

    fileprivate var scaled: [Double] = []
    fileprivate var improvements: [NormalImprovement] = []
    fileprivate var lengths: [[NormalLength]] = [[], [], []]
    fileprivate var logarithms: [Double] = []
    /// Derivatives with respect to means and deviations.
    package fileprivate(set) var meanSlopes = [Double](repeating: 0, count: 3)
    package fileprivate(set) var deviationSlopes = [Double](repeating: 0, count: 3)
  }

  /// log EHVI of values of these means and deviations. Slopes are in `scratch` if requested.
  package func logarithm(
    means: [Double], deviations: [Double], gradients: Bool, _ scratch: inout Scratch
  ) -> Double {
    let m = objectives
    var constant = 0.0
    for j in 0..<m {
      let (mean, deviation) = (means[j], deviations[j])
      constant += log(deviation)
      scratch.scaled.removeAll(keepingCapacity: true)
      scratch.improvements.removeAll(keepingCapacity: true)
      for edge in edges[j] {
        let u = (edge - mean) / deviation
        scratch.scaled.append(u)
        scratch.improvements.append(NormalImprovement(u))
      }
      scratch.lengths[j].removeAll(keepingCapacity: true)
      for interval in intervals[j] {
        let (lower, upper) = (interval.lower, interval.upper)
        scratch.lengths[j].append(
          lower < 0
            ? NormalLength(below: scratch.improvements[upper])
            : NormalLength(
              from: scratch.scaled[lower], scratch.improvements[lower],
              to: scratch.scaled[upper], scratch.improvements[upper]))
      }
    }
    let count = sides.count / m
    scratch.logarithms.removeAll(keepingCapacity: true)
    var largest = -Double.infinity
    for k in 0..<count {
      var sum = 0.0
      for j in 0..<m { sum += scratch.lengths[j][sides[k * m + j]].log }
      scratch.logarithms.append(sum)
      largest = max(largest, sum)
    }
    var total = 0.0
    for k in 0..<count where largest > -.infinity {
      scratch.logarithms[k] = exp(scratch.logarithms[k] - largest)
      total += scratch.logarithms[k]
    }
    if gradients {
      for j in 0..<m {
        var (mean, deviation) = (0.0, 0.0)
        for k in 0..<count where largest > -.infinity {
          let length = scratch.lengths[j][sides[k * m + j]]
          mean += scratch.logarithms[k] * length.meanSlope
          deviation += scratch.logarithms[k] * length.deviationSlope
        }
        let divisor = max(total, 1) * deviations[j]
        scratch.meanSlopes[j] = mean / divisor
        scratch.deviationSlopes[j] = deviation / divisor
      }
    }
    return constant + largest + (total > 0 ? log(total) : 0)
  }
}
