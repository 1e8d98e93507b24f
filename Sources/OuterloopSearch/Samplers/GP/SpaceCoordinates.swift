internal import OuterloopStudy

/// A configuration as numbers: for every coordinate its position in 0...1, or the index of a choice.
/// Inactive parameters have a number too, which matters when their parents change.
struct Candidate: Sendable, Hashable {
  var places: [Double]

  /// The candidate with these coordinates fixed.
  func with(_ fixed: [Int: Double]) -> Candidate {
    var result = self
    for (coordinate, place) in fixed { result.places[coordinate] = place }
    return result
  }

  /// Whether these coordinates have these positions.
  func has(_ fixed: [Int: Double]) -> Bool { fixed.allSatisfy { places[$0] == $1 } }
}

/// The parameters of a space as coordinates of a Gaussian process.
///
/// Numbers are at their position in the range on its scale, ordinals at that of their index, choices are
/// at distance 1 from one another (approximately for more than 64). Parameters with the same condition
/// form a group; parameters with a single value are in none.
struct SpaceCoordinates: Sendable {
  struct Coordinate: Sendable {
    /// The parameter's index in the space.
    let index: Int
    let group: Int
    /// Its first column within the group.
    let column: Int
    let domain: Domain
    let kind: Kind
    /// Whether a condition mentions it: it is then searched by value, not by gradient.
    let isParent: Bool
    /// Its first column in the group that an earlier study shares; nil: it is not in it.
    var shared: Int?
  }

  enum Kind: Sendable {
    case continuous
    /// A grid or ordinal of few values: their positions.
    case levels([Double])
    /// A grid of many values, or an ordinal of many.
    case steps(Int)
    case choice(ChoiceCode)
  }

  /// Grids of more values are searched by gradient and step instead of value by value.
  private static let mostLevels = 16

  let space: SearchSpace
  let layout: KernelLayout
  let coordinates: [Coordinate]
  /// By group, nil: always active.
  private let conditions: [Predicate?]
  /// By the parameter's index in the space.
  private let coordinateOf: [Int?]
  /// Indices of the parameters in conditions, ascending.
  private let parents: [Int]

  /// The group of the parameters shared with an earlier study, which all trials have; nil: there is
  /// no such study.
  private let sharedGroup: Int?

  /// - Parameter shared: the indices of unconditional parameters that an earlier study has too. The
  ///   kernel is then k_earlier(shared) + k(all), the latter only between trials of this study, so that
  ///   the amount of transfer is fitted through the two scales.
  init(_ space: SearchSpace, sharing shared: Set<Int> = []) {
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
    var common: [Int] = []
    for place in coordinates.indices where shared.contains(coordinates[place].index) {
      coordinates[place].shared = common.count
      var width = 1
      if case .choice(let code) = coordinates[place].kind { width = code.columns }
      common += [Int](repeating: (common.last ?? -1) + 1, count: width)
    }
    sharedGroup = common.isEmpty ? nil : conditions.count
    self.coordinates = coordinates
    self.coordinateOf = coordinateOf
    self.parents = parents.sorted()
    let hasEarlier = !common.isEmpty
    var groups = zip(lengthscales, conditions).map {
      KernelLayout.Group(lengthscales: $0, isConditional: $1 != nil || hasEarlier)
    }
    if hasEarlier {
      groups.append(KernelLayout.Group(lengthscales: common))
      conditions.append(nil)
    }
    self.conditions = conditions
    layout = KernelLayout(groups: groups)
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

  /// The position of the nearest grid value of a stepped coordinate.
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

  /// The position of a value of a coordinate.
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

  /// Choices given by parameter index and value index, as coordinates and positions, without those
  /// that the others make inactive.
  func coordinates(of choices: [Int: Int]) -> [Int: Double] {
    var result: [Int: Double] = [:]
    for (index, value) in choices {
      if let coordinate = coordinateOf[index] { result[coordinate] = Double(value) }
    }
    let middle = Candidate(places: coordinates.map { _ in 0.5 })
    let isActive = activity(middle.with(result))
    return result.filter { isActive[coordinates[$0.key].group] }
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

  /// The active groups of a candidate.
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

  /// Candidates as inputs of the kernel. O(candidates x columns).
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
        write(
          candidate.places[place], coordinate, to: &columns, coordinate.group, coordinate.column,
          row)
        if let sharedGroup, let column = coordinate.shared {
          write(candidate.places[place], coordinate, to: &columns, sharedGroup, column, row)
        }
      }
    }
    return KernelPoints(layout, count: candidates.count, columns: columns, activity: activity)
  }

  private func write(
    _ number: Double, _ coordinate: Coordinate, to columns: inout [[Double]], _ group: Int,
    _ column: Int, _ row: Int
  ) {
    let first = row * layout.groups[group].columns + column
    if case .choice(let code) = coordinate.kind {
      code.write(Int(number), to: &columns[group], at: first)
    } else {
      // Around 0, where differences of squares are exact.
      columns[group][first] = number - 0.5
    }
  }

  /// Trials of the earlier study, which have only the shared group.
  func earlierPoints(_ candidates: [Candidate]) -> KernelPoints {
    let plain = points(candidates)
    var activity = plain.activity
    var columns = plain.columns
    for group in activity.indices where group != sharedGroup {
      activity[group] = activity[group].map { _ in 0 }
      columns[group] = columns[group].map { _ in 0 }
    }
    return KernelPoints(layout, count: plain.count, columns: columns, activity: activity)
  }

  /// The derivative with respect to a coordinate, from the gradients with respect to the columns of
  /// the groups.
  func slope(_ gradients: [[Double]], _ place: Int, row: Int) -> Double {
    func part(_ group: Int, _ column: Int) -> Double {
      gradients[group][row * layout.groups[group].columns + column]
    }
    let coordinate = coordinates[place]
    var slope = part(coordinate.group, coordinate.column)
    if let sharedGroup, let column = coordinate.shared { slope += part(sharedGroup, column) }
    return slope
  }
}
