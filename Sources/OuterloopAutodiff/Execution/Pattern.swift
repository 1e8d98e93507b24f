internal import OuterloopNumerics

/// How a small array repeats inside a domain of rows x columns, and how a domain shrinks to one.
/// Only the linear order of elements matters, so reshapes do not prevent fusion.
struct Pattern: Hashable {
  enum Width: Int, Comparable {
    /// One number for the whole domain.
    case one = 0
    /// One per column: index % columns.
    case column = 1
    /// One per row: index / columns.
    case row = 2
    /// One per element.
    case full = 3
    static func < (a: Width, b: Width) -> Bool { a.rawValue < b.rawValue }
  }
  var width: Width
  var rows: Int
  var columns: Int

  /// The pattern of an operand of shape `shape[axes]` in `shape`; nil if it is neither leading,
  /// trailing nor single (then the broadcast has to be materialised).
  static func broadcast(_ shape: [Int], axes: [Int]) -> Pattern? {
    // Axes of size 1 belong to either side.
    let real = shape.indices.filter { shape[$0] != 1 }
    let kept = axes.filter { shape[$0] != 1 }
    let count = shape.reduce(1, *)
    if kept.isEmpty { return Pattern(width: .one, rows: count, columns: 1) }
    let keptCount = kept.reduce(1) { $0 * shape[$1] }
    guard keptCount > 0 else { return nil }
    if kept == Array(real.prefix(kept.count)) {
      return Pattern(width: .row, rows: keptCount, columns: count / keptCount)
    }
    if kept == Array(real.suffix(kept.count)) {
      return Pattern(width: .column, rows: count / keptCount, columns: keptCount)
    }
    return nil
  }

  /// The pattern that is left when `axes` of `shape` are reduced; nil for axes in the middle.
  static func reduction(_ shape: [Int], axes: [Int]) -> Pattern? {
    broadcast(shape, axes: shape.indices.filter { !axes.contains($0) })
  }
}
