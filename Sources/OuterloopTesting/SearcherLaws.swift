public import OuterloopStudy

/// What every search method must satisfy, on every kind of space. Each law returns what is wrong, and
/// throws a `StudyError` if `trials` is not in 1...1,000,000.
public enum SearcherLaws {
  /// A space, and a smooth function on it to minimise.
  public struct Case: Sendable, CustomStringConvertible {
    /// The name of the row.
    public let name: String
    /// The search space.
    public let space: SearchSpace
    public var description: String { name }

    /// A row of the table.
    public init(_ name: String, _ space: SearchSpace) {
      self.name = name
      self.space = space
    }

    /// Whether continuous parameters, which are not counted, have only a few values.
    var hasFewNumbers: Bool {
      space.parameters.allSatisfy { parameter in
        parameter.domain.count != nil
          || parameter.domain.range.map { $0.low.nextUp.nextUp >= $0.high } == true
      }
    }

    /// Sum over active parameters of (quantile - 0.3)^2: defined on every space.
    public func loss(_ assignment: Assignment) -> Double {
      var sum = 0.0
      for (parameter, value) in zip(space.parameters, assignment.values) {
        guard let value else { continue }
        let u: Double
        if let range = parameter.domain.range {
          u = range.unit(of: value.number ?? .nan)
        } else {
          let count = parameter.domain.count ?? 1
          u = Double(parameter.domain.index(of: value) ?? -1) / Double(max(count - 1, 1))
        }
        sum += (u - 0.3) * (u - 0.3)
      }
      return sum
    }
  }

  /// A study of this space by a method.
  ///
  /// - Throws: `SpaceError` for a space that cannot be read, and what the method throws.
  public static func specification(
    _ item: Case, _ method: SearchMethod, objectives: [Objective] = [.minimize("loss")],
    seed: UInt64 = 3
  ) throws -> StudySpecification {
    try StudySpecification(
      name: "law", space: item.space, objectives: objectives, method: method.description,
      seed: seed)
  }

  static func require(trials: Int) throws {
    guard 1...1_000_000 ~= trials else {
      throw StudyError("`trials` is \(trials): a law is not checked by so many", "use 1...1000000")
    }
  }

  /// Values are in their domains and canonical, conditions honoured, nothing forbidden proposed, and
  /// nothing is proposed twice while the space has more.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func staysInSpace(_ method: SearchMethod, _ item: Case, trials: Int) throws
    -> [String]
  {
    try require(trials: trials)
    var study = try SearchSimulation(specification(item, method), method)
    try study.run(trials) { .complete([item.loss($0.assignment)]) }
    var wrong: [String] = []
    for trial in study.trials {
      let given = Dictionary(
        uniqueKeysWithValues: trial.assignment.active.map { ($0.name, $0.value) })
      // Parsing it again checks domains and constraints and drops inactive parameters.
      do {
        let again = try item.space.assignment(given)
        if again != trial.assignment { wrong.append("\(trial.assignment) is not canonical") }
      } catch { wrong.append("trial \(trial.number): \(error)") }
    }
    let different = Set(study.trials.map(\.assignment)).count
    let total = item.space.count(upTo: 10_000)
    let expected = min(study.trials.count, total ?? .max)
    if different < expected, !item.hasFewNumbers {
      wrong.append("\(expected - different) trials are repetitions")
    }
    if let total, trials > total, !study.isExhausted || study.trials.count != total {
      wrong.append("\(study.trials.count) trials of a space with \(total)")
    }
    return wrong
  }

