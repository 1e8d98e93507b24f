/// The region dominated by points in the plane: the union of boxes [x, edge] x [y, edge], by its
/// corners, with x ascending and y descending.
struct Staircase: Sendable {
  /// The area of the union; meaningful only if the edge is finite and no point lies beyond it.
  private(set) var area = 0.0
  private var corners: [(x: Double, y: Double)] = []
  private let edge: (x: Double, y: Double)

  init(edge: (x: Double, y: Double) = (.infinity, .infinity)) { self.edge = edge }

  /// Whether a point of the staircase weakly dominates this one.
  ///
  /// - Complexity: O(log n).
  func covers(_ x: Double, _ y: Double) -> Bool {
    let next = firstCorner { $0 > x }
    return next > 0 && corners[next - 1].y <= y
  }

  /// Adds a box.
  ///
  /// - Complexity: O(log n) and a memory move, amortised over the removed corners.
  mutating func insert(_ x: Double, _ y: Double) {
    guard !covers(x, y) else { return }
    let start = firstCorner { $0 >= x }
    // The new area extends from x to the right, between y and a ceiling that descends in steps.
    var ceiling = start > 0 ? corners[start - 1].y : edge.y
    var (left, end) = (x, start)
    while end < corners.count, corners[end].y >= y {
      area += (corners[end].x - left) * (ceiling - y)
      (left, ceiling) = corners[end]
      end += 1
    }
    let right = end < corners.count ? corners[end].x : edge.x
    area += (right - left) * (ceiling - y)
    corners.replaceSubrange(start..<end, with: [(x, y)])
  }

  /// The first corner whose x is far enough, by bisection.
  private func firstCorner(where isFar: (Double) -> Bool) -> Int {
    corners.indices.partitionPoint { !isFar(corners[$0].x) }
  }
}
