internal import OuterloopNumerics
private import OuterloopPlatform
internal import OuterloopStudy

/// The configurations that published DyHPO chooses from, drawn once for a study, and their encoding: logarithms for
/// log-scale parameters, numbers scaled from 0 at the smallest to 1 at the largest value of the pool, choices one-hot,
/// inactive parameters 0. The order of columns is logarithms, other numbers, choices.
struct PublishedPool: Sendable {
  private enum Column: Sendable {
    case number(Int, isLog: Bool)
    case choice(Int, of: Int)
  }

  let all: [Assignment]
  private let space: SearchSpace
  private let columns: [Column]
  /// The ranges of the pool's numbers, by column.
  private var ranges: [(low: Double, width: Double)] = []

  /// - Parameter list: the available configurations; nil: `size` random configurations of the space, or all if
  ///   there are fewer.
  /// - Throws: `StudyError` if no allowed configuration can be found.
  init(_ space: SearchSpace, size: Int, seed: UInt64, list: [Assignment]?) throws {
    self.space = space
    all = try list ?? Self.drawn(space, size, seed)
    var (logs, numbers, choices): ([Column], [Column], [Column]) = ([], [], [])
    for (place, parameter) in space.parameters.enumerated() where parameter.domain.count != 1 {
      if case .categorical(let values) = parameter.domain {
        choices.append(.choice(place, of: values.count))
      } else if parameter.domain.range?.isLog == true {
        logs.append(.number(place, isLog: true))
      } else {
        numbers.append(.number(place, isLog: false))
      }
    }
    columns = logs + numbers + choices
    ranges = columns.map { column in
      guard case .number(let place, let isLog) = column else { return (0, 1) }
      let known = all.compactMap { Self.number($0, place, isLog, space) }
      guard let low = known.min(), let high = known.max() else { return (0, 1) }
      return (low, high > low ? high - low : 1)
    }
  }

  private static func drawn(
    _ space: SearchSpace, _ size: Int, _ seed: UInt64
  ) throws -> [Assignment] {
    var draws = Draws(seed: seed, .candidates, trial: 0)
    var tried = TriedConfigurations(space)
    var result: [Assignment] = []
    while result.count < size, let assignment = try tried.draw(&draws) {
      if tried.contains(assignment) { break }
      tried.insert(assignment)
      result.append(assignment)
    }
    return result
  }

  private static func number(
    _ assignment: Assignment, _ place: Int, _ isLog: Bool, _ space: SearchSpace
  ) -> Double? {
    guard let value = assignment.values[place] else { return nil }
    let domain = space.parameters[place].domain
    guard domain.range != nil, let number = value.number else {
      return domain.index(of: value).map(Double.init)
    }
    return isLog ? log(number) : number
  }

  /// The length of an encoded configuration.
  var width: Int {
    columns.reduce(0) { sum, column in
      if case .choice(_, let count) = column { return sum + count }
      return sum + 1
    }
  }

  func numbers(_ assignment: Assignment) -> [Double] {
    zip(columns, ranges).flatMap { column, range -> [Double] in
      switch column {
      case .number(let place, let isLog):
        let number = Self.number(assignment, place, isLog, space)
        return [number.map { ($0 - range.low) / range.width } ?? 0]
      case .choice(let place, let count):
        let chosen = assignment.values[place].flatMap {
          space.parameters[place].domain.index(of: $0)
        }
        return (0..<count).map { $0 == chosen ? 1 : 0 }
      }
    }
  }
}
