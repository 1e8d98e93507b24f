extension ObjectivePoints {
  /// The hypervolume between the points and the reference: the volume of the union of the boxes
  /// [p_1, r_1] x ... x [p_m, r_m]. Points that are not better than the reference in every objective
  /// contribute nothing. Infinite if a box is.
  ///
  /// - Parameter reference: m values.
  /// - Complexity: O(n log n) for m = 2; about that for m = 3 (n^2 memory moves at worst); each
  ///   further objective costs a factor of n at worst.
  /// - Throws: `ObjectivePointsError` for a reference of another length, or with NaN.
  public func hypervolume(reference: [Double]) throws(ObjectivePointsError) -> Double {
    let inside = try inside(reference)
    guard !inside.contains(where: { isInfinite(box: $0, reference) }) else { return .infinity }
    let unit = selecting(inside).scaled(to: reference)
    return unit.volume(Hypervolume.measure(unit.points, unit.reference))
  }

  /// The indices of the points that are better than the reference in every objective.
  func inside(_ reference: [Double]) throws(ObjectivePointsError) -> [Int] {
    guard reference.count == objectives else {
      throw .wrongReference(count: reference.count, objectives: objectives)
    }
    if let objective = reference.firstIndex(where: \.isNaN) {
      throw .referenceIsNotANumber(objective: objective)
    }
    return (0..<count).filter { point in
      (0..<objectives).allSatisfy { self[point, $0] < reference[$0] }
    }
  }

  /// Whether the box of a point inside the reference is infinite.
  func isInfinite(box point: Int, _ reference: [Double]) -> Bool {
    (0..<objectives).contains { self[point, $0] == -.infinity || reference[$0] == .infinity }
  }

  /// The volume of the box of a point inside the reference.
  func volume(ofBox point: Int, _ reference: [Double]) -> Double {
    (0..<objectives).reduce(1) { $0 * (reference[$1] - self[point, $1]) }
  }

  /// The part of a point's finite box that no other point dominates.
  func exclusiveVolume(
    of point: Int, given others: ObjectivePoints, _ reference: [Double]
  ) -> Double {
    var limited: [Double] = []
    limited.reserveCapacity(others.values.count)
    for other in 0..<others.count {
      for objective in 0..<objectives {
        limited.append(Swift.max(self[point, objective], others[other, objective]))
      }
    }
    let shared = Hypervolume.measure(
      ObjectivePoints(count: others.count, objectives: objectives, values: limited), reference)
    return Swift.max(0, volume(ofBox: point, reference) - shared)
  }

  /// Points inside a reference, each objective scaled by a power of two so that the largest finite
  /// box is about a unit cube: exact, and without overflow in products of lengths.
  struct Scaled {
    var points: ObjectivePoints
    var reference: [Double]
    /// The sum of the exponents of those powers.
    var exponent: Int

    /// A volume of the scaled points in the units of the original ones.
    func volume(_ scaled: Double) -> Double {
      Double(sign: .plus, exponent: exponent, significand: scaled)
    }
  }

  func scaled(to reference: [Double]) -> Scaled {
    var result = Scaled(points: self, reference: reference, exponent: 0)
    var values = self.values
    for objective in 0..<objectives where reference[objective].isFinite {
      // Halves, so that the difference is finite.
      let spans = (0..<count).map { reference[objective] / 2 - self[$0, objective] / 2 }
      guard let span = spans.filter({ $0.isFinite && $0 > 0 }).max() else { continue }
      let exponent = Swift.max(-1000, span.exponent + 1)
      let factor = Double(sign: .plus, exponent: -exponent, significand: 1)
      for point in 0..<count { values[point * objectives + objective] *= factor }
      result.reference[objective] *= factor
      result.exponent += exponent
    }
    result.points = ObjectivePoints(count: count, objectives: objectives, values: values)
    return result
  }
}

/// The measure of a union of finite boxes with a common upper corner, of moderate size.
enum Hypervolume {
  /// - Parameter points: none beyond the reference in any objective.
  static func measure(_ points: ObjectivePoints, _ reference: [Double]) -> Double {
    switch points.objectives {
    case 1: return (points.values.min().map { Swift.max(0, reference[0] - $0) }) ?? 0
    case 2: return sweepPlane(points, reference)
    case 3: return sweepSpace(points, reference)
    default: return slice(points, reference)
    }
  }

  /// Strips between the levels of the second objective.
  private static func sweepPlane(_ points: ObjectivePoints, _ reference: [Double]) -> Double {
    var area = 0.0
    var level = reference[1]
    for point in points.lexicographicOrder() where points[point, 1] < level {
      area += (reference[0] - points[point, 0]) * (level - points[point, 1])
      level = points[point, 1]
    }
    return area
  }

  /// Layers between the levels of the third objective, each as large as the staircase of the points
  /// at or below it.
  private static func sweepSpace(_ points: ObjectivePoints, _ reference: [Double]) -> Double {
    let order = (0..<points.count).sorted { points[$0, 2] < points[$1, 2] }
    var staircase = Staircase(edge: (reference[0], reference[1]))
    var volume = 0.0
    for (place, point) in order.enumerated() {
      staircase.insert(points[point, 0], points[point, 1])
      let next = place + 1 < order.count ? points[order[place + 1], 2] : reference[2]
      volume += staircase.area * (next - points[point, 2])
    }
    return volume
  }

  /// The recursion of WFG (While, Bradstreet and Barone 2012) with slicing: points are processed from
  /// the worst in the last objective to the best, each with its contribution beyond those after it.
  /// Limited to its box, those all have its own last value, so that objective is a factor:
  ///
  ///     sum_i (r_m - p_im) (volume_(m-1)(p_i) - hypervolume_(m-1) {max(p_i, q): q after i})
  private static func slice(_ points: ObjectivePoints, _ reference: [Double]) -> Double {
    let front = points.selecting(points.paretoFront())
    let last = points.objectives - 1
    let base = Array(reference.dropLast())
    let order = (0..<front.count).sorted { front[$0, last] > front[$1, last] }
    let flat = order.flatMap { front[$0].dropLast() }
    var total = 0.0
    for (place, index) in order.enumerated() {
      let rest = order.count - place - 1
      let own = Array(flat[place * last..<(place + 1) * last])
      var limited: [Double] = []
      limited.reserveCapacity(rest * last)
      for other in place + 1..<order.count {
        for objective in 0..<last {
          limited.append(Swift.max(own[objective], flat[other * last + objective]))
        }
      }
      let box = (0..<last).reduce(1.0) { $0 * (base[$1] - own[$1]) }
      let shared = measure(
        ObjectivePoints(count: rest, objectives: last, values: limited), base)
      total += (reference[last] - front[index, last]) * Swift.max(0, box - shared)
    }
    return total
  }
}

extension ObjectivePoints {
  /// A reference point slightly worse than all points, by the rule of multi-objective TPE in Optuna
  /// 5: max(1.1 w, 0.9 w) for the worst value w of each objective, and 1e-12 where that is zero.
  ///
  /// - Returns: m values; +infinity where a point is infinitely bad, or if there are no points.
  /// - Complexity: O(m n).
  public func referencePoint() -> [Double] {
    (0..<objectives).map { objective in
      guard let worst = (0..<count).map({ self[$0, objective] }).max() else { return .infinity }
      let reference = Swift.max(1.1 * worst, 0.9 * worst)
      return reference == 0 ? 1e-12 : reference
    }
  }
}
