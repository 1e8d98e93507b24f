internal import OuterloopText

// Smaller spaces made from a space: parameters that are no longer searched.
extension SearchSpace {
  /// The space in which a parameter has one value. It stays a parameter, so the objective gets the
  /// value, and conditions and constraints that mention it keep their meaning.
  ///
  /// - Throws: `SpaceError` for an unknown parameter, and a value that it cannot take.
  public func fixing(_ name: String, to value: ParameterValue) throws -> SearchSpace {
    let place = try place(of: name)
    guard let canonical = parameters[place].domain.canonical(value) else {
      throw SpaceError(
        "parameter `\(name)` cannot be \(value)", "it is \(parameters[place].domain)")
    }
    var declarations = parameters.map(ParameterDeclaration.init)
    declarations[place].domain = .constant(canonical)
    return try SearchSpace(declarations, forbidden: forbidden.map(\.description))
  }

  /// The space in which a parameter has the value that `text` stands for: a number or truth value
  /// where the parameter has such, else a text, with or without quotation marks.
  public func fixing(_ name: String, toText text: String) throws -> SearchSpace {
    let domain = parameters[try place(of: name)].domain
    var readings = [ParameterValue(plain: text), .text(text)]
    if let mark = text.first, mark == "'" || mark == "\"" {
      var rest = text[...]
      if let quoted = try? ExpressionToken.quoted(&rest), rest.isEmpty {
        readings.append(.text(quoted))
      }
    }
    let value = readings.first { domain.canonical($0) != nil } ?? readings[0]
    return try fixing(name, to: value)
  }

  /// The space without the parameters of these names: the objective does not get them.
  ///
  /// - Throws: `SpaceError` for an unknown parameter, and one that the condition of a parameter that
  ///   stays, or a constraint, needs.
  public func removing(_ dropped: [String]) throws -> SearchSpace {
    let places = Set(try dropped.map(place(of:)))
    for (index, parameter) in parameters.enumerated() where !places.contains(index) {
      guard let condition = parameter.condition,
        let parent = condition.parents.intersection(places).min()
      else { continue }
      throw SpaceError(
        "parameter `\(parameters[parent].name)` cannot be removed: `\(parameter.name)` exists only "
          + "if \(condition)",
        "give it a fixed value, or remove `\(parameter.name)` too")
    }
    for constraint in forbidden {
      guard let mentioned = constraint.parents.intersection(places).min() else { continue }
      throw SpaceError(
        "parameter `\(parameters[mentioned].name)` cannot be removed: `\(constraint)` is forbidden",
        "give it a fixed value, or leave the constraint out")
    }
    let rest = parameters.indices.filter { !places.contains($0) }
    return try SearchSpace(
      rest.map { ParameterDeclaration(parameters[$0]) }, forbidden: forbidden.map(\.description))
  }

  /// - Throws: `SpaceError` if there is no parameter of this name.
  func place(of name: String) throws -> Int {
    guard let place = index(of: name) else {
      throw SpaceError(
        "there is no parameter `\(name)`",
        Spelling.remedy(for: name, among: names.all, called: "parameters"))
    }
    return place
  }
}
