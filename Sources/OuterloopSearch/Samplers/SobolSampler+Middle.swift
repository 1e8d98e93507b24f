internal import OuterloopStudy

extension SobolSampler {
  /// The first configuration of a search for one objective: numbers in the middle of their scales, choices, which have
  /// no middle, from the Sobol point. Ranges are usually chosen around good values, and for a model of many parameters
  /// one central trial reduces the pull of the boundaries.
  ///
  /// - Returns: nil for all other trials, after an earlier study, and where the middle is forbidden or was
  ///   enqueued.
  mutating func middle(
    _ number: Int, _ coordinates: SpaceCoordinates, _ specification: StudySpecification,
    in history: History
  ) throws -> Assignment? {
    guard specification.objectives.count == 1, specification.earlier.isEmpty,
      history.trials.allSatisfy({ $0.seen == nil }),
      let point = try suggest(number, in: history)
    else { return nil }
    let middle = coordinates.candidate(atQuantiles: { _ in 0.5 })
    var first = coordinates.candidate(of: point)
    for (place, coordinate) in coordinates.coordinates.enumerated() {
      if case .choice = coordinate.kind { continue }
      first.places[place] = middle.places[place]
    }
    return coordinates.assignment(of: first).flatMap { hasTried($0) ? nil : $0 }
  }
}
