/// The space of configurations: parameters, when each exists, and what may not be combined.
///
/// A space is always valid: what cannot be meant is refused where it is declared. Parameters stand
/// after the ones their conditions mention, otherwise in the order of declaration.
public struct SearchSpace: Sendable, Hashable {
  public private(set) var parameters: [Parameter] = []
  /// Hard constraints: no configuration for which one of these holds is ever proposed.
  public private(set) var forbidden: [Predicate] = []

  /// An empty space, to be filled by `float`, `int`, `choice`, ...
  public init() {}

  /// The space that someone wrote down, in any order.
  /// - Throws: `SpaceError` naming the parameter or constraint, and the remedy.
  public init(_ declarations: [ParameterDeclaration], forbidden: [String] = []) throws {
    var waiting = declarations
    while !waiting.isEmpty {
      let names = Set(waiting.map(\.name))
      guard let ready = waiting.firstIndex(where: { !Self.mentions($0, anyOf: names) }) else {
        let list = waiting.map { "`\($0.name)`" }.joined(separator: ", ")
        throw SpaceError("the conditions of \(list) go round in a circle", "break the circle")
      }
      try add(waiting.remove(at: ready))
    }
    for text in forbidden { try forbid(text) }
  }

  /// Whether the condition waits for one of `names`.
  private static func mentions(_ declaration: ParameterDeclaration, anyOf names: Set<String>)
    -> Bool
  {
    guard let condition = declaration.condition,
      let words = try? ExpressionToken.scan(condition)
    else { return false }
    return words.contains { if case .word(let word) = $0 { names.contains(word) } else { false } }
  }

  /// Adds a parameter; its condition mentions earlier ones.
  public mutating func add(_ declaration: ParameterDeclaration) throws {
    try naming("parameter `\(declaration.name)`") {
      try declaration.checkName()
      guard !parameters.contains(where: { $0.name == declaration.name }) else {
        throw SpaceError("it is declared twice", "give one of them another name")
      }
      parameters.append(
        Parameter(
          name: declaration.name, domain: try declaration.domain.checked(),
          condition: try declaration.condition.map { try Predicate($0, over: parameters) }))
    }
  }

  /// Excludes the combinations for which `statement` holds: `low >= high`.
  public mutating func forbid(_ statement: String) throws {
    try naming("forbidden") { forbidden.append(try Predicate(statement, over: parameters)) }
  }

  public func index(of name: String) -> Int? { parameters.firstIndex { $0.name == name } }

  /// How many configurations there are if conditions and constraints are set aside: an upper bound;
  /// nil if there are more than can be counted.
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

extension SearchSpace: Codable {
  private enum Key: String, CodingKey { case parameters, forbidden }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    try self.init(
      try container.decode([ParameterDeclaration].self, forKey: .parameters),
      forbidden: try container.decodeIfPresent([String].self, forKey: .forbidden) ?? [])
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(parameters.map(ParameterDeclaration.init), forKey: .parameters)
    try container.encode(forbidden.map(\.description), forKey: .forbidden)
  }
}
