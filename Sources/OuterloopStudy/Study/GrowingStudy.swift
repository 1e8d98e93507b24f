internal import OuterloopText

// Studies whose objective names its parameters as it runs (define by run): they begin with an empty space.
extension StudySpecification {
  /// The attributes of such a study.
  package static let growth = ["growing": "true"]

  /// Whether parameters may come to its space while it runs.
  package var isGrowing: Bool { Self.growth.allSatisfy { attributes[$0.key] == $0.value } }

  /// A value for a parameter that trial `number` asks for beyond its configuration: at random, uniform on the
  /// scale of the domain, and the same whenever it is asked for.
  package func value(
    of name: String, in domain: Domain, asTrial number: Int, by random: SearchMethod
  ) throws -> ParameterValue {
    var alone = self
    alone.space = try SearchSpace([ParameterDeclaration(name, domain)])
    (alone.constraints, alone.priors, alone.earlier) = ([], [], [])
    // Parameters of one trial have streams of their own (FNV-1a).
    for byte in name.utf8 { alone.seed = (alone.seed ^ UInt64(byte)) &* 0x100_0000_01b3 }
    guard let value = try alone.configuration(with: [:], asTrial: number, by: random)[name] else {
      throw SpaceError("parameter `\(name)` has no value", "declare one that has some")
    }
    return value
  }
}

extension StudyStore {
  /// Has the space of a study hold a parameter as an objective declares it. Returns the space.
  ///
  /// Of several processes that grow it at the same time, each does so after the others.
  /// - Throws: `SpaceError` for what the parameter cannot be.
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

/// The sampler of a space that has no parameter yet: all there is to try is to run.
struct UnknownSpace: Sampler {
  let space: SearchSpace

  func observe(_ event: Event, in history: History) {}

  func suggest(_ number: Int, in history: History) -> Assignment? {
    Assignment(space.names, values: [])
  }
}
