/// A hyperparameter of a space: its name, its domain, and the condition under which it is active.
public struct Parameter: Sendable, Hashable {
  /// The name that configurations, files and the command line use.
  public let name: String
  /// The values it may take.
  public let domain: Domain
  /// The parameter is active where this holds; nil: always.
  public let condition: Predicate?
}

extension Parameter: CustomStringConvertible {
  /// As the command line writes it: `momentum=float(0.0, 0.99) if optimizer == sgd`.
  public var description: String {
    "\(name)=\(domain)" + (condition.map { " if \($0)" } ?? "")
  }
}

/// A hyperparameter as declared, before it is part of a space.
public struct ParameterDeclaration: Sendable, Hashable {
  /// The parameter's name.
  public var name: String
  /// The values it may take.
  public var domain: Domain
  /// The text of its condition.
  public var condition: String?

  /// A parameter that exists where `condition` holds; nil: always.
  public init(_ name: String, _ domain: Domain, if condition: String? = nil) {
    self.name = name
    self.domain = domain
    self.condition = condition
  }

  init(_ parameter: Parameter) {
    self.init(parameter.name, parameter.domain, if: parameter.condition?.description)
  }
}
