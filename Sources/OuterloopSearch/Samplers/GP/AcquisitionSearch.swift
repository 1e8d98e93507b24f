private import OuterloopNumerics
private import OuterloopPlatform
internal import OuterloopStudy

/// Maximises an acquisition function: starting from the best candidates of a pool, and some drawn with
/// probability proportional to e^value, by gradient ascent in continuous coordinates and by single
/// changes in discrete ones, alternating until neither helps.
///
/// Gradients move floats, and grids of many values, which are then rounded; all starts climb together,
/// so that the predictions of a step are batched. Constraints are respected: a climb that ends outside
/// moves back towards its start. Parameters in conditions change only by value.
struct AcquisitionSearch {
  private static let starts = 8
  private static let best = 3
  private static let rounds = 4
  /// The largest number of values of a choice to try.
  private static let mostChoices = 32

  let coordinates: SpaceCoordinates
  let acquisition: any Acquisition
  /// The bounds of numbers, by coordinate; nil: 0...1.
  var box: [ClosedRange<Double>]?
  /// The term of the user priors.
  var belief: CandidateBelief?
  /// Coordinates of choices that keep their values.
  var fixed: Set<Int> = []

  /// A candidate and its value.
  struct Scored {
    var candidate: Candidate
    var value: Double
  }

  /// Candidates, best first: the ends of the climbs, followed by the best of the pool.
  func ranked(_ pool: [Candidate], _ uniforms: inout UniformStream) -> [Scored] {
    var scored = zip(pool, values(pool)).map { Scored(candidate: $0, value: $1) }
    scored = scored.filter { !$0.value.isNaN }
    guard !scored.isEmpty else { return [] }
    // Equal values keep their order.
    let order = scored.indices.sorted { (scored[$0].value, $1) > (scored[$1].value, $0) }
    var climbers = starts(scored, order, &uniforms).map { scored[$0] }
    for round in 0..<Self.rounds {
      let before = climbers.map(\.value)
      climb(&climbers)
      let isChanged = step(&climbers, &uniforms)
      let gain = zip(climbers, before).map { $0.value - $1 }.max() ?? 0
      if !isChanged || (round > 0 && gain < 1e-4) { break }
    }
    let all = climbers + order.prefix(64).map { scored[$0] }
    let places = all.indices.sorted { (all[$0].value, $1) > (all[$1].value, $0) }
    return places.map { all[$0] }
  }

  func values(_ candidates: [Candidate]) -> [Double] {
    let values = acquisition.values(at: coordinates.points(candidates))
    guard let belief else { return values }
    return zip(values, candidates).map { $0 + belief.value($1) }
  }

  /// The best, and others by the largest value + Gumbel noise, which draws without replacement.
  private func starts(
    _ scored: [Scored], _ order: [Int], _ uniforms: inout UniformStream
  ) -> [Int] {
    let chosen = Array(order.prefix(Self.best))
    let rest = order.dropFirst(Self.best)
    let keys = rest.map { place in
      scored[place].value - log(-log(max(uniforms.next(), 1e-300)))
    }
    let drawn = keys.indices.sorted { (keys[$0], $1) > (keys[$1], $0) }
      .prefix(Self.starts - chosen.count)
    return chosen + drawn.map { rest[rest.startIndex + $0] }
  }

  // MARK: Gradient ascent

  private func climb(_ climbers: inout [Scored]) {
    let moving = coordinates.coordinates.indices.filter { place in
      switch coordinates.coordinates[place].kind {
      case .continuous, .steps: !coordinates.coordinates[place].isParent
      case .levels, .choice: false
      }
    }
    guard !moving.isEmpty else { return }
    var settings = BoundedLBFGS()
    settings.iterations = 30
    settings.tolerance = 1e-3
    settings.decrease = 1e-5
    let problems = climbers.map { climber in
      BoundedLBFGS.Problem(
        start: moving.map { climber.candidate.places[$0] },
        lower: moving.map { box?[$0].lowerBound ?? 0 },
        upper: moving.map { box?[$0].upperBound ?? 1 })
    }
    func candidate(_ point: [Double], _ climber: Scored) -> Candidate {
      var result = climber.candidate
      for (place, coordinate) in moving.enumerated() { result.places[coordinate] = point[place] }
      return result
    }
    let begun = climbers
    let ends = settings.minimize(problems) { points, places in
      let all = zip(points, places).map { candidate($0, begun[$1]) }
      let (values, gradients) = acquisition.valuesAndGradients(at: coordinates.points(all))
      return values.indices.map { row in
        let gradient = moving.map { place in
          return -coordinates.slope(gradients, place, row: row)
            - (belief?.slope(all[row], place) ?? 0)
        }
        return (-values[row] - (belief?.value(all[row]) ?? 0), gradient)
      }
    }
    take(
      ends.indices.map { candidate(ends[$0].point, begun[$0]) }, ends.map { -$0.value },
      &climbers)
  }

