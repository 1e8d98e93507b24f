internal import OuterloopStudy

/// Parameters that are modelled together: all are active under the same condition. Values of a group
/// are numbers, one for each parameter: the value itself, or the index of a choice.
struct ParameterGroup: Sendable {
  /// Places in the space, rising.
  let indices: [Int]
  let domains: [ParameterDomain]
  private let space: [Domain]

  /// - Throws: `SpaceError` for a range without coordinates.
  init(_ indices: [Int], of space: SearchSpace) throws {
    self.indices = indices
    self.space = indices.map { space.parameters[$0].domain }
    domains = try self.space.map { domain in
      if let range = domain.range {
        return .numeric(
          try NumericDomain(
            low: range.low, high: range.high, step: range.step, isLogarithmic: range.isLog))
      }
      let count = domain.count ?? 1
      if case .ordinal = domain { return .numeric(NumericDomain(levels: count)) }
      return .categorical(count: count)
    }
  }

  func isActive(in assignment: Assignment) -> Bool { assignment.values[indices[0]] != nil }

  /// The numbers of a configuration; nil if the group is inactive in it.
  func point(of assignment: Assignment) -> [Double]? {
    var point: [Double] = []
    for (place, domain) in zip(indices, space) {
      guard let value = assignment.values[place] else { return nil }
      guard
        let number = domain.range != nil ? value.number : domain.index(of: value).map(Double.init)
      else { return nil }
      point.append(number)
    }
    return point
  }

  /// The parameter values of a point.
  func values(of point: [Double]) -> [ParameterValue] {
    zip(point, space).map { number, domain in
      if let range = domain.range { return domain.numeric(range.nearest(number)) }
      return domain.value(atIndex: Int(number))
    }
  }

  /// The groups of a space, parents before children. Parameters with a single value are in none.
  ///
  /// Jointly, parameters without condition form one group, and those with equal conditions another if
  /// `byCondition`; all others stand alone.
  static func groups(of space: SearchSpace, jointly: Bool, byCondition: Bool) throws
    -> [ParameterGroup]
  {
    var members: [[Int]] = []
    var placeOf: [String: Int] = [:]
    for (index, parameter) in space.parameters.enumerated() where parameter.domain.count != 1 {
      let condition = parameter.condition?.description
      if jointly, byCondition || condition == nil {
        let key = condition ?? ""
        if let place = placeOf[key] {
          members[place].append(index)
          continue
        }
        placeOf[key] = members.count
      }
      members.append([index])
    }
    return try members.map { try ParameterGroup($0, of: space) }
  }
}
