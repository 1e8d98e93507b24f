/// A parameter of a space with the Swift type of its values: what `space.float(...)` returns and a
/// trial is asked with, `trial[rate]`. A parameter with a condition has an optional type: it is nil
/// where the parameter is inactive.
public struct Handle<Value: Sendable>: Sendable {
  /// The parameter's name.
  public let name: String
  let read: @Sendable (ParameterValue?) -> Value?
}

extension Assignment {
  /// The value of a parameter of the space that this configuration belongs to.
  public subscript<Value>(handle: Handle<Value>) -> Value {
    guard let value = handle.read(self[handle.name]) else {
      preconditionFailure("`\(handle.name)` is not a parameter of the space of \(self)")
    }
    return value
  }
}

extension Handle {
  /// The handle of a parameter that may be inactive.
  fileprivate var optional: Handle<Value?> {
    Handle<Value?>(name: name) { value in
      guard let value else { return .some(nil) }
      return read(value).map(Optional.some)
    }
  }
}

extension SearchSpace {
  /// Real numbers.
  ///
  /// - Throws: `SpaceError` for a name that is taken or not allowed, or a range that is empty, not
  ///   finite, or not positive where it is logarithmic.
  public mutating func float(
    _ name: String, _ range: ClosedRange<Double>, log: Bool = false, step: Double? = nil
  ) throws -> Handle<Double> {
    try add(name) {
      .float(try NumericRange(range.lowerBound, range.upperBound, log: log, step: step))
    }
    return Handle(name: name) { $0?.number }
  }

  /// Integers.
  ///
  /// - Throws: `SpaceError` for a name that is taken or not allowed, or a range that is empty, or
  ///   not positive where it is logarithmic.
  public mutating func int(
    _ name: String, _ range: ClosedRange<Int>, log: Bool = false, step: Int = 1
  ) throws -> Handle<Int> {
    try add(name) { try .int(range.lowerBound, range.upperBound, log: log, step: step) }
    return Handle(name: name) { $0?.number.flatMap { Int(exactly: $0) } }
  }

  /// Unordered strings.
  ///
  /// - Throws: `SpaceError` for a name that is taken or not allowed, or choices that are missing or
  ///   repeated.
  public mutating func choice(_ name: String, _ choices: [String]) throws -> Handle<String> {
    try add(name) { .categorical(choices.map(ParameterValue.text)) }
    return Handle(name: name) { $0?.description }
  }

  /// Ordered strings: between the first and the third lies the second.
  ///
  /// - Throws: `SpaceError` for a name that is taken or not allowed, or choices that are missing or
  ///   repeated.
  public mutating func ordinal(_ name: String, _ choices: [String]) throws -> Handle<String> {
    try add(name) { .ordinal(choices.map(ParameterValue.text)) }
    return Handle(name: name) { $0?.description }
  }

  /// Numbers in order, such as batch sizes.
  ///
  /// - Throws: `SpaceError` for a name that is taken or not allowed, or choices that are missing,
  ///   repeated or not finite.
  public mutating func ordinal(_ name: String, _ choices: [Double]) throws -> Handle<Double> {
    try add(name) { .ordinal(choices.map(ParameterValue.float)) }
    return Handle(name: name) { $0?.number }
  }

  /// Yes or no.
  ///
  /// - Throws: `SpaceError` for a name that is taken or not allowed.
  public mutating func flag(_ name: String) throws -> Handle<Bool> {
    try add(name) { .categorical([.bool(false), .bool(true)]) }
    return Handle(name: name) { if case .bool(let value)? = $0 { value } else { nil } }
  }

  private mutating func add(_ name: String, _ domain: () throws -> Domain) throws {
    try add(ParameterDeclaration(name, try naming("parameter `\(name)`", domain)))
  }

  /// Declares parameters that exist only where `condition` holds:
  ///
  ///     let momentum = try space.when("optimizer == sgd") { try $0.float("momentum", 0...0.99) }
  ///
  /// The handle's value is nil where the parameter is inactive.
  ///
  /// - Throws: what `declare` throws, and `SpaceError` for a condition that cannot be read, or that
  ///   mentions a parameter which is not declared before.
  public mutating func when<Value>(
    _ condition: String, _ declare: (inout SearchSpace) throws -> Handle<Value>
  ) throws -> Handle<Value?> {
    var wider = self
    let handle = try declare(&wider)
    let constraints = wider.forbidden.dropFirst(forbidden.count)
    for parameter in wider.parameters.dropFirst(parameters.count) {
      let own = parameter.condition.map { "(\($0)) and (\(condition))" } ?? condition
      try add(ParameterDeclaration(parameter.name, parameter.domain, if: own))
    }
    for constraint in constraints { try forbid(constraint.description) }
    return handle.optional
  }
}
