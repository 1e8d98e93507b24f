/// The region below a reference point that no point of a front dominates, as disjoint boxes; each
/// extends to -infinity in at least one objective.
///
/// Two objectives: the strips of the staircase, one more than there are points. Three: the front is swept
/// by its third objective; a strip of the staircase of the points swept so far becomes a box when the next
/// point cuts it: at most 2 n + 1 boxes, as few as in Yang, Emmerich, Deutz and Bäck (2019).
///
/// - Complexity: O(n log n) for two objectives, O(n^2) for three.
package struct ImprovementBoxes: Sendable {
  /// Bounds of a box, objective by objective.
  package struct Box: Sendable {
    package var lower: [Double]
    package var upper: [Double]
  }

  package let boxes: [Box]

  /// - Parameters:
  ///   - points: of two or three objectives; points that are not below the reference do not count.
  ///   - reference: finite.
  package init(_ points: [[Double]], reference: [Double]) {
    precondition(2...3 ~= reference.count)
    let inside = points.filter { zip($0, reference).allSatisfy { $0 < $1 } }
    boxes =
      reference.count == 2
      ? Self.strips(inside, reference) : Self.swept(inside, reference)
  }

  private static func strips(_ points: [[Double]], _ reference: [Double]) -> [Box] {
    var boxes: [Box] = []
    var (left, level) = (-Double.infinity, reference[1])
    for point in points.sorted(by: { ($0[0], $0[1]) < ($1[0], $1[1]) }) where point[1] < level {
      if point[0] > left {
        boxes.append(Box(lower: [left, -.infinity], upper: [point[0], level]))
      }
      (left, level) = (point[0], point[1])
    }
    boxes.append(Box(lower: [left, -.infinity], upper: [reference[0], level]))
    return boxes
  }

  /// A strip of the staircase: from `left` to the next one's, below `level`, since the third objective
  /// was `start`.
  private struct Strip {
    var left: Double
    var level: Double
    var start: Double
  }

  private static func swept(_ points: [[Double]], _ reference: [Double]) -> [Box] {
    var boxes: [Box] = []
    var strips = [Strip(left: -.infinity, level: reference[1], start: -.infinity)]
    func close(_ strip: Strip, from left: Double, to right: Double, at end: Double) {
      guard end > strip.start, right > left else { return }
      boxes.append(
        Box(lower: [left, -.infinity, strip.start], upper: [right, strip.level, end]))
    }
    func right(_ place: Int) -> Double {
      place + 1 < strips.count ? strips[place + 1].left : reference[0]
    }
    let order = points.sorted { ($0[2], $0[0], $0[1]) < ($1[2], $1[0], $1[1]) }
    for point in order {
      let (x, y, z) = (point[0], point[1], point[2])
      // The strip that x is in; strips to the right of it are lower.
      let first = (strips.firstIndex { $0.left > x } ?? strips.count) - 1
      guard strips[first].level > y else { continue }
      var end = first
      while end < strips.count, strips[end].level > y {
        close(strips[end], from: max(strips[end].left, x), to: right(end), at: z)
        end += 1
      }
      let keepsLeft = strips[first].left < x
      strips.replaceSubrange(
        (keepsLeft ? first + 1 : first)..<end, with: [Strip(left: x, level: y, start: z)])
    }
    for place in strips.indices {
      close(strips[place], from: strips[place].left, to: right(place), at: reference[2])
    }
    return boxes
  }
}
