internal import OuterloopStudy

/// Results of an earlier study (`StudySpecification.earlier`) as data for the Gaussian processes of this one,
/// restricted to the common parameters.
///
/// Their losses are standardised separately, since the earlier study may have had another unit or data set:
/// the location of good values is transferred, not their level. The covariance is
///
///     k = s_0 k_0(x, x') + [both are trials of this study] s_1 k_1(x, x')
///
/// with x in k_0 of the parameters in common. Both scales are fitted, so that a similar earlier study has
/// much influence, and a dissimilar one none (the idea of Swersky et al. 2013, in the sum of kernels that
/// conditions have here).
struct EarlierTrials: Sendable {
  /// As inputs of the kernel.
  let points: KernelPoints
  /// By objective.
  let outputs: [[Double]]

  /// - Parameter coordinates: they share `shared(specification)`.
  /// - Returns: nil if there is nothing to transfer.
  init?(_ specification: StudySpecification, _ coordinates: SpaceCoordinates) {
    let space = specification.space
    let shared = Self.shared(specification)
    let outputs = specification.objectives.map { objective in
      OutputTransform(
        specification.earlier.map { objective.loss($0.values[objective.metric] ?? 0) })
    }
    guard !shared.isEmpty, outputs.allSatisfy(\.isInformative) else { return nil }
    self.outputs = outputs.map(\.standardized)
    points = coordinates.earlierPoints(
      specification.earlier.map { result in
        Candidate(
          places: coordinates.coordinates.indices.map { place in
            let index = coordinates.coordinates[place].index
            let known = shared.contains(index) ? result.params[space.parameters[index].name] : nil
            return known.map { coordinates.place($0, place) } ?? 0
          })
      })
  }

  /// The indices of parameters that all earlier results have, and that this space has in all
  /// configurations.
  static func shared(_ specification: StudySpecification) -> Set<Int> {
    let space = specification.space
    guard specification.earlier.count > 1 else { return [] }
    return Set(
      space.parameters.indices.filter { index in
        let parameter = space.parameters[index]
        return parameter.condition == nil && parameter.domain.count != 1
          && specification.earlier.allSatisfy { $0.params[parameter.name] != nil }
      })
  }
}
