/// The survival of NSGA-III (Deb and Jain 2014): complete fronts, and from the front that does not fit,
/// points in the directions with the fewest so far; equal step by step to pymoo 0.6.2.
///
/// Objectives are normalised by the ideal and the nadir point, the intercepts of the plane through one
/// extreme point for each objective. A point belongs to its nearest direction.
///
/// Differences: pymoo treats 1e-3 and 1e-6 in the objectives' own units as zero, this in units of the
/// observed range, so that units do not matter; infinite values are placed three ranges beyond the worst
/// finite one, as in Optuna.
struct NicheSurvival: Sendable {
  private let directions: [[Double]]
  private var best: [Double]
  private var worst: [Double]
  private var extremes: [[Double]] = []

  init(directions: [[Double]]) {
    precondition(!directions.isEmpty)
    self.directions = directions
    best = directions[0].map { _ in .infinity }
    worst = directions[0].map { _ in -.infinity }
  }

  /// The indices of `size` points, front after front.
  ///
  /// - Parameters:
  ///   - points: at least one.
  ///   - shuffle: shuffles a list, to break ties.
  /// - Complexity: that of sorting, and O(n m h) for h directions.
  mutating func survivors(
    _ points: ObjectivePoints, size: Int, shuffle: ([Int]) -> [Int]
  ) -> [Int] {
    let points = Self.finite(points)
    var fronts: [[Int]] = []
    var count = 0
    for front in points.fronts() where count < size {
      fronts.append(front)
      count += front.count
    }
    guard let first = fronts.first, let last = fronts.last else { return [] }
    let nadir = update(points, front: first)
    if count <= size { return fronts.flatMap { $0 } }
    let kept = fronts.dropLast().flatMap { $0 }
    let niches = (kept + last).map { niche(points[$0], nadir: nadir) }
    var counts = [Int](repeating: 0, count: directions.count)
    for (niche, _) in niches.prefix(kept.count) { counts[niche] += 1 }
    let chosen = Self.choose(
      size - kept.count, Array(niches.dropFirst(kept.count)), &counts, shuffle)
    return kept + chosen.map { last[$0] }
  }

  /// Infinite values replaced.
  private static func finite(_ points: ObjectivePoints) -> ObjectivePoints {
    guard points.values.contains(where: { !$0.isFinite }) else { return points }
    var values = points.values
    let m = points.objectives
    for objective in 0..<m {
      let finite = (0..<points.count).map { points[$0, objective] }.filter(\.isFinite)
      let (least, most) = (finite.min() ?? 0, finite.max() ?? 0)
      // Halves, so that the margin is finite.
      let margin = Swift.min(6 * (most / 2 - least / 2), .greatestFiniteMagnitude / 4)
      for point in 0..<points.count {
        let place = point * m + objective
        values[place] = Swift.min(Swift.max(values[place], least - margin), most + margin)
      }
    }
    return ObjectivePoints(count: points.count, objectives: m, values: values)
  }

  // MARK: The scale

  /// Adds points, and returns the nadir.
  private mutating func update(_ points: ObjectivePoints, front: [Int]) -> [Double] {
    let m = directions[0].count
    for point in 0..<points.count {
      for j in 0..<m {
        best[j] = min(best[j], points[point, j])
        worst[j] = max(worst[j], points[point, j])
      }
    }
    let ranges = (0..<m).map { max(worst[$0] - best[$0], 0) }
    let candidates = extremes + front.map { points[$0] }
    // The extreme of objective i has the least max_j w_j f_j with w_i = 1 and a million for the others.
    extremes = (0..<m).map { i in
      func score(_ f: [Double]) -> Double {
        (0..<m).reduce(-.infinity) { most, j in
          var excess = f[j] - best[j]
          if excess < 1e-3 * ranges[j] { excess = 0 }
          let scaled = ranges[j] > 0 ? excess / ranges[j] : 0
          return max(most, scaled * (i == j ? 1 : 1e6))
        }
      }
      var chosen = candidates[0]
      var least = score(chosen)
      for candidate in candidates.dropFirst() {
        let score = score(candidate)
        if score < least { (chosen, least) = (candidate, score) }
      }
      return chosen
    }
    var nadir =
      intercepts(ranges).map { zip(best, $0).map(+) }
      ?? (0..<m).map { j in front.reduce(-.infinity) { max($0, points[$1, j]) } }
    for j in 0..<m {
      nadir[j] = min(nadir[j], worst[j])
      guard nadir[j] - best[j] <= 1e-6 * ranges[j] else { continue }
      nadir[j] = (0..<points.count).reduce(-.infinity) { max($0, points[$1, j]) }
    }
    return nadir
  }

