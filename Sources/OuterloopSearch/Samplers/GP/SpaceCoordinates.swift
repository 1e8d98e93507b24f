internal import OuterloopStudy

/// A configuration as numbers: for every coordinate its place in 0...1, or the number of a choice. What
/// is inactive has a number too, which counts when its parents change.
struct Candidate: Sendable, Hashable {
  var places: [Double]
}

/// The parameters of a space as coordinates of a Gaussian process.
///
/// Numbers stand where they lie in their range on its scale, ordinals where their index does, choices are
/// at distance 1 from one another (more than 64 of them nearly so). Parameters with the same condition
/// form a group; parameters with a single value are in none.
struct SpaceCoordinates: Sendable {
  struct Coordinate: Sendable {
    /// The parameter's place in the space.
    let index: Int
    let group: Int
    /// Its first column within the group.
    let column: Int
    let domain: Domain
    let kind: Kind
    /// Whether a condition mentions it: it then moves from value to value, not along a slope.
    let isParent: Bool
  }

  enum Kind: Sendable {
    case continuous
    /// A grid of few values, or an ordinal of few: their places.
    case levels([Double])
    /// A grid of many values, or an ordinal of many.
    case steps(Int)
    case choice(ChoiceCode)
  }

  /// Grids of more values are searched by slope and step instead of value by value.
  private static let mostLevels = 16

  let space: SearchSpace
  let layout: KernelLayout
  let coordinates: [Coordinate]
  /// By group, nil: always active.
  private let conditions: [Predicate?]
  /// By the parameter's place in the space.
  private let coordinateOf: [Int?]
  /// Places in the space of what conditions mention, rising.
  private let parents: [Int]

  init(_ space: SearchSpace) {
    self.space = space
    let parents = space.parameters.reduce(into: Set<Int>()) {
      $0.formUnion($1.condition?.parents ?? [])
    }
    var coordinates: [Coordinate] = []
    var conditions: [Predicate?] = []
    var lengthscales: [[Int]] = []
    var counts: [Int] = []
    var groupOf: [String: Int] = [:]
    var coordinateOf = [Int?](repeating: nil, count: space.parameters.count)
    for (index, parameter) in space.parameters.enumerated() where parameter.domain.count != 1 {
      let name = parameter.condition?.description ?? ""
      let group = groupOf[name] ?? conditions.count
      if group == conditions.count {
        groupOf[name] = group
        conditions.append(parameter.condition)
        lengthscales.append([])
        counts.append(0)
      }
      let kind = Self.kind(parameter.domain)
      coordinateOf[index] = coordinates.count
      coordinates.append(
        Coordinate(
          index: index, group: group, column: lengthscales[group].count, domain: parameter.domain,
          kind: kind, isParent: parents.contains(index)))
      var width = 1
      if case .choice(let code) = kind { width = code.columns }
      lengthscales[group] += [Int](repeating: counts[group], count: width)
      counts[group] += 1
    }
    self.coordinates = coordinates
    self.conditions = conditions
    self.coordinateOf = coordinateOf
    self.parents = parents.sorted()
    layout = KernelLayout(
      groups: zip(lengthscales, conditions).map {
        KernelLayout.Group(lengthscales: $0, isConditional: $1 != nil)
      })
  }

  private static func kind(_ domain: Domain) -> Kind {
    guard let count = domain.count else { return .continuous }
    switch domain {
    case .categorical: return .choice(ChoiceCode(count: count))
    case .ordinal, .constant:
      guard count <= mostLevels else { return .steps(count) }
      return .levels((0..<count).map { (Double($0) + 0.5) / Double(count) })
    case .float(let range), .int(let range):
      guard count <= mostLevels else { return .steps(count) }
      return .levels((0..<count).map { range.unit(of: range.gridValue($0)) })
    }
  }

  /// The candidate at some quantiles, one for each coordinate.
  func candidate(atQuantiles u: (Int) -> Double) -> Candidate {
    Candidate(
      places: coordinates.indices.map { place in
        let u = u(place)
        switch coordinates[place].kind {
        case .continuous: return u
        case .levels(let places):
          return places[min(Int(u * Double(places.count)), places.count - 1)]
        case .steps: return snapped(u, place)
        case .choice(let code): return code.choice(atQuantile: u)
        }
      })
  }

