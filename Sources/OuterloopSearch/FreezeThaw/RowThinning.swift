/// Selects observations for a model.
///
/// A curve is well determined by a few of its points: the last ones, and earlier epochs spaced geometrically,
/// like the model's time. The spacing increases until there are few enough rows. If there are too many curves
/// even for one row each, half of the rows go to the best ones and the rest to the newest.
struct RowThinning {
  /// A row: the trial and the epoch.
  struct Row: Sendable, Hashable {
    var trial: Int
    var epoch: Int
  }

  let limit: Int
  /// The number of epochs kept at a curve's end.
  private static let ends = 2
  /// The spacing ratios of the others; the last keeps only the ends.
  private static let ratios = [1.0, 1.15, 1.4, 2, 4, .infinity]

  /// - Complexity: O(rows), and O(curves log curves) where there are too many of them.
  func rows(_ curves: [ObservedCurve]) -> [Row] {
    for ratio in Self.ratios {
      let rows = Self.rows(curves, Array(curves.indices), ratio: ratio)
      if rows.count <= limit { return rows }
    }
    let known = curves.indices.filter { !curves[$0].epochs.isEmpty }
    let order = known.sorted { (curves[$0].best, $0) < (curves[$1].best, $1) }
    let half = limit / (2 * Self.ends)
    let chosen = order.prefix(half) + order.dropFirst(half).sorted().suffix(half)
    return Self.rows(curves, chosen.sorted(), ratio: .infinity)
  }

  private static func rows(_ curves: [ObservedCurve], _ trials: [Int], ratio: Double) -> [Row] {
    trials.flatMap { trial -> [Row] in
      let epochs = curves[trial].epochs
      var kept: [Row] = []
      var next = Double(epochs.last ?? 0)
      for (place, epoch) in epochs.enumerated().reversed() {
        let isEnd = place >= epochs.count - ends
        guard isEnd || Double(epoch) <= next else { continue }
        kept.append(Row(trial: trial, epoch: epoch))
        if !isEnd || place == epochs.count - ends { next = Double(epoch) / ratio }
      }
      return kept.reversed()
    }
  }
}
