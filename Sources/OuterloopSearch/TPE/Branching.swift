internal import OuterloopStudy

/// The parameters of a space whose values open branches: categorical parameters that a condition
/// depends on. (Conditions on numbers and ordinals open no branches here: those are modelled on their
/// scale, where neighbours are informative about each other.)
struct Branching: Sendable {
  /// A branching parameter.
  struct Parent: Sendable {
    /// Its index in the space.
    let place: Int
    let domain: Domain
    /// For each of its values, how many numeric parameters there are in its branch.
    let dimensions: [Int]
  }

  let parents: [Parent]

  init(_ space: SearchSpace) {
    let mentioned = space.parameters.reduce(into: Set<Int>()) {
      if $1.domain.count != 1 { $0.formUnion($1.condition?.parents ?? []) }
    }
    parents = space.parameters.indices.compactMap { place in
      let domain = space.parameters[place].domain
      guard mentioned.contains(place), case .categorical(let choices) = domain, choices.count > 1
      else { return nil }
      return Parent(
        place: place, domain: domain,
        dimensions: choices.map { Self.dimensions(space, place, $0) })
    }
  }

  /// The numeric parameters that may be active together with that value.
  private static func dimensions(_ space: SearchSpace, _ place: Int, _ value: ParameterValue) -> Int
  {
    var values = [ParameterValue?](repeating: nil, count: space.parameters.count)
    values[place] = value
    return space.parameters.indices.count { index in
      let parameter = space.parameters[index]
      if parameter.domain.count == 1 { return false }
      if case .categorical = parameter.domain { return false }
      guard let condition = parameter.condition else { return true }
      return condition.parents.contains(place) && condition.holds { values[$0] }
    }
  }

  /// The branch of a configuration: the index of the value of each parent, -1 where it is inactive.
  func key(of assignment: Assignment) -> [Int] {
    parents.map { parent in
      assignment.values[parent.place].flatMap { parent.domain.index(of: $0) } ?? -1
    }
  }
}
