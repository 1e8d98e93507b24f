internal import OuterloopNumerics
private import OuterloopPlatform
internal import OuterloopStudy

/// The candidates among which a proposal looks for starting points:
///
/// - points of a Sobol sequence, scrambled once for the study (Owen) and shifted by random bits,
///   which keeps its uniformity: across the space;
/// - the best trials, each with neighbours at several distances: all coordinates moved by about a
///   thousandth, some by a tenth (RAASP: Rashidi et al. 2024, Papenmeier et al. 2025), one or two of
///   them arbitrarily. With many coordinates, the points of the sequence are too far from all trials
///   to distinguish good from bad.
///
/// Infeasible candidates are dropped; where most are infeasible, configurations are drawn from the
/// feasible ones, and neighbours are repaired.
struct CandidatePool: Sendable {
  /// Points of the sequence.
  private let size: Int
  /// The number of neighbours; if fewer candidates are left, feasible ones are drawn instead.
  private var neighbours: Int { (size + 7) / 8 }

  private static let mostDraws = 64
  /// The largest number of neighbours to repair.
  private static let mostRepairs = 16

  private let coordinates: SpaceCoordinates
  /// (size, dimensions) words of the sequence.
  private let words: [UInt32]
  private let dimensions: Int
  private var feasible: FeasibleConfigurations

  init(_ coordinates: SpaceCoordinates, size: Int, seed: UInt64) throws {
    self.coordinates = coordinates
    self.size = size
    dimensions = min(coordinates.coordinates.count, SobolSequence.maximumDimensions)
    feasible = FeasibleConfigurations(coordinates.space)
    guard dimensions > 0 else {
      words = []
      return
    }
    let sequence = try SobolSequence(
      dimensions: dimensions, key: RandomKey(seed: seed, purpose: "gp-pool"))
    words = sequence.points(count: size).flatMap { $0.map { UInt32($0 * 0x1p32) } }
  }

  /// - Parameters:
  ///   - best: the best trials, best first.
  ///   - key: the key of the random numbers.
  ///   - spread: the key of the shift; nil: a different one for each key.
  ///   - box: the bounds of numbers, by coordinate; nil: 0...1.
  mutating func candidates(
    near best: [Candidate], key: RandomKey, spread: RandomKey? = nil,
    within box: [ClosedRange<Double>]? = nil
  ) -> [Candidate] {
    let streams = key.split(3)
    var uniforms = UniformStream(key: streams[0], expecting: 1024)
    var pool = self.spread(spread ?? streams[1], &uniforms, box).filter {
      coordinates.isAllowed($0)
    }
    if pool.count < neighbours, let tries = try? feasible.tries {
      // A draw by a random walk, which has few tries, takes tens of milliseconds.
      for _ in 0..<min(tries / 10, Self.mostDraws) where pool.count < neighbours {
        let drawn = try? feasible.draw { _ in uniforms.next() }
        if let drawn { pool.append(coordinates.candidate(of: drawn)) }
      }
    }
    let neighbours = near(best, streams[2])
    guard let box else { return pool + neighbours }
    return pool + neighbours.map { moved($0, into: box) }.filter { coordinates.isAllowed($0) }
  }

  private func moved(_ candidate: Candidate, into box: [ClosedRange<Double>]) -> Candidate {
    var result = candidate
    for (place, coordinate) in coordinates.coordinates.enumerated() {
      let inside = min(max(candidate.places[place], box[place].lowerBound), box[place].upperBound)
      switch coordinate.kind {
      case .continuous: result.places[place] = inside
      case .steps: result.places[place] = coordinates.snapped(inside, place)
      case .levels, .choice: break
      }
    }
    return result
  }

