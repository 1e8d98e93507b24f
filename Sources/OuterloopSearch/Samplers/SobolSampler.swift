private import OuterloopNumerics
public import OuterloopStudy

/// Scrambled Sobol points: unbiased like random ones, but more evenly spread, in every projection.
///
/// Trial number i gets point i, whoever asks and in whichever order; one dimension per parameter. If
/// that point is forbidden or has been tried, point i of further scramblings is used, which are evenly
/// spread too. Where constraints allow little, the points are those of a cover by boxes: an additional
/// dimension chooses the box. Spaces with more than 1,111 parameters get random numbers for the rest.
/// O(d) time a proposal.
public struct SobolSampler: Sampler {
  /// Scramblings are created when needed, at the cost of a table each; beyond this number, random
  /// points are as good.
  private static let mostScramblings = 64

  private let seed: UInt64
  private let dimensions: Int
  private var sequences: [SobolSequence]
  private var tried: TriedConfigurations

  /// Scrambled Sobol points for a study.
  ///
  /// - Throws: `StudyError` for a space with more parameters than there are direction numbers.
  public init(_ specification: StudySpecification) throws {
    seed = specification.seed
    dimensions = specification.space.parameters.count
    sequences = [try Self.sequence(dimensions, seed, scrambling: 0)]
    tried = TriedConfigurations(specification.space)
  }

  private static func sequence(
    _ dimensions: Int, _ seed: UInt64, scrambling: Int
  ) throws -> SobolSequence {
    try SobolSequence(
      dimensions: min(dimensions, SobolSequence.maximumDimensions),
      key: RandomKey(seed: seed, purpose: "sobol", index: UInt64(scrambling)))
  }

  public mutating func observe(_ event: Event, in history: History) { tried.observe(event) }

  // For samplers that start with these points.
  mutating func isDone() throws -> Bool { try tried.isDone() }
  func hasTried(_ assignment: Assignment) -> Bool { tried.contains(assignment) }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    let index = UInt32(truncatingIfNeeded: number)
    var rest = Draws(seed: seed, .sobol, trial: number)
    var attempt = 0
    var known = sequences
    let (seed, dimensions) = (seed, dimensions)
    defer { sequences = known }
    func draw(_ feasible: inout FeasibleConfigurations) throws -> Assignment? {
      let isPlain = try feasible.isRedrawing
      // The sequence of scrambling 0 is that of the plain space, without a dimension for the box.
      let scrambling = isPlain ? attempt : attempt + 1
      attempt += 1
      var point: [Double] = []
      if scrambling <= (isPlain ? 8 : Self.mostScramblings) {
        while known.count <= scrambling {
          known.append(
            try Self.sequence(
              isPlain ? dimensions : dimensions + 1, seed, scrambling: known.count))
        }
        point = known[scrambling].point(index)
      }
      // The first dimension chooses the box, since it is the most uniform.
      var isBoxChosen = false
      return try feasible.draw { parameter in
        let place = isPlain ? parameter : parameter.map { $0 + 1 } ?? (isBoxChosen ? nil : 0)
        isBoxChosen = true
        guard let place, place < point.count else { return rest.next() }
        return point[place]
      }
    }
    return try tried.fresh(pick: { rest.next() }, draw: draw)
  }
}

private struct SobolOptions: NoOptions {
  static let owner = "sobol"
}

extension SamplerKind {
  static let sobol = SamplerKind(
    SobolOptions.self, "scrambled Sobol points: like random, more evenly spread",
    [.isScaleFree, .takesObjectives]
  ) { _ in .sobol }
}

extension ExpressibleBySampler {
  /// Scrambled Sobol points.
  public static var sobol: Self {
    Self(SobolOptions().description) { try SobolSampler($0) }
  }
}
