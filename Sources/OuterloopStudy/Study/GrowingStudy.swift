internal import OuterloopText

// Studies whose objective names its parameters as it runs (define by run): they start with an empty space.
extension StudySpecification {
  /// The attributes of such a study.
  package static let growth = ["growing": "true"]

  /// Whether parameters may be added to its space while it runs.
  package var isGrowing: Bool { Self.growth.allSatisfy { attributes[$0.key] == $0.value } }

  /// A value for a parameter that trial `number` asks for beyond its configuration: drawn at random, uniform
  /// on the scale of the domain, and the same every time.
  package func value(
    of name: String, in domain: Domain, asTrial number: Int, by random: SearchMethod
  ) throws -> ParameterValue {
    var alone = self
    alone.space = try SearchSpace([ParameterDeclaration(name, domain)])
    (alone.constraints, alone.priors, alone.earlier) = ([], [], [])
    // Each parameter of a trial has its own random stream (FNV-1a).
    for byte in name.utf8 { alone.seed = (alone.seed ^ UInt64(byte)) &* 0x100_0000_01b3 }
    guard let value = try alone.configuration(with: [:], asTrial: number, by: random)[name] else {
      throw SpaceError("parameter `\(name)` has no value", "declare one that has some")
    }
    return value
  }
}

extension StudyStore {
  /// Ensures that the space of a study contains a parameter as an objective declares it. Returns
  /// the space.
  ///
  /// Several processes that do so at the same time take turns.
  /// - Throws: `SpaceError` for an invalid parameter.
  package func grow(
    _ study: StudyID, by declaration: ParameterDeclaration
  ) async throws -> SearchSpace {
    while true {
      let space = try await specification(of: study).space
      let grown = try space.grown(by: declaration)
      if grown == space { return space }
      do {
        try await extend(study, to: grown)
        return grown
      } catch let error as SpaceError {
        // Unless it has changed meanwhile.
        guard try await specification(of: study).space != space else { throw error }
      }
    }
  }
}

/// The sampler of a space that has no parameters yet: it can only propose the empty configuration.
struct UnknownSpace: Sampler {
  let space: SearchSpace

  func observe(_ event: Event, in history: History) {}

  func suggest(_ number: Int, in history: History) -> Assignment? {
    Assignment(space.names, values: [])
  }
}
