internal import OuterloopStudy

/// Parameters that are modelled together: all are active under the same condition. Values of a group
/// are numbers, one for each parameter: the value itself, or the index of a choice.
struct ParameterGroup: Sendable {
  /// Indices in the space, ascending.
  let indices: [Int]
  let domains: [ParameterDomain]
  private let space: [Domain]
  /// Scale factors of values, so that no range is too short to invert.
  private let scales: [Double]

  /// Grids of more values have cells close to the rounding precision: the density ignores the grid.
  private static let countableCells = 1e12

  /// - Throws: `SpaceError` that names a parameter whose range has no coordinates.
  init(_ indices: [Int], of space: SearchSpace) throws {
    self.indices = indices
    let parameters = indices.map { space.parameters[$0] }
    self.space = parameters.map(\.domain)
    let scales = parameters.map { Self.scale($0.domain) }
    self.scales = scales
    domains = try zip(parameters, scales).map { parameter, scale in
      try naming("parameter `\(parameter.name)`") { try Self.density(parameter.domain, scale) }
    }
  }

  private static func scale(_ domain: Domain) -> Double {
    guard let range = domain.range, !range.isLog, range.high - range.low < 1e-280 else { return 1 }
    return 0x1p900
  }

  private static func density(_ domain: Domain, _ scale: Double) throws -> ParameterDomain {
    if let range = domain.range {
      let hasCells = Double(range.count ?? 0) <= countableCells
      if scale == 1, hasCells { return .numeric(range) }
      return .numeric(
        try NumericRange(
          range.low * scale, range.high * scale, log: range.isLog,
          step: hasCells ? range.step.map { $0 * scale } : nil))
    }
    let count = domain.count ?? 1
    if case .ordinal = domain { return .numeric(try NumericRange(0, Double(count - 1), step: 1)) }
    return .categorical(count: count)
  }

  func isActive(in assignment: Assignment) -> Bool { assignment.values[indices[0]] != nil }

  /// The numbers of a configuration; nil if the group is inactive in it.
  func point(of assignment: Assignment) -> [Double]? {
    point(of: indices.map { assignment.values[$0] })
  }

  /// The numbers of values of the group.
  func point(of values: [ParameterValue?]) -> [Double]? {
    var point: [Double] = []
    for (place, value) in values.enumerated() {
      let domain = space[place]
      guard let value,
        let number = domain.range != nil ? value.number : domain.index(of: value).map(Double.init)
      else { return nil }
      point.append(number * scales[place])
    }
    return point
  }

  /// The number of one parameter's value at a quantile of the uniform distribution.
  func number(atUnit unit: Double, column: Int) -> Double {
    let domain = space[column]
    let value = domain.value(atUnit: unit)
    let number = domain.range != nil ? value.number : domain.index(of: value).map(Double.init)
    return (number ?? 0) * scales[column]
  }

  /// The parameter values of a point.
  func values(of point: [Double]) -> [ParameterValue] {
    point.enumerated().map { place, number in
      let domain = space[place]
      if let range = domain.range { return domain.numeric(range.nearest(number / scales[place])) }
      return domain.value(atIndex: Int(number))
    }
  }

  /// The groups of a space, parents before children. Parameters with a single value are excluded.
  ///
  /// Jointly, parameters without condition form one group, and those with equal conditions another if
  /// `byCondition`; all others are modelled alone.
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
