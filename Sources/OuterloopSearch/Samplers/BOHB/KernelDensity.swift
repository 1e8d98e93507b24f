internal import OuterloopNumerics
internal import OuterloopPlatform

/// BOHB's kernel density over configurations, with one bandwidth for each parameter and the same weight for each
/// of n points:
///
///     p(x) = 1/n sum_i prod_j k_j(x_j, x_ij)
///
/// - numbers and ordinals in [0, 1]: k(x, m) = phi((x - m)/h)/h with h = 1.06 s n^(-1/(4 + d)), s the standard
///   deviation of the points;
/// - c choices (Aitchison and Aitken 1976): k(x, m) = 1 - h if x = m, else h/(c - 1), h by the same rule with
///   s^2 = (1 - sum p^2)/2, p being the frequencies of the choices, and at most (c - 1)/c, where k is
///   uniform.
///
/// h is at least 1e-3, and d is the number of parameters. For two choices s is the standard deviation of 0 and 1,
/// as in the authors' code; for more, theirs is that of the choices' indices, which depends on their order and
/// exceeds 1 for many choices.
///
/// For a parameter that is inactive in a point, the kernel is averaged over the points in which it is active (the
/// expectation of imputing a random one of their values), and is 1, for numbers, or 1/c if there is none. A
/// parameter that is inactive in x has no kernel.
///
/// - Complexity: O(n d) for a density; O(n d) memory.
struct KernelDensity: Sendable {
  /// A configuration: positions of numbers in [0, 1], and indices of choices; nil: inactive.
  typealias Point = (places: [Double?], choices: [Int?])

  private let places: [[Double?]]
  private let choices: [[Int?]]
  private let choiceCounts: [Int]
  let placeWidths: [Double]
  let choiceWidths: [Double]

  static let floor = 1e-3

  /// - Parameter points: at least one.
  init(_ points: [Point], choiceCounts: [Int]) {
    places = points.map(\.places)
    choices = points.map(\.choices)
    self.choiceCounts = choiceCounts
    let numbers = points.first?.places.count ?? 0
    let rate = Self.rate(points.count, parameters: numbers + choiceCounts.count)
    placeWidths = (0..<numbers).map { place in
      max(rate * Self.deviation(points.compactMap { $0.places[place] }), Self.floor)
    }
    choiceWidths = choiceCounts.enumerated().map { place, count in
      let spread = Self.spread(points.compactMap { $0.choices[place] }, count)
      return min(max(rate * spread, Self.floor), Double(count - 1) / Double(count))
    }
  }

  /// 1.06 n^(-1/(4 + d)).
  private static func rate(_ count: Int, parameters: Int) -> Double {
    1.06 * pow(Double(max(count, 1)), -1 / Double(4 + parameters))
  }

  private static func deviation(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count)).squareRoot()
  }

  private static func spread(_ values: [Int], _ count: Int) -> Double {
    guard !values.isEmpty else { return 0 }
    var shares = [Double](repeating: 0, count: count)
    for value in values { shares[value] += 1 / Double(values.count) }
    return max((1 - shares.reduce(0) { $0 + $1 * $1 }) / 2, 0).squareRoot()
  }

  /// log p at a point.
  func logDensity(at point: Point) -> Double {
    var logs = [Double](repeating: 0, count: places.count)
    for (place, value) in point.places.enumerated() {
      guard let value else { continue }
      let width = placeWidths[place]
      add(to: &logs, ifNone: 0, places.map { $0[place] }) { center in
        StandardNormal.logDensity((value - center) / width) - log(width)
      }
    }
    for (place, value) in point.choices.enumerated() {
      guard let value else { continue }
      let (count, width) = (Double(choiceCounts[place]), choiceWidths[place])
      let (same, other) = (log(1 - width), log(width / (count - 1)))
      add(to: &logs, ifNone: -log(count), choices.map { $0[place] }) { $0 == value ? same : other }
    }
    return Self.logMean(logs)
  }

  /// Adds the logarithm of a parameter's kernel to that of each point.
  private func add<Value>(
    to logs: inout [Double], ifNone: Double, _ centers: [Value?], _ kernel: (Value) -> Double
  ) {
    let kernels = centers.map { $0.map(kernel) }
    var missing = ifNone
    if kernels.contains(where: { $0 == nil }) {
      let known = kernels.compactMap(\.self)
      if !known.isEmpty { missing = Self.logMean(known) }
    }
    for place in logs.indices { logs[place] += kernels[place] ?? missing }
  }

  private static func logMean(_ logs: [Double]) -> Double {
    let largest = logs.max() ?? -.infinity
    guard largest.isFinite else { return largest }
    return largest + log(logs.reduce(0) { $0 + exp($1 - largest) } / Double(logs.count))
  }

  /// A point near one of those of the density, chosen at random: numbers are normal around it with `widening` times
  /// the bandwidth, within [0, 1]; a choice keeps its value with probability 1 - h and is otherwise uniform. An
  /// inactive parameter is taken from another point in which it is active, and is uniform if there is none.
  func candidate(widening: Double, _ random: () -> Double) -> (places: [Double], choices: [Int]) {
    let chosen = Self.index(random(), of: places.count)
    let numbers = placeWidths.enumerated().map { place, width -> Double in
      let (another, uniform) = (random(), random())
      let center = places[chosen][place] ?? Self.pick(places.compactMap { $0[place] }, another)
      guard let center else { return uniform }
      let wide = widening * width
      let low = -center / wide
      let t = StandardNormal.truncatedQuantile(uniform, low, (1 - center) / wide)
      return min(max(center + wide * t, 0), 1)
    }
    let picks = choiceWidths.enumerated().map { place, width -> Int in
      let (another, coin, uniform) = (random(), random(), random())
      let center = choices[chosen][place] ?? Self.pick(choices.compactMap { $0[place] }, another)
      if let center, coin >= width { return center }
      return Self.index(uniform, of: choiceCounts[place])
    }
    return (numbers, picks)
  }

  private static func pick<Value>(_ values: [Value], _ uniform: Double) -> Value? {
    values.isEmpty ? nil : values[index(uniform, of: values.count)]
  }

  private static func index(_ uniform: Double, of count: Int) -> Int {
    min(Int(uniform * Double(count)), count - 1)
  }
}
