internal import OuterloopStudy

// Numbers x1, x2, ... in [0, 1].
extension SearchSpace {
  static func unitCube(_ dimensions: Int) throws -> SearchSpace {
    var space = SearchSpace()
    for index in 1...dimensions {
      try space.add(ParameterDeclaration("x\(index)", .float(try NumericRange(0, 1))))
    }
    return space
  }

  /// The configurations of points of a unit cube, one after the other in `coordinates`.
  func assignments(at coordinates: [Double]) throws -> [Assignment] {
    let dimensions = parameters.count
    return try (0..<coordinates.count / dimensions).map { row in
      let found = assignment { index, _ in .float(coordinates[row * dimensions + index]) }
      guard let found else {
        throw LabError(.data, "point \(row) is outside of its space", remedy: "keep it in [0, 1]")
      }
      return found
    }
  }
}