  /// The place of the nearest value on the grid of a coordinate of steps.
  func snapped(_ place: Double, _ coordinate: Int) -> Double {
    self.place(coordinates[coordinate].domain.value(atUnit: place), coordinate)
  }

  func value(_ coordinate: Int, _ place: Double) -> ParameterValue {
    let domain = coordinates[coordinate].domain
    switch coordinates[coordinate].kind {
    case .choice: return domain.value(atIndex: Int(place))
    case .continuous, .steps: return domain.value(atUnit: place)
    case .levels(let places):
      let nearest = places.indices.min { abs(places[$0] - place) < abs(places[$1] - place) }
      return domain.value(atIndex: nearest ?? 0)
    }
  }

  /// Where a value of a coordinate stands.
  func place(_ value: ParameterValue, _ coordinate: Int) -> Double {
    let domain = coordinates[coordinate].domain
    switch coordinates[coordinate].kind {
    case .choice: return Double(domain.index(of: value) ?? 0)
    case .levels(let places): return places[domain.index(of: value) ?? 0]
    case .continuous, .steps:
      if let range = domain.range { return range.unit(of: value.number ?? .nan) }
      return (Double(domain.index(of: value) ?? 0) + 0.5) / Double(domain.count ?? 1)
    }
  }

  /// The candidate of a configuration; inactive coordinates are in the middle.
  func candidate(of assignment: Assignment) -> Candidate {
    Candidate(
      places: coordinates.indices.map { coordinate in
        guard let value = assignment.values[coordinates[coordinate].index] else {
          if case .choice = coordinates[coordinate].kind { return 0 }
          return 0.5
        }
        return place(value, coordinate)
      })
  }

  /// The configuration of a candidate; nil if it is forbidden.
  func assignment(of candidate: Candidate) -> Assignment? {
    space.assignment { index, domain in
      guard let coordinate = coordinateOf[index] else { return domain.value(atIndex: 0) }
      return value(coordinate, candidate.places[coordinate])
    }.flatMap { space.allows($0) ? $0 : nil }
  }

  func isAllowed(_ candidate: Candidate) -> Bool {
    space.forbidden.isEmpty || assignment(of: candidate) != nil
  }

  /// Which groups a candidate has.
  func activity(_ candidate: Candidate) -> [Bool] {
    // Of what conditions mention, parents first.
    var known: [Int: ParameterValue] = [:]
    for index in parents {
      let parameter = space.parameters[index]
      guard parameter.condition.map({ $0.holds { known[$0] } }) ?? true else { continue }
      known[index] =
        coordinateOf[index].map { value($0, candidate.places[$0]) }
        ?? parameter.domain.value(atIndex: 0)
    }
    return conditions.map { $0.map { $0.holds { known[$0] } } ?? true }
  }

  /// Candidates as the kernel sees them. O(candidates x columns).
  func points(_ candidates: [Candidate]) -> KernelPoints {
    let isConditional = layout.groups.contains(where: \.isConditional)
    var columns = layout.groups.map {
      [Double](repeating: 0, count: candidates.count * $0.columns)
    }
    var activity = layout.groups.map {
      [Double](repeating: 1, count: $0.isConditional ? candidates.count : 0)
    }
    for (row, candidate) in candidates.enumerated() {
      let isActive = isConditional ? self.activity(candidate) : []
      if isConditional {
        for group in isActive.indices where !isActive[group] { activity[group][row] = 0 }
      }
      for (place, coordinate) in coordinates.enumerated() {
        if isConditional, !isActive[coordinate.group] { continue }
        let first = row * layout.groups[coordinate.group].columns + coordinate.column
        let number = candidate.places[place]
        if case .choice(let code) = coordinate.kind {
          code.write(Int(number), to: &columns[coordinate.group], at: first)
        } else {
          // Around 0, where differences of squares are exact.
          columns[coordinate.group][first] = number - 0.5
        }
      }
    }
    return KernelPoints(layout, count: candidates.count, columns: columns, activity: activity)
  }
}
