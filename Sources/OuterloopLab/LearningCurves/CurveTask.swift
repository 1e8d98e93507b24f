internal import OuterloopSearch
public import OuterloopStudy

/// The task of a simulated study: a table of recorded curves, or a problem with a curve for every configuration.
public protocol CurveTask: Sendable {
  var name: String { get }
  var space: SearchSpace { get }
  var objective: Objective { get }
  /// Epochs of a full training.
  var epochs: Int { get }
  /// The available configurations; nil: the entire space.
  var configurations: [Assignment]? { get }
  /// The sampler for schedulers that do not choose configurations themselves.
  var sampler: SamplerMethod { get }

  /// The configurations that a study can try.
  func supply() -> CurveSupply
  /// The curves that regret is measured against.
  func reference() throws -> CurveTable
}

/// A learning curve for every configuration of a space: a search may choose any configuration, as with a
/// program, unlike on a table of recorded configurations.
public protocol CurveProblem: CurveTask {
  /// The curve of a configuration, always the same.
  func candidate(_ number: Int, of assignment: Assignment) throws -> CurveTable.Candidate
  /// Random configurations, and the best one if it is known.
  func sample(_ count: Int) throws -> CurveTable
}

extension CurveProblem {
  public var configurations: [Assignment]? { nil }
  /// The default of a study.
  public var sampler: SamplerMethod { .auto() }
  public func supply() -> CurveSupply { CurveSupply(self) }
  public func reference() throws -> CurveTable { try sample(1_000) }
}

extension CurveTable: CurveTask {
  public var configurations: [Assignment]? { candidates.map(\.assignment) }
  /// Random ones: a model's proposals are rarely in a table.
  public var sampler: SamplerMethod { .candidates(of: self) }
  public func supply() -> CurveSupply { CurveSupply(self) }
  public func reference() -> CurveTable { self }
}

/// The configurations of a task that a study can still try, and their curves.
public struct CurveSupply: Sendable {
  /// By index: all curves of a table; for a problem those that were tried.
  private(set) var curves: [CurveTable.Candidate]
  private var untried: UntriedCandidates?
  private let problem: (any CurveProblem)?

  init(_ table: CurveTable) {
    (curves, untried, problem) = (table.candidates, UntriedCandidates(table), nil)
  }

  init(_ problem: any CurveProblem) { (curves, untried, self.problem) = ([], nil, problem) }

  var isExhausted: Bool { untried.map { $0.count == 0 } ?? false }

  /// The index of the candidate to try for a proposed `assignment`; nil if all have been tried.
  mutating func take(_ assignment: Assignment) throws -> Int? {
    guard let problem else { return untried?.take(nearest: assignment) }
    curves.append(try problem.candidate(curves.count, of: assignment))
    return curves.count - 1
  }
}
