internal import OuterloopNumerics
internal import OuterloopStudy

/// What is believed of good values, as a search over candidates needs it: a term of the acquisition function
/// (`HintedPriors`), its slopes, and candidates from it.
struct CandidateBelief: Sendable {
  private let coordinates: SpaceCoordinates
  private let priors: HintedPriors
  /// The coordinates that something is believed of.
  private let places: [Int]

  /// The step of central differences, in units of the range.
  private static let step = 1e-4

  /// - Returns: nil if nothing is believed any more.
  init?(_ priors: HintedPriors, _ coordinates: SpaceCoordinates) {
    guard priors.areLive else { return nil }
    self.priors = priors
    self.coordinates = coordinates
    places = coordinates.coordinates.indices.filter {
      priors.latest(of: coordinates.coordinates[$0].index) != nil
    }
  }

  /// sum of (beta / t) log pi over what is active in the candidate.
  func value(_ candidate: Candidate) -> Double {
    let isActive = coordinates.activity(candidate)
    return places.reduce(0) { sum, place in
      isActive[coordinates.coordinates[place].group]
        ? sum + term(place, candidate.places[place]) : sum
    }
  }

  /// The derivative of `value` by a coordinate, by central differences; 0 on grids, where it moves in steps.
  func slope(_ candidate: Candidate, _ place: Int) -> Double {
    let coordinate = coordinates.coordinates[place]
    guard places.contains(place), case .continuous = coordinate.kind,
      coordinates.activity(candidate)[coordinate.group]
    else { return 0 }
    let low = max(candidate.places[place] - Self.step, 0)
    let high = min(candidate.places[place] + Self.step, 1)
    return (term(place, high) - term(place, low)) / (high - low)
  }

  private func term(_ place: Int, _ number: Double) -> Double {
    priors.logWeight(
      of: coordinates.coordinates[place].index, at: coordinates.value(place, number))
  }

  /// A candidate from what is believed: at its mode if that is new, else drawn from it; uniform in what
  /// nothing is believed of.
  func candidate(_ draws: inout Draws) -> Candidate {
    var stream = draws
    defer { draws = stream }
    return coordinates.candidate { place in
      let uniform = stream.next()
      guard let belief = priors.latest(of: coordinates.coordinates[place].index) else {
        return uniform
      }
      return belief.proposals == 0
        ? belief.density.modeUnit : belief.density.unit(atQuantile: uniform)
    }
  }
}
