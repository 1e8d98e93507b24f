/// Mutation and crossover of differential evolution: current-to-pbest/1/bin (Zhang and Sanderson 2009).
///
///     v = x + F (x_pbest - x) + F (x_r1 - x_r2),   and each gene of the child is v's with probability CR
///
/// At least one gene is v's. A position outside [0, 1] moves to the middle between x's and the bound. A choice
/// of v is the best one's with probability F, else x's; then r1's with probability F if it differs from r2's;
/// and a random one with probability .1, since otherwise equal choices would never change again. A gene that x
/// lacks is drawn at random; a difference of one that others lack is zero.
enum DifferentialVariation {
  static func child(
    _ x: Genome, best: Genome, _ r1: Genome, _ r2: Genome, scale: Double, crossover: Double,
    counts: [Int], _ random: () -> Double
  ) -> GeneticVariation.Child {
    let genes = x.places.count + x.choices.count
    let forced = min(Int(random() * Double(max(genes, 1))), genes - 1)
    let places = x.places.indices.map { i -> Double in
      let isMutant = random() < crossover || i == forced
      guard let gene = x.places[i] else { return random() }
      guard isMutant else { return gene }
      func difference(_ a: Double?, _ b: Double?) -> Double {
        if let a, let b { a - b } else { 0 }
      }
      let value =
        gene + scale * difference(best.places[i], gene)
        + scale * difference(r1.places[i], r2.places[i])
      return value < 0 ? gene / 2 : value > 1 ? (gene + 1) / 2 : value
    }
    let choices = x.choices.indices.map { i -> Int in
      let isMutant = random() < crossover || x.places.count + i == forced
      let (u, v) = (random(), random())
      guard let gene = x.choices[i] else {
        return min(Int(u * Double(counts[i])), counts[i] - 1)
      }
      guard isMutant else { return gene }
      var value = gene
      if u < scale, let other = best.choices[i] { value = other }
      if v < scale, let a = r1.choices[i], a != r2.choices[i] { value = a }
      let w = random()
      return w < 0.1 ? min(Int(w * 10 * Double(counts[i])), counts[i] - 1) : value
    }
    return GeneticVariation.Child(places: places, choices: choices)
  }
}

/// The success history of scales F and crossover rates CR: SHADE (Tanabe and Fukunaga 2013, with L-SHADE's
/// rule of 2014 for crossover).
///
/// Each proposal takes one of H entries (M_F, M_CR), F from a Cauchy distribution around M_F with a spread of
/// .1, redrawn while not positive and clipped at 1, CR from a normal one around M_CR with .1, clipped to [0,
/// 1]. After a generation an entry becomes the Lehmer means of those that improved something, weighted by the
/// gain (here the number of ranks gained in the population, in SHADE the difference of losses):
///
///     M = sum w_k S_k^2 / sum w_k S_k
struct SuccessHistory: Sendable {
  struct Parameters: Sendable {
    var scale: Double
    var crossover: Double
  }

  private struct Success: Sendable {
    var parameters: Parameters
    var gain: Int
  }

  private var entries: [Parameters]
  private var next = 0
  private var successes: [Success] = []

  init(count: Int) {
    entries = Array(repeating: Parameters(scale: 0.5, crossover: 0.5), count: count)
  }

  func draw(_ draws: inout Draws) -> Parameters {
    let entry = entries[draws.index(below: entries.count)]
    let normal = draws.normals(1)[0]
    var scale = 0.0
    while scale <= 0 { scale = entry.scale + 0.1 * draws.cauchy() }
    return Parameters(
      scale: min(scale, 1), crossover: min(max(entry.crossover + 0.1 * normal, 0), 1))
  }

  /// A child replaced its parent. `gain` is the number of ranks gained, at least 1.
  mutating func succeeded(_ parameters: Parameters, gain: Int) {
    successes.append(Success(parameters: parameters, gain: gain))
  }

  /// Ends a generation.
  mutating func close() {
    defer { successes.removeAll(keepingCapacity: true) }
    guard !successes.isEmpty else { return }
    func mean(_ value: (Parameters) -> Double) -> Double? {
      var (squares, sum) = (0.0, 0.0)
      for success in successes {
        let (x, weight) = (value(success.parameters), Double(success.gain))
        squares += weight * x * x
        sum += weight * x
      }
      return sum > 0 ? squares / sum : nil
    }
    guard let scale = mean(\.scale) else { return }
    entries[next] = Parameters(scale: scale, crossover: mean(\.crossover) ?? 0)
    next = (next + 1) % entries.count
  }
}
