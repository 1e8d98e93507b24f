internal import OuterloopStudy

/// Which of very many bad trials a joint density is made of: all of the newest, since points that
/// still run or were just found bad must keep the next proposal away; and of the older ones an even
/// sample, each of which stands for several.
///
/// Whether a trial is kept follows from its number and from how many trials there are, never from
/// when that was asked; and a trial that has been left out stays out as trials come, so that it can be
/// forgotten. The sample is of the numbers whose multiple of the golden ratio has a small fractional
/// part: as even as every n-th number, but out of step with anything periodic in numbers (workers,
/// brackets).
package struct Thinning: Sendable, Equatable {
  /// How many trials an older one stands for: a power of the root of two, so that what is kept is
  /// looked through only when trials have grown by as much.
  package private(set) var share = 1.0
  /// The first number of the newest.
  package private(set) var newest = 0

  /// Nothing is left out.
  package init() {}

  /// For `trials` trials and about `limit` kernels at most, an eighth of them the newest; `next` is the
  /// number that follows those of all trials. Up to `limit` trials are all kept; a limit of 0 is none.
  package init(limit: Int, trials: Int, next: Int) {
    guard limit > 0, trials > limit else { return }
    let window = limit / 8
    while Double(window) + Double(trials - window) / share > Double(limit) {
      share *= 2.squareRoot()
    }
    newest = max(next - window, 0)
  }

  /// How many trials this one stands for in the density; 0: it is left out.
  package func share(of number: Int) -> Double {
    if number >= newest { return 1 }
    let fraction = Double(UInt64(number) &* 0x9E37_79B9_7F4A_7C15) * 0x1p-64
    return fraction * share < 1 ? share : 0
  }
}

/// The multivariate density of bad trials, however many: a ``JointParzen`` of those that ``Thinning``
/// keeps.
///
/// Changes take what those of ``JointParzen`` do. When shares change, at every growth of the trials
/// by 41 %, it is made anew: O(d k sqrt k) for k kernels.
package struct ThinnedParzen: Sendable {
  package var joint: JointParzen
  private var thinning = Thinning()

  package init(domains: [ParameterDomain], options: ParzenOptions = .init()) {
    joint = JointParzen(domains: domains, options: options)
  }

  package mutating func insert(_ point: [Double], arrival: Int) {
    let share = thinning.share(of: arrival)
    if share > 0 { joint.insert(point, arrival: arrival, share: share) }
  }

  /// Takes a trial out, whether it was kept or not.
  package mutating func remove(arrival: Int) {
    if thinning.share(of: arrival) > 0 { joint.remove(arrival: arrival) }
  }

  /// Leaves out what `next` does not keep. It must follow from no fewer trials than the last one.
  package mutating func thin(_ next: Thinning) {
    if next == thinning { return }
    let last = thinning
    thinning = next
    if next.share == last.share {
      for arrival in joint.arrivals(in: last.newest..<next.newest) {
        let point = joint.point(of: arrival)
        joint.remove(arrival: arrival)
        insert(point, arrival: arrival)
      }
    } else {
      let whole = joint
      joint = JointParzen(domains: whole.domains, options: whole.options)
      for arrival in whole.arrivals(in: 0..<Int.max) {
        insert(whole.point(of: arrival), arrival: arrival)
      }
    }
  }
}
