internal import OuterloopSearch
public import OuterloopStudy

/// What a simulated study is about: a table of recorded curves, or a problem with a curve for every configuration.
public protocol CurveTask: Sendable {
  var name: String { get }
  var space: SearchSpace { get }
  var objective: Objective { get }
  /// Of a full training.
  var epochs: Int { get }
  /// The only configurations there are; nil: all of the space.
  var configurations: [Assignment]? { get }
  /// Where schedulers get configurations from that do not choose them.
  var sampler: SamplerMethod { get }

  /// What a study can try.
  func supply() -> CurveSupply
  /// The curves that regret is measured against.
  func reference() throws -> CurveTable
}

/// A learning curve for every configuration of a space: a search may go wherever it wants, as it does on a
/// program, and as it cannot on a table of recorded configurations.
public protocol CurveProblem: CurveTask {
  /// The curve of a configuration, always the same.
  func candidate(_ number: Int, of assignment: Assignment) throws -> CurveTable.Candidate
  /// Random configurations, and where it is known the best one.
  func sample(_ count: Int) throws -> CurveTable
}

extension CurveProblem {
  public var configurations: [Assignment]? { nil }
  /// What a study has by default.
  public var sampler: SamplerMethod { .auto() }
  public func supply() -> CurveSupply { CurveSupply(self) }
  public func reference() throws -> CurveTable { try sample(1_000) }
}

extension CurveTable: CurveTask {
  public var configurations: [Assignment]? { candidates.map(\.assignment) }
  /// Random ones: what a model proposes is seldom in a table.
  public var sampler: SamplerMethod { .candidates(of: self) }
  public func supply() -> CurveSupply { CurveSupply(self) }
  public func reference() -> CurveTable { self }
}

/// Which configurations of a task a study can still try, and the curves of those that it may.
public struct CurveSupply: Sendable {
  /// By place: all of a table; of a problem those that were tried.
  private(set) var curves: [CurveTable.Candidate]
  private var untried: UntriedCandidates?
  private let problem: (any CurveProblem)?

  init(_ table: CurveTable) {
    (curves, untried, problem) = (table.candidates, UntriedCandidates(table), nil)
  }

  init(_ problem: any CurveProblem) { (curves, untried, self.problem) = ([], nil, problem) }

  var isExhausted: Bool { untried.map { $0.count == 0 } ?? false }

  /// The place of what is tried where `assignment` is proposed; nil if everything has been.
  mutating func take(_ assignment: Assignment) throws -> Int? {
    guard let problem else { return untried?.take(nearest: assignment) }
    curves.append(try problem.candidate(curves.count, of: assignment))
    return curves.count - 1
  }
}
