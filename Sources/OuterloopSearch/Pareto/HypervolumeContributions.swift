extension ObjectivePoints {
  /// The volume that each point adds to that of all the others, including dominated ones. Zero for
  /// dominated points and duplicates; infinite for other points with an infinite box.
  ///
  ///     contribution(p) = volume of the box of p - hypervolume of {max(p, q): q another point}
  ///
  /// - Parameter reference: m values.
  /// - Returns: n values.
  /// - Complexity: O(n log n) for m = 2, otherwise a hypervolume for each point of the front.
  /// - Throws: `ObjectivePointsError` for a reference of another length, or with NaN.
  public func hypervolumeContributions(
    reference: [Double]
  ) throws(ObjectivePointsError) -> [Double] {
    let inside = try inside(reference)
    var contributions = [Double](repeating: 0, count: count)
    guard !inside.isEmpty else { return contributions }
    let unit = selecting(inside).scaled(to: reference)
    let (points, reference) = (unit.points, unit.reference)
    let front = points.paretoFront()
    let areas = objectives == 2 ? points.exclusiveAreas(ofFront: front, reference) : nil
    for (place, group) in points.selecting(front).distinct().enumerated() where group.count == 1 {
      let point = front[group[0]]
      if points.isInfinite(box: point, reference) {
        contributions[inside[point]] = .infinity
      } else if let areas {
        contributions[inside[point]] = unit.volume(areas[place])
      } else {
        let others = points.selecting((0..<points.count).filter { $0 != point })
        let volume = points.exclusiveVolume(of: point, given: others, reference)
        contributions[inside[point]] = unit.volume(volume)
      }
    }
    return contributions
  }

  /// In two dimensions: the contribution of each distinct point of the front, in lexicographic
  /// order.
  ///
  /// Along the front only neighbours overlap, so a point has an exclusive rectangle. Each dominated
  /// point lies in at most one of these rectangles, and reduces it.
  private func exclusiveAreas(ofFront front: [Int], _ reference: [Double]) -> [Double] {
    let corners = selecting(front).distinct().map { front[$0[0]] }
    var behind = [[Int]](repeating: [], count: corners.count)
    let isInFront = Set(front)
    for point in 0..<count where !isInFront.contains(point) {
      // The last corner that is not to the right of the point.
      let right = corners.indices.partitionPoint { self[corners[$0], 0] <= self[point, 0] }
      behind[right - 1].append(point)
    }
    return corners.indices.map { place in
      let corner = corners[place]
      let right = place + 1 < corners.count ? self[corners[place + 1], 0] : reference[0]
      let top = place > 0 ? self[corners[place - 1], 1] : reference[1]
      let hidden = selecting(behind[place].filter { self[$0, 1] < top })
      return (right - self[corner, 0]) * (top - self[corner, 1])
        - Hypervolume.measure(hidden, [right, top])
    }
  }
}
