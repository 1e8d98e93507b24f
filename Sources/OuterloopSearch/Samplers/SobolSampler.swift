private import OuterloopNumerics
public import OuterloopStudy

/// Scrambled Sobol points: as unprejudiced as random ones, spread more evenly, in every projection.
///
/// Trial number i gets point i, whoever asks and in whichever order; one dimension a parameter.
/// Where that point is forbidden or has been tried, point i of further scramblings is taken, which
/// are evenly spread too. Spaces with more than 1,111 parameters get random numbers for the rest.
/// O(d) time a proposal.
public struct SobolSampler: Sampler {
  private let space: SearchSpace
  private let seed: UInt64
  private let sequence: SobolSequence
  private var tried: TriedConfigurations

  public init(_ specification: StudySpecification) throws {
    space = specification.space
    seed = specification.seed
    sequence = try Self.sequence(space, seed, scrambling: 0)
    tried = TriedConfigurations(specification.space)
  }

  private static func sequence(
    _ space: SearchSpace, _ seed: UInt64, scrambling: Int
  ) throws -> SobolSequence {
    try SobolSequence(
      dimensions: min(space.parameters.count, SobolSequence.maximumDimensions),
      key: RandomKey(seed: seed, purpose: "sobol", index: UInt64(scrambling)))
  }

  public mutating func observe(_ event: Event, in history: History) { tried.observe(event) }

  public func suggest(_ number: Int, in history: History) throws -> Assignment? {
    let index = UInt32(truncatingIfNeeded: number)
    var rest = Draws(seed: seed, .sobol, trial: number)
    var scrambling = 0
    func draw() -> Assignment? {
      // Scramblings beyond the first cost a table; a few tries, then random points do as well.
      let again =
        (1...8).contains(scrambling)
        ? try? Self.sequence(space, seed, scrambling: scrambling) : nil
      let point = scrambling == 0 ? sequence.point(index) : again?.point(index) ?? []
      scrambling += 1
      return space.configuration { $0 < point.count ? point[$0] : rest.next() }
    }
    return try tried.fresh(pick: { rest.next() }, draw: draw)
  }
}
