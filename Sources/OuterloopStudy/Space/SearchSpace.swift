/// The space of configurations: parameters, the conditions under which each is active, and
/// forbidden combinations.
///
/// A space is always valid: contradictory declarations are rejected. Parameters come after the ones
/// their conditions mention, otherwise in the order of declaration.
public struct SearchSpace: Sendable {
  /// The parameters; those that a condition mentions come before it.
  public private(set) var parameters: [Parameter] = []
  /// Hard constraints: no configuration for which any of these holds is ever proposed.
  public private(set) var forbidden: [Predicate] = []
  package private(set) var names = ParameterNames()

  /// An empty space, to be filled by `float`, `int`, `choice`, ...
  public init() {}

  /// The space of the given declarations, in any order.
  /// - Throws: `SpaceError` naming the parameter or constraint, and the remedy.
  /// - Complexity: O(length of all declarations) if parents come first.
  public init(_ declarations: [ParameterDeclaration], forbidden: [String] = []) throws {
    for declaration in try DeclarationOrder.parentsFirst(declarations) { try add(declaration) }
    for text in forbidden { try forbid(text) }
  }

  /// Named values of any kind, for statements about them: not a space to search.
  init(of things: [Parameter]) {
    parameters = things
    for thing in things { names.append(thing.name) }
  }

  /// Adds a parameter; its condition mentions earlier ones.
  ///
  /// - Throws: `SpaceError` for a name that is taken or not allowed, a domain that is empty, or a
  ///   condition that cannot be read.
  public mutating func add(_ declaration: ParameterDeclaration) throws {
    let parameter = try naming("parameter `\(declaration.name)`") {
      try declaration.checkName()
      guard index(of: declaration.name) == nil else {
        throw SpaceError("it is declared twice", "give one of them another name")
      }
      return Parameter(
        name: declaration.name, domain: try declaration.domain.checked(),
        condition: try declaration.condition.map { try Predicate($0, over: self) })
    }
    parameters.append(parameter)
    names.append(parameter.name)
  }

  /// Excludes the combinations for which `statement` holds: `low >= high`.
  ///
  /// - Throws: `SpaceError` for a statement that cannot be read, or mentions unknown parameters.
  public mutating func forbid(_ statement: String) throws {
    forbidden.append(try naming("forbidden") { try Predicate(statement, over: self) })
  }

  /// The same space with other domains. Conditions and constraints stay as they were parsed, even
  /// where they mention values that a parameter no longer has.
  func replacingDomains(_ domain: (Parameter) -> Domain) -> SearchSpace {
    var space = self
    space.parameters = parameters.map {
      Parameter(name: $0.name, domain: domain($0), condition: $0.condition)
    }
    return space
  }

  /// The parameter's index in the space. O(1).
  public func index(of name: String) -> Int? { names.index(of: name) }

  /// The number of configurations without conditions and constraints: an upper bound; nil if it
  /// cannot be counted.
  public var upperCount: Int? {
    var total = 1
    for parameter in parameters {
      guard let count = parameter.domain.count else { return nil }
      let (product, overflow) = total.multipliedReportingOverflow(by: count)
      if overflow { return nil }
      total = product
    }
    return total
  }
}

extension SearchSpace: Hashable {
  public static func == (a: SearchSpace, b: SearchSpace) -> Bool {
    a.parameters == b.parameters && a.forbidden == b.forbidden
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(parameters)
    hasher.combine(forbidden)
  }
}

/// Encoded it is a space file in JSON.
extension SearchSpace: Codable {
  private enum Key: String, CodingKey { case parameters, forbid }

  /// Reads `parameters` and `forbid`.
  ///
  /// - Throws: `DecodingError` for missing fields, and `SpaceError` for values that do not fit.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    try self.init(
      try container.decode([ParameterDeclaration].self, forKey: .parameters),
      forbidden: try container.decodeIfPresent([String].self, forKey: .forbid) ?? [])
  }

  /// Writes the form that `init(from:)` reads.
  ///
  /// - Throws: what the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(parameters.map(ParameterDeclaration.init), forKey: .parameters)
    try container.encode(forbidden.map(\.description), forKey: .forbid)
  }
}
