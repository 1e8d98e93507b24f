public import OuterloopStudy

/// Independent uniform configurations, each parameter on its own scale; what every other method is to
/// beat, and hard to beat in many dimensions (Bergstra and Bengio 2012).
///
/// Forbidden configurations are drawn again; a configuration is not tried twice while others are left.
/// O(d) time a proposal, O(n) memory.
public struct RandomSampler: Sampler {
  private let space: SearchSpace
  private let seed: UInt64
  private var tried: TriedConfigurations

  public init(_ specification: StudySpecification) {
    space = specification.space
    seed = specification.seed
    tried = TriedConfigurations(specification.space)
  }

  public mutating func observe(_ event: Event, in history: History) { tried.observe(event) }

  public func suggest(_ number: Int, in history: History) throws -> Assignment? {
    var draws = Draws(seed: seed, .startup, trial: number)
    return try tried.draw(from: space, &draws)
  }
}

extension TriedConfigurations {
  /// A new configuration with every parameter uniform.
  func draw(from space: SearchSpace, _ draws: inout Draws) throws -> Assignment? {
    var stream = draws
    defer { draws = stream }
    return try fresh(
      pick: { stream.next() }, draw: { space.configuration { _ in stream.next() } })
  }
}