  /// Accepts the ends, rounded to grids and feasible, where they are better than their starts.
  private func take(_ ends: [Candidate], _ values: [Double], _ climbers: inout [Scored]) {
    var values = values
    var found = ends
    let isPlain =
      coordinates.space.forbidden.isEmpty
      && !coordinates.coordinates.contains { if case .steps = $0.kind { true } else { false } }
    if !isPlain {
      found = zip(ends, climbers).map { end, climber in
        for share in [1, 0.75, 0.5, 0.25, 0.1] {
          let between = blended(climber.candidate, end, share)
          if coordinates.isAllowed(between) { return between }
        }
        return climber.candidate
      }
      values = self.values(found)
    }
    for place in climbers.indices where values[place] > climbers[place].value {
      climbers[place] = Scored(candidate: found[place], value: values[place])
    }
  }

  private func blended(_ start: Candidate, _ end: Candidate, _ share: Double) -> Candidate {
    var result = end
    for (place, coordinate) in coordinates.coordinates.enumerated() {
      let between = start.places[place] + share * (end.places[place] - start.places[place])
      switch coordinate.kind {
      case .continuous: result.places[place] = share == 1 ? end.places[place] : between
      case .steps: result.places[place] = coordinates.snapped(between, place)
      case .levels, .choice: break
      }
    }
    return result
  }

  // MARK: Discrete changes

  /// Makes the best single change of a value for each climber, as long as one improves. Returns whether
  /// anything changed.
  private func step(_ climbers: inout [Scored], _ uniforms: inout UniformStream) -> Bool {
    var isChanged = false
    var open = Array(climbers.indices)
    for _ in 0..<2 * coordinates.coordinates.count where !open.isEmpty {
      var changes: [Candidate] = []
      var owners: [Int] = []
      for place in open {
        for change in self.changes(of: climbers[place].candidate, &uniforms)
        where coordinates.isAllowed(change) {
          changes.append(change)
          owners.append(place)
        }
      }
      if changes.isEmpty { break }
      let values = values(changes)
      var better: Set<Int> = []
      for (place, owner) in owners.enumerated() where values[place] > climbers[owner].value + 1e-9 {
        climbers[owner] = Scored(candidate: changes[place], value: values[place])
        better.insert(owner)
      }
      if !better.isEmpty { isChanged = true }
      open = better.sorted()
    }
    return isChanged
  }

  /// All candidates that differ in one value of a choice, of a short grid, or of a number in a condition;
  /// by a few steps for those of a long grid.
  private func changes(
    of candidate: Candidate, _ uniforms: inout UniformStream
  ) -> [Candidate] {
    var result: [Candidate] = []
    let isActive = coordinates.activity(candidate)
    for (place, coordinate) in coordinates.coordinates.enumerated()
    where isActive[coordinate.group] && !fixed.contains(place) {
      for number in alternatives(coordinate, place, candidate.places[place], &uniforms)
      where number != candidate.places[place] {
        var change = candidate
        change.places[place] = number
        result.append(change)
      }
    }
    return result
  }

  private func alternatives(
    _ coordinate: SpaceCoordinates.Coordinate, _ place: Int, _ now: Double,
    _ uniforms: inout UniformStream
  ) -> [Double] {
    switch coordinate.kind {
    case .levels(let places): return places
    case .choice(let code):
      if code.count <= Self.mostChoices { return (0..<code.count).map(Double.init) }
      return (0..<Self.mostChoices).map { _ in code.choice(atQuantile: uniforms.next()) }
    case .continuous:
      guard coordinate.isParent else { return [] }
      return [-0.2, -0.05, -0.01, 0.01, 0.05, 0.2].map { min(max(now + $0, 0), 1) }
    case .steps(let count):
      guard let index = coordinate.domain.index(of: coordinates.value(place, now)) else {
        return []
      }
      return [-8, -4, -2, -1, 1, 2, 4, 8].map { step in
        coordinates.place(
          coordinate.domain.value(atIndex: min(max(index + step, 0), count - 1)), place)
      }
    }
  }
}
