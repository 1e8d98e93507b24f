extension ObjectivePoints {
  /// The crowding distance of each point of a front: the sum over the objectives of the distance between
  /// its two neighbours, as a fraction of the total length (Deb, Pratap, Agarwal and Meyarivan 2002).
  ///
  /// It is infinite at the ends of each objective. Constant objectives do not count; lengths are
  /// those between finite values; infinity minus infinity is zero. Points equal in one objective are
  /// ordered by the others, so that the result does not depend on the order of input unless points
  /// are equal.
  ///
  /// - Parameter front: indices of points.
  /// - Returns: a distance for each index.
  /// - Throws: `ObjectivePointsError` for an invalid index.
  /// - Complexity: O(m f log f) for f points.
  public func crowdingDistances(of front: [Int]) throws(ObjectivePointsError) -> [Double] {
    for index in front where !(0..<count).contains(index) {
      throw .noSuchPoint(index: index, count: count)
    }
    var distances = [Double](repeating: 0, count: front.count)
    for objective in 0..<objectives {
      let order = front.indices.sorted { a, b in
        for step in 0..<objectives {
          let place = (objective + step) % objectives
          let (left, right) = (self[front[a], place], self[front[b], place])
          if left != right { return left < right }
        }
        return a < b
      }
      let sorted = order.map { self[front[$0], objective] }
      guard let least = sorted.first, let most = sorted.last, least < most else { continue }
      let finite = sorted.filter(\.isFinite)
      let length = (finite.last ?? 0) - (finite.first ?? 0)
      for (place, index) in order.enumerated() {
        let before = place == 0 ? -.infinity : sorted[place - 1]
        let after = place == sorted.count - 1 ? .infinity : sorted[place + 1]
        if before != after { distances[index] += (after - before) / (length > 0 ? length : 1) }
      }
    }
    return distances
  }
}
