internal import OuterloopStudy

/// The magnitude of noise in losses, estimated from curves that cross and cross back.
///
/// Of two trials with reports at the same epochs, let e be the last such epoch in a window (low, high]. Noise has
/// changed their order if, going back from e, there is an epoch with the opposite order and before that one with
/// the order at e. With |y_1 - y_2| the distance of their losses at e,
///
///     eps = 90th percentile of |y_1 - y_2| over the pairs whose order noise has changed,
///
/// 0 initially, and unchanged while there is no such pair (Bohdal et al. 2023, PASHA, section 4.2; the percentile
/// is interpolated). Repeated and non-finite losses are ignored, and so are epochs with equal losses.
///
/// Pairs are counted among the first `mostTrials` trials with a report in the window.
///
/// - Complexity: O(m e) for a report at an epoch up to `high`, m being the trials in the window and e the epochs,
///   and O(m^2 log m) where that changes a distance. O(reports) memory.
struct RankingNoise: Sendable {
  static let mostTrials = 256

  private struct Point: Sendable {
    let epoch: Int
    let loss: Double
  }

  private struct Pair: Hashable, Sendable {
    let first: Int
    let second: Int
  }

  private var low: Int
  private var high: Int
  /// By trial, with ascending epochs.
  private var curves: [Int: [Point]] = [:]
  /// Trials with a report in the window.
  private var members: [Int] = []
  private var distances: [Pair: Double] = [:]
  private(set) var epsilon = 0.0

  /// The window (low, high].
  init(low: Int, high: Int) { (self.low, self.high) = (low, high) }

  mutating func move(low: Int, high: Int) {
    (self.low, self.high) = (low, high)
    members = []
    distances = [:]
    for trial in curves.keys.sorted() where curves[trial, default: []].contains(where: isInside) {
      _ = join(trial)
    }
    estimate()
  }

  private func isInside(_ point: Point) -> Bool { point.epoch > low && point.epoch <= high }

  mutating func observe(_ loss: Double, of trial: Int, at epoch: Int) {
    guard loss.isFinite else { return }
    var curve = curves[trial] ?? []
    let place = curve.lastIndex { $0.epoch <= epoch }
    if let place, curve[place].epoch == epoch { return }
    let point = Point(epoch: epoch, loss: loss)
    curve.insert(point, at: place.map { $0 + 1 } ?? 0)
    curves[trial] = curve
    guard epoch <= high else { return }
    let isMember = members.contains(trial)
    guard isMember || isInside(point) else { return }
    if isMember ? compare(trial) : join(trial) { estimate() }
  }

  /// Returns whether a distance has changed.
  private mutating func join(_ trial: Int) -> Bool {
    guard members.count < Self.mostTrials else { return false }
    members.append(trial)
    return compare(trial)
  }

  /// Returns whether a distance has changed.
  private mutating func compare(_ trial: Int) -> Bool {
    let curve = curves[trial] ?? []
    var isChanged = false
    for other in members where other != trial {
      let pair = Pair(first: min(trial, other), second: max(trial, other))
      let distance = distance(curve, curves[other] ?? [])
      guard distances[pair] != distance else { continue }
      distances[pair] = distance
      isChanged = true
    }
    return isChanged
  }

  /// |y_1 - y_2| at the last common epoch in the window; nil if noise has not changed the order before it.
  private func distance(_ first: [Point], _ second: [Point]) -> Double? {
    var (i, j) = (first.count - 1, second.count - 1)
    var last: Double?
    var isCrossed = false
    while i >= 0, j >= 0 {
      let (a, b) = (first[i], second[j])
      if a.epoch >= b.epoch { i -= 1 }
      if b.epoch >= a.epoch { j -= 1 }
      guard a.epoch == b.epoch, a.epoch <= high else { continue }
      let difference = a.loss - b.loss
      guard let last else {
        guard isInside(a), difference != 0 else { return nil }
        last = difference
        continue
      }
      if difference == 0 { continue }
      let isSame = (difference > 0) == (last > 0)
      if isCrossed, isSame { return abs(last) }
      if !isSame { isCrossed = true }
    }
    return nil
  }

  private mutating func estimate() {
    guard !distances.isEmpty else { return }
    epsilon = PercentileStopping.percentile(90, of: Array(distances.values))
  }
}
