internal import OuterloopPlatform

/// The density of a categorical parameter: one weight for every choice. With W_c the weight of the
/// observations of choice c, W their total and p the prior's,
///
///     g(c) = ((W_c + a W) / (1 + C a) + p / C) / (W + p),   a = p / (k + 1).
struct ChoiceDensity: LargeDensity {
  private let choices: Int
  private let options: ParzenOptions
  private var moments: ArrivalMoments
  /// log g by choice, until the next change.
  private var known: [Double] = []

  init(choices: Int, options: ParzenOptions, observations: [Observation]) {
    self.choices = choices
    self.options = options
    moments = ArrivalMoments(bins: choices)
    for observation in observations { insert(observation) }
  }

  var count: Int { moments.count }
  var observations: [Observation] { moments.observations }

  mutating func insert(_ observation: Observation) {
    known = []
    moments.insert(observation)
    let position = moments.position(of: observation.arrival)
    moments.gather(position, sigma: 0, bin: Int(observation.value), delta: 0, scale: 1)
  }

  mutating func remove(_ observation: Observation) {
    known = []
    moments.remove(arrival: observation.arrival)
  }

  mutating func logDensity(at values: [Double]) -> [Double] {
    if known.isEmpty { known = evaluate() }
    return values.map { known.indices.contains(Int($0)) ? known[Int($0)] : -.infinity }
  }

  private func evaluate() -> [Double] {
    let weights = ObservationWeights(options.weights, count: count)
    var byChoice = (0..<choices).map { choice in
      weights.first * moments.plain[choice][0] + weights.slope * moments.rising[choice][0]
    }
    if options.weights == .recency {
      let newest = moments.newest(ObservationWeights.newest)
      for (index, particle) in newest.enumerated() {
        byChoice[particle.bin] += 1 - weights.onRamp(count - newest.count + index)
      }
    }
    let prior = options.priorWeight
    let share = prior / Double(count + 1)
    let spread = 1 + Double(choices) * share
    return byChoice.map { own in
      let mixed = (own + share * weights.total) / spread + prior / Double(choices)
      return log(mixed / (weights.total + prior))
    }
  }

  mutating func draw(_ share: Double, _ u: Double) -> Double {
    let weights = ObservationWeights(options.weights, count: count)
    let mass = share * (weights.total + options.priorWeight)
    guard mass < weights.total else {
      return min(Double(choices) * u, Double(choices - 1)).rounded(.down)
    }
    let observed = Int(moments.particle(ordinal: weights.ordinal(at: mass)).value)
    return CategoricalKernels.draw(
      choices: choices, count: count, priorWeight: options.priorWeight, observed: observed, u)
  }
}
