internal import OuterloopStudy

/// Selects the bad trials for a joint density from very many: all of the newest, since running and
/// recently bad points must repel the next proposal; and an even sample of the older ones, each of
/// which represents several.
///
/// Whether a trial is kept depends on its number and on the number of trials, never on the time of the
/// query; and a dropped trial stays dropped as trials are added, so that it can be deleted. The sample
/// consists of the numbers whose multiple of the golden ratio has a small fractional part: as even as
/// every n-th number, but not aligned with anything periodic (workers, brackets).
package struct Thinning: Sendable, Equatable {
  /// How many trials an older one represents: a power of the square root of two, so that the kept
  /// trials are re-examined only when their number has grown by that factor.
  package private(set) var share = 1.0
  /// The first number of the newest.
  package private(set) var newest = 0

  /// Keeps everything.
  package init() {}

  /// For `trials` trials and at most about `limit` kernels, an eighth of them the newest; `next` is the
  /// next trial number. Up to `limit` trials, all are kept; a limit of 0 means none.
  package init(limit: Int, trials: Int, next: Int) {
    guard limit > 0, trials > limit else { return }
    let window = limit / 8
    while Double(window) + Double(trials - window) / share > Double(limit) {
      share *= 2.squareRoot()
    }
    newest = max(next - window, 0)
  }

  /// How many trials this one represents in the density; 0: it is dropped.
  package func share(of number: Int) -> Double {
    if number >= newest { return 1 }
    let fraction = Double(UInt64(number) &* 0x9E37_79B9_7F4A_7C15) * 0x1p-64
    return fraction * share < 1 ? share : 0
  }
}

/// The multivariate density of any number of bad trials: a ``JointParzen`` of those that ``Thinning``
/// keeps.
///
/// New trials wait until a density is asked for, so that those of a long study that are dropped anyway
/// never become kernels. Changes then cost the same as in ``JointParzen``. When shares change, whenever
/// the number of trials has grown by 41 %, it is rebuilt: O(d k sqrt k) for k kernels.
package struct ThinnedParzen: Sendable {
  private var joint: JointParzen
  private var thinning = Thinning()
  /// Trials that are not in `joint` yet, and the order in which they came.
  private var waiting: [Int: [Double]] = [:]
  private var order: [Int] = []

  package init(domains: [ParameterDomain], options: ParzenOptions = .init()) {
    joint = JointParzen(domains: domains, options: options)
  }

  package mutating func insert(_ point: [Double], arrival: Int) {
    waiting[arrival] = point
    order.append(arrival)
  }

  /// The number of kernels without the prior's.
  package var count: Int { joint.count + waiting.keys.count { thinning.share(of: $0) > 0 } }

  /// See `JointParzen`.
  package mutating func logDensity(at points: [[Double]]) -> [Double] {
    settle()
    return joint.logDensity(at: points)
  }

  /// See `JointParzen`.
  package mutating func sample(_ count: Int, from uniforms: inout UniformStream) -> [[Double]] {
    settle()
    return joint.sample(count, from: &uniforms)
  }

  /// See `JointParzen`.
  package mutating func estimator() -> ParzenEstimator {
    settle()
    return joint.estimator()
  }

  private mutating func settle() {
    for arrival in order {
      if let point = waiting.removeValue(forKey: arrival) { place(point, arrival: arrival) }
    }
    order.removeAll(keepingCapacity: true)
  }

  private mutating func place(_ point: [Double], arrival: Int) {
    let share = thinning.share(of: arrival)
    if share > 0 { joint.insert(point, arrival: arrival, share: share) }
  }

  /// Removes a trial, whether it was kept or not.
  package mutating func remove(arrival: Int) {
    if waiting.removeValue(forKey: arrival) != nil { return }
    if thinning.share(of: arrival) > 0 { joint.remove(arrival: arrival) }
  }

  /// Drops what `next` does not keep. `next` must not be based on fewer trials than the last one.
  package mutating func thin(_ next: Thinning) {
    if next == thinning { return }
    let last = thinning
    thinning = next
    if next.share == last.share {
      for arrival in joint.arrivals(in: last.newest..<next.newest) {
        let point = joint.point(of: arrival)
        joint.remove(arrival: arrival)
        place(point, arrival: arrival)
      }
    } else {
      let whole = joint
      joint = JointParzen(domains: whole.domains, options: whole.options)
      for arrival in whole.arrivals(in: 0..<Int.max) {
        place(whole.point(of: arrival), arrival: arrival)
      }
    }
  }
}