  /// Proposals are reproducible, and replaying any prefix of the log proposes the same.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func replays(_ method: SearchMethod, _ item: Case, trials: Int) throws -> [String] {
    try require(trials: trials)
    let specification = try specification(item, method)
    var study = try SearchSimulation(specification, method)
    var wrong: [String] = []
    for _ in 0..<trials {
      let first = try study.propose()
      guard try study.propose() == first else {
        wrong.append("asking twice before trial \(study.trials.count) gives two answers")
        break
      }
      guard let trial = try study.ask() else { break }
      try study.tell(trial.number, .complete([item.loss(trial.assignment)]))
    }
    for cut in [1, trials / 3, trials / 2, trials - 1] {
      let suggestion = study.events.first { $0.trial == cut }
      guard let kind = suggestion?.kind,
        case .suggested(let assignment, let through, let seen) = kind
      else { continue }
      var again = try SearchSimulation(
        specification, method, replaying: Array(study.events.prefix(seen)))
      if try again.propose() != .start(assignment, through: through) {
        wrong.append("a replay up to trial \(cut) proposes something else")
      }
    }
    return wrong
  }

  /// Minimising f and maximising -f are the same, suggestion by suggestion; so are f and 4 f + 2.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func knowsDirection(_ method: SearchMethod, _ item: Case, trials: Int) throws
    -> [String]
  {
    try require(trials: trials)
    func assignments(_ objective: Objective, _ f: @escaping (Double) -> Double) throws
      -> [Assignment]
    {
      var study = try SearchSimulation(
        specification(item, method, objectives: [objective]), method)
      try study.run(trials) { .complete([f(item.loss($0.assignment))]) }
      return study.trials.map(\.assignment)
    }
    let small = try assignments(.minimize("loss")) { $0 }
    var wrong: [String] = []
    if try assignments(.maximize("loss"), { -$0 }) != small {
      wrong.append("maximizing -f is not minimizing f")
    }
    if try assignments(.minimize("loss"), { 4 * $0 + 2 }) != small {
      wrong.append("scale and offset of the loss matter")
    }
    return wrong
  }

  /// Failures, ties, infinities and trials that never return do not stop it, and configurations
  /// that failed are not proposed again.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func survives(_ method: SearchMethod, _ item: Case, trials: Int) throws -> [String]
  {
    try require(trials: trials)
    let histories: [(String, @Sendable (Int) -> Outcome?)] = [
      ("all failed", { _ in .failed(.error, message: nil) }),
      ("all invalid", { _ in .failed(.invalid, message: "NaN") }),
      ("all equal", { _ in .complete([1]) }),
      ("huge", { .complete([$0 % 2 == 0 ? 1e308 : -1e308]) }),
      ("half failed", { $0 % 2 == 0 ? .complete([Double($0)]) : .failed(.timeout, message: nil) }),
      ("pruned", { $0 % 3 == 0 ? .pruned : .complete([Double($0)]) }),
      ("cancelled", { $0 % 3 == 0 ? .failed(.cancelled, message: nil) : .complete([0]) }),
      ("never told", { _ in nil }),
      ("told now and then", { $0 % 5 == 0 ? .complete([Double($0)]) : nil }),
    ]
    var wrong: [String] = []
    for (name, outcome) in histories {
      var study = try SearchSimulation(specification(item, method), method)
      for _ in 0..<trials {
        guard let trial = try study.ask() else { break }
        if let outcome = outcome(trial.number) { try study.tell(trial.number, outcome) }
      }
      let different = Set(study.trials.map(\.assignment)).count
      // A method that ends by itself has tried everything.
      let expected = study.isExhausted ? study.trials.count : trials
      if different < expected {
        wrong.append("\(name): \(different) of \(expected) configurations")
      }
    }
    return wrong
  }

  /// Two objectives, in all four directions.
  ///
  /// - Throws: what the method and its space throw; a law that does not hold is a sentence of the
  ///   result.
  public static func takesObjectives(_ method: SearchMethod, _ item: Case, trials: Int) throws
    -> [String]
  {
    try require(trials: trials)
    func assignments(_ a: Objective.Direction, _ b: Objective.Direction) throws -> [Assignment] {
      var study = try SearchSimulation(
        specification(item, method, objectives: [Objective("a", a), Objective("b", b)]), method)
      try study.run(trials) { trial in
        let x = item.loss(trial.assignment)
        let y = abs(x - 0.2) + 0.01 * Double(trial.assignment.active.count)
        return .complete([a == .minimize ? x : -x, b == .minimize ? y : -y])
      }
      return study.trials.map(\.assignment)
    }
    let plain = try assignments(.minimize, .minimize)
    var wrong: [String] = []
    for (a, b) in [(1, 0), (0, 1), (1, 1)] {
      let directions: [Objective.Direction] = [.minimize, .maximize]
      if try assignments(directions[a], directions[b]) != plain {
        wrong.append("\(directions[a]), \(directions[b]) is another search")
      }
    }
    return wrong
  }
}