  /// The intercepts of the plane through the extreme points with the axes, relative to the ideal point;
  /// nil if there is no such plane or intercept.
  private func intercepts(_ ranges: [Double]) -> [Double]? {
    let m = directions[0].count
    guard ranges.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
    let rows = extremes.map { f in (0..<m).map { (f[$0] - best[$0]) / ranges[$0] } }
    guard let plane = Self.solve(rows, [Double](repeating: 1, count: m)) else { return nil }
    for row in rows {
      let value = zip(row, plane).reduce(0) { $0 + $1.0 * $1.1 }
      guard abs(value - 1) <= 1e-5 else { return nil }
    }
    let intercepts = plane.map { 1 / $0 }
    guard intercepts.allSatisfy({ $0 > 1e-6 && $0.isFinite }) else { return nil }
    return zip(intercepts, ranges).map(*)
  }

  /// Gaussian elimination with row pivots; nil for a singular matrix.
  private static func solve(_ rows: [[Double]], _ right: [Double]) -> [Double]? {
    var a = rows
    var b = right
    let m = b.count
    for k in 0..<m {
      guard let pivot = (k..<m).max(by: { abs(a[$0][k]) < abs(a[$1][k]) }), a[pivot][k] != 0
      else { return nil }
      a.swapAt(k, pivot)
      b.swapAt(k, pivot)
      for i in (k + 1)..<max(m, k + 1) {
        let factor = a[i][k] / a[k][k]
        for j in k..<m { a[i][j] -= factor * a[k][j] }
        b[i] -= factor * b[k]
      }
    }
    for k in (0..<m).reversed() {
      for j in (k + 1)..<max(m, k + 1) { b[k] -= a[k][j] * b[j] }
      b[k] /= a[k][k]
    }
    return b.allSatisfy(\.isFinite) ? b : nil
  }

  // MARK: Niches

  /// The direction whose line is nearest to a point, and the distance.
  private func niche(_ f: [Double], nadir: [Double]) -> (direction: Int, distance: Double) {
    let scaled = f.indices.map { j in
      let length = nadir[j] - best[j]
      return (f[j] - best[j]) / (length == 0 ? 1e-12 : length)
    }
    var (nearest, least) = (0, Double.infinity)
    for (index, direction) in directions.enumerated() {
      var (product, length) = (0.0, 0.0)
      for j in scaled.indices {
        product += scaled[j] * direction[j]
        length += direction[j] * direction[j]
      }
      var distance = 0.0
      for j in scaled.indices {
        let offset = scaled[j] - product / length * direction[j]
        distance += offset * offset
      }
      if distance < least { (nearest, least) = (index, distance) }
    }
    return (nearest, least.squareRoot())
  }

  /// Chooses `count` of the last front, in rounds, one for each of the directions with the fewest: the
  /// nearest if it had none, else a random one.
  private static func choose(
    _ count: Int, _ niches: [(direction: Int, distance: Double)], _ counts: inout [Int],
    _ shuffle: ([Int]) -> [Int]
  ) -> [Int] {
    var open: [Int: [Int]] = [:]
    for (index, niche) in niches.enumerated() { open[niche.direction, default: []].append(index) }
    var chosen: [Int] = []
    while chosen.count < count, !open.isEmpty {
      let least = open.keys.reduce(Int.max) { min($0, counts[$1]) }
      let directions = shuffle(open.keys.filter { counts[$0] == least }.sorted())
      for direction in directions.prefix(count - chosen.count) {
        let candidates = shuffle(open[direction] ?? [])
        guard let any = candidates.first else { continue }
        let next =
          counts[direction] > 0
          ? any
          : candidates.dropFirst().reduce(any) {
            niches[$1].distance < niches[$0].distance ? $1 : $0
          }
        chosen.append(next)
        counts[direction] += 1
        let rest = (open[direction] ?? []).filter { $0 != next }
        open[direction] = rest.isEmpty ? nil : rest
      }
    }
    return chosen
  }
}
