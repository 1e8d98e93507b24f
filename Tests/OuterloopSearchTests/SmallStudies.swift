import Foundation
import OuterloopSearch
import OuterloopStudy
import OuterloopTesting

extension SearchSpace {
  /// Parameters as they are written on a command line.
  init(parsing parameters: [String], forbidden: [String] = []) throws {
    try self.init(parameters.map(ParameterDeclaration.init(parsing:)), forbidden: forbidden)
  }

  /// `x0`, `x1`, ... in [0, 1].
  static func cube(_ count: Int) throws -> SearchSpace {
    try SearchSpace(parsing: (0..<count).map { "x\($0)=float(0, 1)" })
  }
}

extension StudySpecification {
  /// A study of which nothing matters but this.
  static func small(
    _ space: SearchSpace, _ objectives: [Objective] = [.minimize("loss")],
    _ method: MethodDescription = MethodDescription("random"), seed: UInt64 = 1
  ) throws -> StudySpecification {
    try StudySpecification(
      name: "s", space: space, objectives: objectives, method: method, seed: seed)
  }
}

extension SearchSimulation {
  init(
    _ space: SearchSpace, _ objectives: [Objective] = [.minimize("loss")], by method: SearchMethod,
    seed: UInt64 = 1
  ) throws {
    try self.init(.small(space, objectives, method.description, seed: seed), method)
  }
}

extension Assignment {
  /// The values that are numbers, in the order of the space.
  var numbers: [Double] { values.compactMap { $0?.number } }
}

/// What other programs were recorded to answer, in `Tests/Golden`.
enum Golden {
  static func load<Record: Decodable>(_ name: String, as _: Record.Type = Record.self) throws
    -> Record
  {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "Golden/\(name).json")
    return try JSONDecoder().decode(Record.self, from: Data(contentsOf: file))
  }
}
