internal import OuterloopText

// Configurations given by the user, completely or in part.
extension StudySpecification {
  /// The configuration with the values in `given`; the others are those that `method` proposes for
  /// trial `number` with the given ones fixed, before it has any results.
  ///
  /// - Throws: `SpaceError` for unknown names and values, and if constraints forbid every
  ///   completion.
  public func configuration(
    with given: [String: ParameterValue], asTrial number: Int, by method: SearchMethod
  ) throws -> Assignment {
    let given = try space.canonical(given)
    if space.isWhole(given) { return try space.assignment(given) }
    var fixed = self
    fixed.space = space.replacingDomains { parameter in
      given[parameter.name].map(parameter.domain.single) ?? parameter.domain
    }
    var searcher = try method.searcher(fixed)
    guard case .start(let found, _) = try searcher.propose(number, in: History()) else {
      let text = given.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      throw SpaceError(
        "the constraints forbid every configuration with \(text.joined(separator: ", "))",
        "change one of the values")
    }
    return try space.assignment(
      Dictionary(uniqueKeysWithValues: found.active.map { ($0.name, $0.value) }))
  }
}

extension SearchSpace {
  /// The values in their domains' canonical form.
  ///
  /// - Throws: `SpaceError` for unknown names and values that a parameter never takes.
  public func canonical(_ given: [String: ParameterValue]) throws -> [String: ParameterValue] {
    var values: [String: ParameterValue] = [:]
    for (name, value) in given.sorted(by: { $0.key < $1.key }) {
      let domain = parameters[try place(of: name)].domain
      // Without quotation marks, `16` may mean a string.
      guard let canonical = domain.canonical(value) ?? domain.canonical(.text(value.description))
      else { throw SpaceError("parameter `\(name)` cannot be \(value)", "it is \(domain)") }
      values[name] = canonical
    }
    return values
  }

  /// Whether `given` has a value for every parameter that is active with it.
  func isWhole(_ given: [String: ParameterValue]) -> Bool {
    assignment { index, domain in
      given[parameters[index].name] ?? (domain.count == 1 ? domain.value(atIndex: 0) : nil)
    } != nil
  }
}

extension Domain {
  /// The domain of this kind that contains `value` alone.
  fileprivate func single(_ value: ParameterValue) -> Domain {
    guard let range, let number = value.number,
      let point = try? NumericRange(number, number, log: range.isLog, step: range.step)
    else { return .constant(value) }
    if case .int = self { return .int(point) }
    return .float(point)
  }
}
