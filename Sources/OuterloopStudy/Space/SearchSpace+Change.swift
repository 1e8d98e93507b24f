internal import OuterloopText

// Smaller spaces derived from a space: parameters that are no longer searched.
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
  ///
  /// - Throws: `SpaceError` if there is no such parameter, or it cannot take this value.
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
  /// - Throws: `SpaceError` for an unknown parameter, and for one that a remaining parameter's
  ///   condition or a constraint mentions.
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

  // A study's space may be widened: the configurations already tried remain configurations of it.
  /// The same space in which the parameters named in `declarations` get the domains given there. A
  /// condition may be omitted and is then kept.
  ///
  /// - Throws: `SpaceError` for a name that the space does not have, another condition, and a domain
  ///   that lacks a value of the present one.
  /// - Complexity: O(length of all declarations), and O(values) for steps and choices.
  public func extended(by declarations: [ParameterDeclaration]) throws -> SearchSpace {
    var all = parameters.map(ParameterDeclaration.init)
    var changed: Set<Int> = []
    for declaration in declarations {
      guard let place = index(of: declaration.name) else {
        throw SpaceError(
          "there is no parameter `\(declaration.name)`, and none can be added to a study",
          Spelling.remedy(for: declaration.name, among: names.all, called: "parameters"))
      }
      try naming("parameter `\(declaration.name)`") {
        guard changed.insert(place).inserted else {
          throw SpaceError("it is declared twice", "remove one of them")
        }
        if let text = declaration.condition {
          let condition = try Predicate(text, over: self).description
          guard condition == parameters[place].condition?.description else {
            throw SpaceError(
              "another condition, `\(condition)`, would change which trials have it",
              parameters[place].condition.map { "leave it out; it stays `if \($0)`" }
                ?? "leave it out; the parameter has none")
          }
        }
      }
      all[place].domain = parameters[place].domain.extended(to: declaration.domain)
    }
    let space = try SearchSpace(all, forbidden: forbidden.map(\.description))
    try checkExtension(to: space)
    return space
  }

  /// New parameters may follow the existing ones: in configurations of this space they have no
  /// value.
  ///
  /// - Throws: `SpaceError` if a configuration of this space would not be one of `other`, in the same
  ///   form.
  public func checkExtension(to other: SearchSpace) throws {
    let shared = other.parameters.prefix(parameters.count)
    guard parameters.map(\.name) == shared.map(\.name),
      parameters.map(\.condition?.description) == shared.map(\.condition?.description),
      forbidden.map(\.description) == other.forbidden.map(\.description)
    else {
      throw SpaceError(
        "the wider space has other parameters, conditions or constraints",
        "change only the values that parameters may take, and add parameters after them")
    }
    for (parameter, wider) in zip(parameters, other.parameters) {
      try naming("parameter `\(parameter.name)`") {
        guard let missing = parameter.domain.missing(in: wider.domain) else { return }
        throw SpaceError(
          "\(wider.domain) lacks \(missing), which is in \(parameter.domain); a study can be "
            + "extended, not narrowed",
          "keep all present values, or start another study")
      }
    }
  }
}

extension Domain {
  /// `other`, with its new unordered choices placed after the present ones.
  fileprivate func extended(to other: Domain) -> Domain {
    guard case .categorical(let choices) = self, case .categorical(let wider) = other,
      choices.allSatisfy(wider.contains)
    else { return other }
    return .categorical(choices + wider.filter { !choices.contains($0) })
  }

  /// How many values of a long grid are compared at each of its ends.
  private static let comparable = 10_000

  /// A value that `other` lacks, or has in another form or order; nil if there is none.
  fileprivate func missing(in other: Domain) -> String? {
    if self == other { return nil }
    if case .ordinal(let choices) = self, case .ordinal(let wider) = other {
      let kept = wider.filter(choices.contains)
      if kept != choices { return choices.first { !wider.contains($0) }?.spelled ?? "its order" }
      return nil
    }
    if let count {
      let comparable = min(count, Self.comparable)
      let places = Array(0..<comparable) + Array(max(comparable, count - Self.comparable)..<count)
      return places.lazy.map(value(atIndex:)).first { other.canonical($0) != $0 }?.spelled
    }
    // Every real number between the ends.
    guard let range else { return nil }
    guard case .float(let wider) = other, wider.step == nil else {
      return "what lies between its steps"
    }
    for end in [range.low, range.high] where !wider.contains(end) { return "\(numeric(end))" }
    return nil
  }
}
