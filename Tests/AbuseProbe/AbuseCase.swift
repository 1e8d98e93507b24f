/// One call of a public function with values that nobody should pass.
///
/// Whatever happens, short of an error that is thrown or a value, is a fault: a trap, a signal, a
/// call that does not return.
struct AbuseCase: Sendable {
  /// The function, as the sources spell it: `Tensor.reshaped`, `Tensor.init`, `matmul`.
  let name: String
  /// The values it is given, for the report.
  let values: String
  /// Whether the values are wrong, so that an answer without an error is a fault as well.
  let isRefused: Bool
  /// Calls the function; what it returns is looked at, so that errors which values carry are met.
  let call: @Sendable () async throws -> Any
}

/// The cases of one room, and the public functions that it has no case for.
struct AbuseRoom: Sendable {
  /// The module: `OuterloopNumerics`.
  let name: String
  private(set) var cases: [AbuseCase] = []
  /// Functions without a case, with the reason.
  private(set) var exclusions: [String: String] = [:]

  init(_ name: String, _ fill: (inout AbuseRoom) -> Void) {
    self.name = name
    fill(&self)
  }

  /// The functions of the table.
  var names: Set<String> { Set(cases.map(\.name)) }

  /// A function that cannot be given a bad value.
  mutating func exclude(_ reason: String, _ names: String...) {
    for name in names { exclusions[name] = reason }
  }

  /// A call without values.
  mutating func add(_ name: String, _ call: @escaping @Sendable () async throws -> Any) {
    add(name, [()], call)
  }

  /// A call for each of some values.
  mutating func add<A>(
    _ name: String, _ values: [A], _ call: @escaping @Sendable (A) async throws -> Any
  ) where A: Sendable {
    append(name, values, isRefused: false, call)
  }

  /// A call for every pair.
  mutating func add<A, B>(
    _ name: String, _ first: [A], _ second: [B],
    _ call: @escaping @Sendable (A, B) async throws -> Any
  ) where A: Sendable, B: Sendable {
    let pairs = first.flatMap { a in second.map { (a, $0) } }
    append(name, pairs, isRefused: false) { try await call($0.0, $0.1) }
  }

  /// A call for every triple.
  mutating func add<A, B, C>(
    _ name: String, _ first: [A], _ second: [B], _ third: [C],
    _ call: @escaping @Sendable (A, B, C) async throws -> Any
  ) where A: Sendable, B: Sendable, C: Sendable {
    let triples = first.flatMap { a in second.flatMap { b in third.map { (a, b, $0) } } }
    append(name, triples, isRefused: false) { try await call($0.0, $0.1, $0.2) }
  }

  /// Values that must end in an error.
  mutating func refuse<A>(
    _ name: String, _ values: [A], _ call: @escaping @Sendable (A) async throws -> Any
  ) where A: Sendable {
    append(name, values, isRefused: true, call)
  }

  private mutating func append<A>(
    _ name: String, _ values: [A], isRefused: Bool,
    _ call: @escaping @Sendable (A) async throws -> Any
  ) where A: Sendable {
    for value in values {
      cases.append(
        AbuseCase(name: name, values: "\(value)", isRefused: isRefused) { try await call(value) })
    }
  }
}
