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
