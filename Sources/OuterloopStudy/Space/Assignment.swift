internal import OuterloopText

/// A configuration: a value for every active parameter of a space, in canonical form, so that equal
/// configurations are equal values: numbers on the grid and of the domain's type, inactive
/// parameters absent, in the order of the space.
public struct Assignment: Sendable, Hashable {
  private let layout: ParameterNames
  /// The values by index in the space; nil: inactive.
  public let values: [ParameterValue?]

  package init(_ layout: ParameterNames, values: [ParameterValue?]) {
    self.layout = layout
    self.values = values
  }

  /// The names of all parameters of the space.
  public var names: [String] { layout.all }

  /// The value of a parameter; nil if it is inactive or unknown. O(1).
  public subscript(name: String) -> ParameterValue? {
    layout.index(of: name).flatMap { values[$0] }
  }

  /// The active parameters and their values, in order.
  public var active: [(name: String, value: ParameterValue)] {
    zip(names, values).compactMap { name, value in value.map { (name, $0) } }
  }

  public static func == (a: Assignment, b: Assignment) -> Bool { a.values == b.values }
  public func hash(into hasher: inout Hasher) { hasher.combine(values) }
}

extension Assignment: CustomStringConvertible {
  /// `lr=0.01 act=relu`.
  public var description: String {
    active.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
  }
}

extension SearchSpace {
  /// The configuration whose active parameters get, in order, the values that `choose` returns; nil
  /// as soon as `choose` returns nil.
  ///
  /// `choose(index, domain)` is asked for active parameters only, parents first.
  public func assignment(
    choosing choose: (Int, Domain) throws -> ParameterValue?
  ) rethrows -> Assignment? {
    var values = [ParameterValue?](repeating: nil, count: parameters.count)
    for (index, parameter) in parameters.enumerated() {
      if let condition = parameter.condition, !condition.holds({ values[$0] }) { continue }
      guard let value = try choose(index, parameter.domain) else { return nil }
      values[index] = value
    }
    return Assignment(names, values: values)
  }

  /// Whether the configuration satisfies all hard constraints.
  public func allows(_ assignment: Assignment) -> Bool {
    !forbidden.contains { statement in
      statement.holds { assignment.values.indices.contains($0) ? assignment.values[$0] : nil }
    }
  }

  /// The configuration given as values by name.
  ///
  /// A parameter with a single possible value may be omitted. Values of inactive parameters are
  /// dropped.
  /// - Throws: `SpaceError` for unknown, missing and impossible values, and forbidden combinations.
  public func assignment(_ given: [String: ParameterValue]) throws -> Assignment {
    for name in given.keys.sorted() { _ = try place(of: name) }
    var values = [ParameterValue?](repeating: nil, count: parameters.count)
    for (index, parameter) in parameters.enumerated() {
      if let condition = parameter.condition, !condition.holds({ values[$0] }) { continue }
      values[index] = try parameter.value(given: given[parameter.name])
    }
    let assignment = Assignment(names, values: values)
    if let broken = forbidden.first(where: { $0.holds { values[$0] } }) {
      throw SpaceError("\(assignment) is forbidden by `\(broken)`", "change one of the values")
    }
    return assignment
  }
}

extension Parameter {
  fileprivate func value(given value: ParameterValue?) throws -> ParameterValue {
    guard let value else {
      if domain.count == 1 { return domain.value(atIndex: 0) }
      throw SpaceError("parameter `\(name)` has no value", "give it one of \(domain)")
    }
    guard let canonical = domain.canonical(value) else {
      throw SpaceError("parameter `\(name)` cannot be \(value)", "it is \(domain)")
    }
    return canonical
  }
}
