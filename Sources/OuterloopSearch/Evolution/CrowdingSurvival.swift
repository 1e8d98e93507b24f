/// The survival of NSGA-II (Deb, Pratap, Agarwal and Meyarivan 2002): complete fronts, and the least crowded
/// points of the front that does not fit.
enum CrowdingSurvival {
  /// A survivor, with the criteria for tournaments.
  struct Survivor: Sendable {
    var index: Int
    var rank: Int
    /// The crowding distance in its front.
    var crowding: Double
  }

  /// `size` points, front after front; ties in crowding go to the earlier.
  ///
  /// - Complexity: that of sorting, and O(m n log n).
  static func survivors(_ points: ObjectivePoints, size: Int) -> [Survivor] {
    var result: [Survivor] = []
    for (rank, front) in points.fronts().enumerated() where result.count < size {
      guard let distances = try? points.crowdingDistances(of: front) else { continue }
      var members = zip(front, distances).map {
        Survivor(index: $0, rank: rank, crowding: $1)
      }
      let room = size - result.count
      if members.count > room {
        members.sort { ($1.crowding, $0.index) < ($0.crowding, $1.index) }
        members.removeLast(members.count - room)
      }
      result += members
    }
    return result
  }
}
