/// A distribution over all coordinates and choices of a space: a normal one over coordinates, with margins,
/// and independent ones over choices.
struct SpaceDistribution: Sendable {
  /// The search over coordinates; nil if there are none.
  enum Numbers: Sendable {
    case margin(MarginSearch)
    case mixed(MixedSearch)
  }

  /// A draw, in the form needed by the update.
  struct Point: Sendable {
    var coordinates: [Double]
    var choices: [Int?]
  }

  /// A point with its result.
  struct Member: Sendable {
    var point: Point
    var rank: TrialRank
    /// Infinite without a result.
    var loss: Double
    /// Whether it was not drawn from the distribution.
    var isInjected: Bool
  }

  private(set) var numbers: Numbers?
  private(set) var choices: ChoiceDistribution
  private var penalty = BoxPenalty()
  private let weights: [Double]

  init(_ numbers: Numbers?, _ choices: ChoiceDistribution, population: Int) {
    self.numbers = numbers
    self.choices = choices
    let parameters = CMAParameters(dimensions: 1, population: population)
    weights = Array(parameters.weights.prefix(parameters.parents))
  }

  var gaussian: CovarianceAdaptation? {
    switch numbers {
    case nil: nil
    case .margin(let search): search.gaussian
    case .mixed(let search): search.gaussian
    }
  }

  func draw(_ draws: inout Draws) -> Point {
    var stream = draws
    defer { draws = stream }
    let count = gaussian?.parameters.dimensions ?? 0
    let coordinates: [Double] =
      switch numbers {
      case nil: []
      case .margin(let search): search.draw { stream.normals(count) }
      case .mixed(let search): search.draw { stream.normals(count) }
      }
    return Point(coordinates: coordinates, choices: choices.draw { stream.next() })
  }

  /// The positions in the unit cube that a point represents.
  func places(of point: Point) -> [Double] {
    switch numbers {
    case nil: []
    case .margin(let search): search.places(of: point.coordinates)
    case .mixed(let search): search.places(of: point.coordinates)
    }
  }

  /// The point that represents positions; nil (inactive) ones are taken from the mean.
  func point(of positions: (places: [Double?], choices: [Int?])) -> Point {
    let coordinates: [Double] =
      switch numbers {
      case nil: []
      case .margin(let search): search.point(of: positions.places)
      case .mixed(let search): search.point(of: positions.places)
      }
    return Point(coordinates: coordinates, choices: positions.choices)
  }

  /// Updates the distribution with a population. Ties are in order of arrival.
  mutating func update(_ members: [Member]) {
    var sorted = members.enumerated().sorted {
      ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset)
    }.map(\.element)
    let penalties = penalties(sorted)
    if penalties.contains(where: { $0 > 0 }) {
      // Trials without a result come last.
      let order = sorted.indices.sorted { a, b in
        let (left, right) = (sorted[a].loss + penalties[a], sorted[b].loss + penalties[b])
        return left != right ? left < right : a < b
      }
      sorted = order.map { sorted[$0] }
    }
    let points = sorted.map(\.point.coordinates)
    let injected = sorted.contains(where: \.isInjected) ? sorted.map(\.isInjected) : []
    switch numbers {
    case nil: break
    case .margin(var search):
      numbers = nil
      search.update(points, isInjected: injected)
      numbers = .margin(search)
    case .mixed(var search):
      numbers = nil
      search.update(points, isInjected: injected)
      numbers = .mixed(search)
    }
    choices.update(sorted.prefix(weights.count).map(\.point.choices), weights: weights)
  }

  private mutating func penalties(_ sorted: [Member]) -> [Double] {
    let points = sorted.map(\.point.coordinates)
    let losses = sorted.map(\.loss)
    switch numbers {
    case nil: return []
    case .margin(let search):
      guard case .penalty = search.bounds else { return [] }
      return penalty.penalties(
        points, losses: losses, search.gaussian, scales: search.scales,
        ranges: search.grids.map { $0 == nil ? 0...1 : nil })
    case .mixed(let search):
      return penalty.penalties(
        points, losses: losses, search.gaussian, scales: search.scales,
        ranges: zip(search.grids, search.ranges).map { $0 == nil ? $1 : nil })
    }
  }
}