  /// The shifted sequence.
  private func spread(
    _ key: RandomKey, _ uniforms: inout UniformStream, _ box: [ClosedRange<Double>]?
  ) -> [Candidate] {
    let shifts = key.bits(max(dimensions, 1))
    var stream = uniforms
    defer { uniforms = stream }
    return (0..<(dimensions > 0 ? size : 0)).map { row in
      coordinates.candidate { place in
        let u =
          place < dimensions
          ? (Double(words[row * dimensions + place] ^ shifts[place]) + 0.5) * 0x1p-32
          : stream.next()
        guard let range = box?[place] else { return u }
        return range.lowerBound + u * (range.upperBound - range.lowerBound)
      }
    }
  }

  private mutating func near(_ best: [Candidate], _ key: RandomKey) -> [Candidate] {
    guard !best.isEmpty, dimensions > 0 else { return [] }
    var uniforms = UniformStream(key: key, expecting: neighbours * (2 * dimensions + 2))
    let count = Double(coordinates.coordinates.count)
    var result = best.filter { coordinates.isAllowed($0) }
    var repairs = Self.mostRepairs
    for number in 0..<neighbours {
      let center = best[number / 4 % best.count]
      let moved =
        switch number % 4 {
        case 0: neighbour(center, share: 1, distance: 1e-3, &uniforms)
        case 1: neighbour(center, share: min(20 / count, 1), distance: 0.1, &uniforms)
        case 2: neighbour(center, share: 2 / count, distance: 0.1, &uniforms)
        default: neighbour(center, share: 1.5 / count, distance: nil, &uniforms)
        }
      if coordinates.isAllowed(moved) {
        result.append(moved)
      } else if repairs > 0 {
        repairs -= 1
        if let repaired = repaired(moved, &uniforms) { result.append(repaired) }
      }
    }
    return result
  }

  /// A candidate with each coordinate moved with probability `share`, at least one: by a normal number
  /// of this standard deviation, or uniformly if there is none.
  private func neighbour(
    _ center: Candidate, share: Double, distance: Double?, _ uniforms: inout UniformStream
  ) -> Candidate {
    var result = center
    let places = center.places.indices
    let certain = min(Int(uniforms.next() * Double(places.count)), places.count - 1)
    for place in places where share >= 1 || uniforms.next() < share || place == certain {
      let (a, b) = (uniforms.next(), uniforms.next())
      result.places[place] = moved(place, center.places[place], distance, a, b)
    }
    return result
  }

  private func moved(
    _ coordinate: Int, _ place: Double, _ distance: Double?, _ a: Double, _ b: Double
  ) -> Double {
    // Box and Muller; 1 - a is above 0.
    let normal = (-2 * log(1 - a)).squareRoot() * cos(2 * .pi * b)
    let target = distance.map { min(max(place + $0 * normal, 0), 1) } ?? b
    switch coordinates.coordinates[coordinate].kind {
    case .continuous: return target
    case .steps: return coordinates.snapped(target, coordinate)
    case .levels(let places):
      if distance == nil { return places[min(Int(b * Double(places.count)), places.count - 1)] }
      return places.min { abs($0 - target) < abs($1 - target) } ?? place
    case .choice(let code):
      // One time in four, and never where the others hardly move.
      if let distance, distance < 0.01 || abs(normal) < 1.15 { return place }
      return code.choice(atQuantile: b)
    }
  }

  private mutating func repaired(
    _ candidate: Candidate, _ uniforms: inout UniformStream
  ) -> Candidate? {
    let indices = coordinates.coordinates.map(\.index)
    let wanted = coordinates.coordinates.indices.map {
      coordinates.value($0, candidate.places[$0])
    }
    let known = coordinates.space.parameters.map {
      $0.domain.count == 1 ? $0.domain.value(atIndex: 0) : nil
    }
    var stream = uniforms
    defer { uniforms = stream }
    guard
      let values = feasible.repaired(wanted, of: indices, given: known, { stream.next() })
    else { return nil }
    let near = Candidate(
      places: values.indices.map { coordinates.place(values[$0], $0) })
    return coordinates.isAllowed(near) ? near : nil
  }
}
