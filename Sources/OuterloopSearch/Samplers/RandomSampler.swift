public import OuterloopStudy

/// Independent uniform configurations, each parameter on its own scale; the baseline for every other
/// method, hard to beat in many dimensions (Bergstra and Bengio 2012).
///
/// With constraints they are uniform on the allowed part; a configuration is not tried twice while
/// others are left. O(d) time a proposal without constraints, O(n) memory.
public struct RandomSampler: Sampler {
  private let seed: UInt64
  private var tried: TriedConfigurations

  /// Uniform draws for a study.
  public init(_ specification: StudySpecification) {
    seed = specification.seed
    tried = TriedConfigurations(specification.space)
  }

  public mutating func observe(_ event: Event, in history: History) { tried.observe(event) }

  public mutating func suggest(_ number: Int, in history: History) throws -> Assignment? {
    var draws = Draws(seed: seed, .startup, trial: number)
    return try tried.draw(&draws)
  }
}

/// The options of samplers without any.
protocol NoOptions: MethodOptions {}

extension NoOptions {
  static var declarations: [MethodOption<Self>] { [] }
}

private struct RandomOptions: NoOptions {
  static let owner = "random"
}

extension SamplerKind {
  static let random = SamplerKind(
    RandomOptions.self, "independent configurations, uniform on the scale of each parameter",
    [.isScaleFree, .takesObjectives]
  ) { _ in .random }
}

extension ExpressibleBySampler {
  /// Independent uniform configurations.
  public static var random: Self {
    Self(RandomOptions().description) { RandomSampler($0) }
  }
}
