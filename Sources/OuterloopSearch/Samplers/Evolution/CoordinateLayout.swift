internal import OuterloopStudy

/// The parameters of a space as coordinates: numbers and ordinals as positions in the unit interval,
/// on a grid or not, choices by index. Parameters with a single value are excluded.
struct CoordinateLayout: Sendable {
  private enum Role: Sendable {
    case fixed
    case coordinate(Int)
    case choice(Int)
  }

  let space: SearchSpace
  private let roles: [Role]
  /// The grid of each coordinate; nil: continuous.
  private(set) var grids: [CoordinateGrid?] = []
  /// The number of values of each choice.
  private(set) var choiceCounts: [Int] = []

  /// Grids with more values are treated as continuous.
  private static let mostValues = 1_000_000

  /// - Parameter pairsAreChoices: numbers and ordinals with two values are choices too.
  init(_ space: SearchSpace, pairsAreChoices: Bool) {
    self.space = space
    var roles: [Role] = []
    for parameter in space.parameters {
      let count = parameter.domain.count ?? .max
      if count == 1 {
        roles.append(.fixed)
        continue
      }
      switch parameter.domain {
      case .categorical: break
      case _ where pairsAreChoices && count == 2: break
      case .float(let range), .int(let range):
        roles.append(.coordinate(grids.count))
        grids.append(count <= Self.mostValues ? CoordinateGrid(range) : nil)
        continue
      default:
        roles.append(.coordinate(grids.count))
        grids.append(CoordinateGrid(cells: count))
        continue
      }
      roles.append(.choice(choiceCounts.count))
      choiceCounts.append(count)
    }
    self.roles = roles
  }

  /// The number of discrete coordinates and choices.
  var discreteCount: Int { grids.count { $0 != nil } + choiceCounts.count }

  /// The configuration at these positions with these choices; nil if it is forbidden.
  func assignment(_ places: [Double], _ choices: [Int]) -> Assignment? {
    space.assignment { index, _ in .some(value(index, places, choices)) }
      .flatMap { space.allows($0) ? $0 : nil }
  }

  /// A value for every parameter, whether it is active or not.
  func values(_ places: [Double], _ choices: [Int]) -> [ParameterValue] {
    roles.indices.map { value($0, places, choices) }
  }

  private func value(_ index: Int, _ places: [Double], _ choices: [Int]) -> ParameterValue {
    let domain = space.parameters[index].domain
    switch roles[index] {
    case .fixed: return domain.value(atIndex: 0)
    case .choice(let place): return domain.value(atIndex: choices[place])
    case .coordinate(let place):
      guard let grid = grids[place] else { return domain.value(atUnit: places[place]) }
      return domain.value(atIndex: grid.index(of: places[place]))
    }
  }

  /// Positions and choices of a configuration; nil for inactive parameters.
  func positions(of assignment: Assignment) -> (places: [Double?], choices: [Int?]) {
    var places = [Double?](repeating: nil, count: grids.count)
    var choices = [Int?](repeating: nil, count: choiceCounts.count)
    for (index, value) in assignment.values.enumerated() where roles.indices.contains(index) {
      guard let value else { continue }
      let domain = space.parameters[index].domain
      switch roles[index] {
      case .fixed: break
      case .choice(let place): choices[place] = domain.index(of: value)
      case .coordinate(let place):
        if let grid = grids[place] {
          places[place] = domain.index(of: value).map { grid.place($0) }
        } else if let number = value.number, let range = domain.range {
          places[place] = range.unit(of: number)
        }
      }
    }
    return (places, choices)
  }
}
