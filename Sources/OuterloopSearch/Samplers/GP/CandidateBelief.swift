internal import OuterloopNumerics
internal import OuterloopStudy

/// The user priors in the form needed by a search over candidates: a term of the acquisition function
/// (`HintedPriors`), its derivatives, and draws from it.
struct CandidateBelief: Sendable {
  private let coordinates: SpaceCoordinates
  private let priors: HintedPriors
  /// The coordinates with a prior.
  private let places: [Int]

  /// The step of central differences, in units of the range.
  private static let step = 1e-4

  /// - Returns: nil if no prior is in effect.
  init?(_ priors: HintedPriors, _ coordinates: SpaceCoordinates) {
    guard priors.areLive else { return nil }
    self.priors = priors
    self.coordinates = coordinates
    places = coordinates.coordinates.indices.filter {
      priors.latest(of: coordinates.coordinates[$0].index) != nil
    }
  }

  /// sum of (beta / t) log pi over the parameters that are active in the candidate.
  func value(_ candidate: Candidate) -> Double {
    let isActive = coordinates.activity(candidate)
    return places.reduce(0) { sum, place in
      isActive[coordinates.coordinates[place].group]
        ? sum + term(place, candidate.places[place]) : sum
    }
  }

  /// The derivative of `value` with respect to a coordinate, by central differences; 0 on grids, where it is
  /// a step function.
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

  /// A candidate from the priors: at their mode if that is new, otherwise drawn from them; uniform in
  /// parameters without a prior.
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
