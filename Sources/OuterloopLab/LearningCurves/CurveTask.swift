internal import OuterloopSearch
public import OuterloopStudy

/// A learning curve for every configuration of a space: a search may go wherever it wants, as it does on a
/// program, and as it cannot on a table of recorded configurations.
public protocol CurveProblem: Sendable {
  var name: String { get }
  var space: SearchSpace { get }
  var objective: Objective { get }
  var epochs: Int { get }

  /// The curve of a configuration, always the same.
  func candidate(_ number: Int, of assignment: Assignment) throws -> CurveTable.Candidate
  /// Random configurations, and where it is known the best one.
  func sample(_ count: Int) throws -> CurveTable
}

/// What a simulated study is about.
public enum CurveTask: Sendable {
  /// Recorded curves: only their configurations can be tried.
  case table(CurveTable)
  /// Every configuration of the space can be tried.
  case open(any CurveProblem)

  public var name: String {
    switch self {
    case .table(let table): table.name
    case .open(let problem): problem.name
    }
  }

  public var space: SearchSpace {
    switch self {
    case .table(let table): table.space
    case .open(let problem): problem.space
    }
  }

  public var objective: Objective {
    switch self {
    case .table(let table): table.objective
    case .open(let problem): problem.objective
    }
  }

  public var epochs: Int {
    switch self {
    case .table(let table): table.epochs
    case .open(let problem): problem.epochs
    }
  }

  /// The only configurations there are; nil: all of the space.
  var configurations: [Assignment]? {
    switch self {
    case .table(let table): table.candidates.map(\.assignment)
    case .open: nil
    }
  }

  /// Where schedulers get configurations from that do not choose them: random ones of a table, since a model's
  /// proposals are seldom in it; otherwise what a study has by default.
  var sampler: SamplerMethod {
    switch self {
    case .table(let table): .candidates(of: table)
    case .open: .auto()
    }
  }

  /// The curves that regret is measured against: all, or a sample with the best there is.
  func reference() throws -> CurveTable {
    switch self {
    case .table(let table): table
    case .open(let problem): try problem.sample(1_000)
    }
  }
}

/// Which configurations of a task a study can still try, and the curves of those that it may.
struct CurveSupply {
  /// By place: all of a table; of any other task those that were tried.
  private(set) var curves: [CurveTable.Candidate]
  private var untried: UntriedCandidates?
  private let problem: (any CurveProblem)?

  init(_ task: CurveTask) {
    switch task {
    case .table(let table):
      (curves, untried, problem) = (table.candidates, UntriedCandidates(table), nil)
    case .open(let problem): (curves, untried, self.problem) = ([], nil, problem)
    }
  }

  var isExhausted: Bool { untried.map { $0.count == 0 } ?? false }

  /// The place of what is tried where `assignment` is proposed; nil if everything has been.
  mutating func take(_ assignment: Assignment) throws -> Int? {
    guard let problem else { return untried?.take(nearest: assignment) }
    curves.append(try problem.candidate(curves.count, of: assignment))
    return curves.count - 1
  }
}
