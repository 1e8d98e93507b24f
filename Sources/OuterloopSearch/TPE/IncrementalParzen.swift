internal import OuterloopStudy

/// The univariate density of TPE for one parameter and one side of the split, updated incrementally:
/// equal to ``ParzenEstimator`` of the observations in order of arrival to 1e-6 in log g.
///
/// Up to 97 observations it *is* that estimator, rebuilt after a change. From 98 on, with the magic
/// clip and a prior weight of at least .001, the cost of evaluation no longer depends on their
/// number n: a discrete Gauss transform for numbers, one weight for every point of a small grid or
/// every choice. Otherwise it stays exact, at O(n) for a point.
///
/// Insertion of the newest and removal among the newest take microseconds; changes further back
/// also shift the weights of all later ones: O(n/4096 bins), tens of microseconds at 100,000.
package struct IncrementalParzen: Sendable {
  package let domain: ParameterDomain
  package let options: ParzenOptions
  /// Observations by arrival while `large` is nil.
  private var few: [Observation] = []
  private var large: (any LargeDensity)?
  private var exact: ParzenEstimator?
  private let mayGrow: Bool

  package init(domain: ParameterDomain, options: ParzenOptions = .init()) {
    self.domain = domain
    self.options = options
    var hasWidth = true
    if case .numeric(let domain) = domain { hasWidth = domain.width > 0 }
    mayGrow = options.magicClip && options.priorWeight >= 1e-3 && hasWidth
  }

  /// The number of observations.
  package var count: Int { large?.count ?? few.count }

  /// Adds the value of the trial numbered `arrival`. Numbers outside the range are clamped, numbers
  /// off the grid are rounded to it. The arrival must be new.
  package mutating func insert(_ value: Double, arrival: Int) {
    let observation = Observation(arrival: arrival, value: domain.settled(value))
    exact = nil
    if large != nil {
      large?.insert(observation)
      return
    }
    let place = place(of: arrival)
    precondition(place == few.count || few[place].arrival != arrival, "\(arrival) is there already")
    few.insert(observation, at: place)
    if mayGrow, few.count >= KernelStore.leastCount {
      large = grown()
      few = []
    }
  }

  /// Removes the observation of a trial; `value` is the value it was added with.
  package mutating func remove(_ value: Double, arrival: Int) {
    let observation = Observation(arrival: arrival, value: domain.settled(value))
    exact = nil
    if large != nil {
      large?.remove(observation)
      if count < KernelStore.leastCount {
        few = large?.observations ?? []
        large = nil
      }
      return
    }
    let place = place(of: arrival)
    precondition(place < few.count && few[place].arrival == arrival, "no \(arrival) to remove")
    few.remove(at: place)
  }

  /// log g at every value.
  package mutating func logDensity(at values: [Double]) -> [Double] {
    if large != nil { return large?.logDensity(at: values) ?? [] }
    return estimator().logDensity(at: [values])
  }

  /// Draws `count` values, each from two uniform numbers: one for the kernel, one for the value.
  package mutating func sample(_ count: Int, from uniforms: inout UniformStream) -> [Double] {
    guard large != nil else { return estimator().sample(count, from: &uniforms)[0] }
    return (0..<count).map { _ in
      let share = uniforms.next()
      return large?.draw(share, uniforms.next()) ?? 0
    }
  }

  /// The exact density of the same observations. O(n log n), cached until the next change.
  package mutating func estimator() -> ParzenEstimator {
    if let exact { return exact }
    let observations = large?.observations ?? few
    let made = ParzenEstimator(
      domains: [domain], observations: [observations.map(\.value)], options: options)
    exact = made
    return made
  }

  private func place(of arrival: Int) -> Int {
    few.indices.partitionPoint { few[$0].arrival < arrival }
  }

  private func grown() -> any LargeDensity {
    switch domain {
    case .categorical(let choices):
      return ChoiceDensity(choices: choices, options: options, observations: few)
    case .numeric(let domain):
      if let slots = domain.count, slots <= SlotDensity.mostSlots {
        return SlotDensity(domain: domain, slots: slots, options: options, observations: few)
      }
      return GaussTransform(domain: domain, options: options, observations: few)
    }
  }
}

/// The density of one parameter from many observations (at least ``KernelStore/leastCount``),
/// updated under insertion and removal. Values are on the grid and inside the domain.
protocol LargeDensity: Sendable {
  var count: Int { get }
  /// All observations, oldest first. O(n).
  var observations: [Observation] { get }

  mutating func insert(_ observation: Observation)
  mutating func remove(_ observation: Observation)
  /// log g at every value.
  mutating func logDensity(at values: [Double]) -> [Double]
  /// The u-quantile of the kernel that owns `share`, 0 <= share < 1, of the mixture.
  mutating func draw(_ share: Double, _ u: Double) -> Double
}
