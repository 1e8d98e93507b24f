/// An order of points with several objectives, for schedulers that promote the first of them: front by front,
/// and within a front so that every prefix of the order is spread over the front (the epsilon-net of Salinas
/// et al. 2021, MO-ASHA).
///
/// A front starts with the point that is best in the first objective; each next one is the farthest from the
/// previous ones. Distances are between ranks, by objective, so that the objectives' units do not matter; in
/// the paper they are between values.
///
/// - Complexity: O(m n log n) for the fronts and O(m f^2) within a front of f points.
enum SpreadOrder {
  /// - Parameter losses: by point; infinite ones are the worst.
  static func order(_ losses: [[Double]]) -> [Int] {
    guard let objectives = losses.first?.count,
      let points = try? ObjectivePoints(losses, objectives: objectives)
    else { return Array(losses.indices) }
    let ranks = (0..<objectives).map { objective in rankings(losses.map { $0[objective] }) }
    let places = losses.indices.map { point in ranks.map { $0[point] } }
    return points.fronts().flatMap { spread($0, places) }
  }

  /// The rank of each value; ties have equal ranks.
  private static func rankings(_ values: [Double]) -> [Double] {
    let sorted = values.sorted()
    return values.map { value in
      Double(sorted.indices.partitionPoint { sorted[$0] < value })
    }
  }

  private static func spread(_ front: [Int], _ places: [[Double]]) -> [Int] {
    guard let first = front.min(by: { (places[$0][0], $0) < (places[$1][0], $1) }) else {
      return []
    }
    var order = [first]
    var distances = front.map { distance(places[$0], places[first]) }
    var rest = Set(front.indices.filter { front[$0] != first })
    while let next = rest.max(by: { (distances[$0], -$0) < (distances[$1], -$1) }) {
      rest.remove(next)
      order.append(front[next])
      for place in rest {
        distances[place] = min(
          distances[place], distance(places[front[place]], places[front[next]]))
      }
    }
    return order
  }

  private static func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }
}
