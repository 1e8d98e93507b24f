import Outerloop

/// Halton points: coordinate j of point i is the radical inverse of i in the j-th prime base p,
///
///     i = sum_k d_k p^k   ->   u_j = sum_k d_k p^(-k-1)
///
/// shifted by a random vector modulo 1 (Cranley and Patterson 1976). Even in few dimensions; from
/// about ten on neighbouring coordinates are correlated: take `sobol` there.
///
/// Time: O(d log n) a proposal. Memory: O(d).
struct HaltonSampler: Sampler {
  private let space: SearchSpace
  private let bases: [Int]
  private let shift: [Double]

  init(_ specification: StudySpecification) throws {
    space = specification.space
    bases = Array(Self.primes.prefix(space.parameters.count))
    guard bases.count == space.parameters.count else {
      throw StudyError(
        "halton has points of \(Self.primes.count) parameters, and the space has more",
        "use sobol")
    }
    // A stream of the study's seed: the same study has the same points, whoever asks.
    shift = try RandomKey(seed: specification.seed, purpose: "halton")
      .uniform([bases.count], dtype: .float64).doubles()
  }

  /// Nothing to learn: the points depend on the trial's number alone.
  mutating func observe(_ event: Event, in history: History) {}

  mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    // Points that a constraint forbids are left out; each trial has a thousand of its own.
    for attempt in 0..<1000 {
      let index = number + 1 + attempt * 1_000_003
      let assignment = space.assignment { place, domain in
        let u = Self.radicalInverse(index, bases[place]) + shift[place]
        return domain.value(atUnit: u < 1 ? u : u - 1)
      }
      if let assignment, space.allows(assignment) { return assignment }
    }
    return nil
  }

  static func radicalInverse(_ index: Int, _ base: Int) -> Double {
    var (rest, digit, sum) = (index, 1.0, 0.0)
    while rest > 0 {
      digit /= Double(base)
      sum += digit * Double(rest % base)
      rest /= base
    }
    return sum
  }

  private static let primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53]
}

extension ExpressibleBySampler {
  /// Randomly shifted Halton points.
  static var halton: Self { Self(ComponentDescription("halton")) { try HaltonSampler($0) } }
}
