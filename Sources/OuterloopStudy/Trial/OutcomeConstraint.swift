internal import OuterloopText

/// A bound that results must satisfy: `memory <= 8`. A trial that violates it ranks below every
/// feasible one, and is never the best.
///
/// It is about what a trial reports, not about its configuration: that is what `SearchSpace.forbid` is for.
public struct OutcomeConstraint: Sendable, Hashable, Codable {
  /// The side of the bound on which values are allowed.
  public enum Relation: String, Sendable, Hashable, Codable {
    /// Values up to the bound.
    case atMost = "<="
    /// Values from the bound on.
    case atLeast = ">="
  }

  /// The metric's name.
  public var metric: String
  /// The side that is allowed.
  public var relation: Relation
  /// The bound, which is allowed itself.
  public var bound: Double

  /// A bound on a metric.
  public init(_ metric: String, _ relation: Relation, _ bound: Double) {
    self.metric = metric
    self.relation = relation
    self.bound = bound
  }

  /// `memory <= 8`, as the command line writes it.
  /// - Throws: `StudyError` for text that is not a constraint.
  public init(parsing text: String) throws {
    guard let start = text.firstIndex(where: { "<>=".contains($0) }) else {
      throw StudyError("`\(text)` is not a bound on a metric", Self.form)
    }
    let sign = text[start...].prefix { "<>=".contains($0) }
    let number = text[start...].dropFirst(sign.count).trimmed
    guard let relation = Relation(rawValue: String(sign)) else {
      throw StudyError("`\(text)` has the sign `\(sign)`", "use <= or >=; \(Self.form)")
    }
    guard let bound = ParameterValue(plain: number).number, bound.isFinite else {
      throw StudyError("`\(text)` is bounded by `\(number)`, which is not a number", Self.form)
    }
    self.init(text[..<start].trimmed, relation, bound)
    guard !metric.isEmpty else { throw StudyError("`\(text)` names no metric", Self.form) }
  }

  private static let form = "write it as in 'memory <= 8'"

  /// By how much a value violates it, in units of the metric; 0: it satisfies it. The violation of NaN
  /// is infinite.
  public func violation(of value: Double) -> Double {
    if value.isNaN { return .infinity }
    return max(relation == .atMost ? value - bound : bound - value, 0)
  }
}

extension OutcomeConstraint: CustomStringConvertible {
  public var description: String {
    "\(metric) \(relation.rawValue) \(ParameterValue.float(bound).canonical)"
  }
}

extension StudySpecification {
  /// The total violation of the constraints by a trial's last report; 0: it is feasible. Infinite
  /// where a value is missing.
  public func violation(of trial: Trial) -> Double {
    if constraints.isEmpty { return 0 }
    return violation(of: trial.lastReport?.values ?? [:])
  }

  /// The total violation of the constraints by values by metric.
  package func violation(of values: [String: Double]) -> Double {
    constraints.reduce(0) { $0 + $1.violation(of: values[$1.metric] ?? .nan) }
  }

  /// Whether a trial's last report satisfies the constraints.
  public func isFeasible(_ trial: Trial) -> Bool { violation(of: trial) == 0 }
}
