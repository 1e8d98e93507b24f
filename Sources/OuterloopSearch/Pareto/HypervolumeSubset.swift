extension ObjectivePoints {
  /// A subset of points with large hypervolume, chosen greedily by contribution: at least 1 - 1/e
  /// of the best subset of this size (Nemhauser, Wolsey and Fisher 1978).
  ///
  /// Ties go to the lexicographically smaller point; when no point adds volume any more, such as
  /// duplicates, the rest follow by index. An infinite box adds infinite volume unless a chosen point
  /// covers it.
  ///
  /// - Parameters:
  ///   - size: how many; at most n are chosen.
  ///   - reference: m values.
  /// - Returns: indices in the order of choice.
  /// - Complexity: O(n (log n + size)) for m = 2. For more objectives lazy greedy selection: often
  ///   near n + size hypervolumes of the chosen points, at worst n size.
  /// - Throws: `ObjectivePointsError` for a reference of another length, or with NaN.
  public func hypervolumeSubset(
    size: Int, reference: [Double]
  ) throws(ObjectivePointsError) -> [Int] {
    let isInside = Set(try inside(reference))
    let candidates = distinct().map { $0[0] }.filter(isInside.contains)
    let unit = selecting(candidates).scaled(to: reference)
    let wanted = Swift.max(0, Swift.min(size, count))
    let chosen =
      objectives == 2
      ? unit.points.rectangleChoice(wanted, unit.reference)
      : unit.points.lazyChoice(wanted, unit.reference)
    var result: [Int] = []
    var isTaken = [Bool](repeating: false, count: count)
    for index in chosen.lazy.map({ candidates[$0] }) + Array(0..<count) {
      if result.count == wanted { break }
      if isTaken[index] { continue }
      isTaken[index] = true
      result.append(index)
    }
    return result
  }

  // The two functions below get distinct points inside the reference, in lexicographic order, and
  // stop when nothing adds volume.

  /// In two dimensions, the contribution of a point is a rectangle between itself and the nearest
  /// chosen points on both sides. A chosen point bounds the points before it in x, those after it
  /// in y. (A point is never chosen before one that dominates it: that one adds more.)
  private func rectangleChoice(_ size: Int, _ reference: [Double]) -> [Int] {
    var right = [Double](repeating: reference[0], count: count)
    var top = [Double](repeating: reference[1], count: count)
    var isChosen = [Bool](repeating: false, count: count)
    var chosen: [Int] = []
    while chosen.count < size {
      var (best, gain) = (-1, 0.0)
      for point in 0..<count where !isChosen[point] {
        let (width, height) = (right[point] - self[point, 0], top[point] - self[point, 1])
        let area = width > 0 && height > 0 ? width * height : 0
        if area > gain { (best, gain) = (point, area) }
      }
      if best < 0 { break }
      isChosen[best] = true
      chosen.append(best)
      for point in 0..<best { right[point] = Swift.min(right[point], self[best, 0]) }
      for point in best..<count { top[point] = Swift.min(top[point], self[best, 1]) }
    }
    return chosen
  }

  /// The contribution of a point only decreases as more are chosen, so an old value is an upper
  /// bound, and so is its contribution beyond the last chosen point alone. Points are re-evaluated
  /// in the order of their bounds, until no bound exceeds the largest value.
  private func lazyChoice(_ size: Int, _ reference: [Double]) -> [Int] {
    let boxes = (0..<count).map {
      isInfinite(box: $0, reference) ? .infinity : volume(ofBox: $0, reference)
    }
    var bounds = boxes
    var open = Array(0..<count)
    var chosen: [Int] = []
    while chosen.count < size {
      let selected = selecting(chosen)
      if let last = chosen.last {
        for point in open { tighten(&bounds[point], of: point, box: boxes[point], last, reference) }
      }
      open.sort { (bounds[$1], $0) < (bounds[$0], $1) }
      var (best, gain) = (-1, 0.0)
      for (place, point) in open.enumerated() {
        if bounds[point] < gain || bounds[point] <= 0 { break }
        if bounds[point].isFinite, !chosen.isEmpty {
          bounds[point] = Swift.min(
            bounds[point], exclusiveVolume(of: point, given: selected, reference))
        }
        let isFirst = best < 0 || point < open[best]
        if bounds[point] > gain || (bounds[point] == gain && gain > 0 && isFirst) {
          (best, gain) = (place, bounds[point])
        }
      }
      if best < 0 { break }
      chosen.append(open.remove(at: best))
    }
    return chosen
  }

  /// box - (volume shared with the last chosen point).
  private func tighten(
    _ bound: inout Double, of point: Int, box: Double, _ last: Int, _ reference: [Double]
  ) {
    if weaklyDominates(last, point) {
      bound = 0
    } else if box.isFinite {
      let shared = (0..<objectives).reduce(1.0) {
        $0 * (reference[$1] - Swift.max(self[point, $1], self[last, $1]))
      }
      bound = Swift.min(bound, Swift.max(0, box - shared))
    }
  }
}
