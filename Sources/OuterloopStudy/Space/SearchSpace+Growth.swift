internal import OuterloopText

// Spaces that are defined by running (define by run): an objective declares a parameter when it asks for its
// value, and the space grows by it. A searcher then sees the study as if the space had had it from the start;
// trials that never asked for the parameter have no value for it.
extension SearchSpace {
  /// The smallest space that contains this one and the parameter as it is declared. A new parameter comes after
  /// the others; an existing one gets the smallest domain with the values of both: a step stays if both have it,
  /// a log scale if both have it, unordered choices are united.
  ///
  /// - Throws: `SpaceError` for invalid names and domains, and for a domain of another kind than the
  ///   parameter's.
  package func grown(by declaration: ParameterDeclaration) throws -> SearchSpace {
    var space = self
    guard let place = index(of: declaration.name) else {
      try space.add(declaration)
      return space
    }
    let domain = try naming("parameter `\(declaration.name)`") {
      try parameters[place].domain.joined(with: try declaration.domain.checked())
    }
    guard domain != parameters[place].domain else { return self }
    space = replacingDomains { $0.name == declaration.name ? domain : $0.domain }
    try checkExtension(to: space)
    return space
  }

  /// `assignment` with a value for one more parameter.
  /// - Throws: `SpaceError` for an unknown parameter, and for a value outside its domain.
  package func supplementing(
    _ assignment: Assignment, _ name: String, _ value: ParameterValue
  ) throws -> Assignment {
    let place = try place(of: name)
    guard let canonical = parameters[place].domain.canonical(value) else {
      throw SpaceError(
        "parameter `\(name)` cannot be \(value)", "it is \(parameters[place].domain)")
    }
    var values = assignment.laidOut(for: self).values
    values[place] = canonical
    return Assignment(names, values: values)
  }
}

extension Assignment {
  /// The same configuration in the layout of a space that has grown since.
  func laidOut(for space: SearchSpace) -> Assignment {
    let missing = space.parameters.count - values.count
    if missing == 0 { return self }
    let padded = values + [ParameterValue?](repeating: nil, count: max(missing, 0))
    return Assignment(space.names, values: Array(padded.prefix(space.parameters.count)))
  }
}

extension Event.Kind {
  mutating func layOut(for space: SearchSpace) {
    switch self {
    case .suggested(let assignment, let through, let seen):
      self = .suggested(assignment.laidOut(for: space), through: through, seen: seen)
    case .enqueued(let assignment, let through):
      self = .enqueued(assignment.laidOut(for: space), through: through)
    case .supplemented(let attempt, let assignment):
      self = .supplemented(attempt: attempt, assignment.laidOut(for: space))
    default: break
    }
  }
}

extension Domain {
  /// The smallest domain with the values of both.
  fileprivate func joined(with other: Domain) throws -> Domain {
    switch (self, other) {
    case (.float(let a), .float(let b)): return .float(try a.joined(with: b))
    case (.int(let a), .int(let b)): return .int(try a.joined(with: b, step: 1))
    case (.categorical(let a), .categorical(let b)):
      return .categorical(a + b.filter { !a.contains($0) })
    case (.ordinal(let a), .ordinal(let b)) where b.allSatisfy(a.contains): return self
    case (.constant(let a), .constant(let b)) where a == b: return self
    default:
      throw SpaceError(
        "it has been \(self), and cannot become \(other)",
        "keep to one kind of parameter, or give it another name")
    }
  }
}

extension NumericRange {
  /// - Parameter step: the step to use where the two differ.
  fileprivate func joined(with other: NumericRange, step: Double? = nil) throws -> NumericRange {
    if contains(other.low), contains(other.high), other.step == self.step { return self }
    let (low, high) = (Swift.min(low, other.low), Swift.max(high, other.high))
    let log = isLog && other.isLog
    if self.step == other.step,
      let joined = try? NumericRange(low, high, log: log, step: self.step),
      joined.holdsGrid(of: self), joined.holdsGrid(of: other)
    {
      return joined
    }
    return try NumericRange(low, high, log: log, step: step)
  }

  private func holdsGrid(of other: NumericRange) -> Bool {
    step == nil || (nearest(other.low) == other.low && nearest(other.high) == other.high)
  }
}
