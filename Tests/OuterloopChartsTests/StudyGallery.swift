import OuterloopCharts
import OuterloopStudy
import Testing

/// A small random search in memory: it makes the events of a study as workers would, on a clock of
/// its own.
struct RandomSearch {
  /// What becomes of a trial.
  enum Ending {
    case values([Double])
    case pruned(at: [Double])
    case failed(FailureReason)
    case paused(at: [Double])
    /// Nothing yet, after a report if there is one.
    case running([Double]?)
    case waiting
  }

  var specification: StudySpecification
  var workers: [String] = ["worker.0"]
  /// Seconds of a trial.
  var seconds: @Sendable (Int) -> Double = { 5 + Double($0 * 29 % 13) }
  var evaluate: @Sendable (Int, Assignment) -> Ending

  init(
    _ name: String, _ declarations: [String], _ objectives: [Objective],
    workers: [String] = ["worker.0"],
    evaluate: @escaping @Sendable (Int, Assignment) -> Ending
  ) throws {
    let space = try SearchSpace(declarations.map(ParameterDeclaration.init(parsing:)))
    specification = try StudySpecification(
      name: name, space: space, objectives: objectives, method: MethodDescription("random"),
      seed: 1)
    self.workers = workers
    self.evaluate = evaluate
  }

  func run(_ trials: Int) -> StudyFigures {
    var history = History()
    var state: UInt64 = 88_172_645_463_325_252
    func unit() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Double(state >> 11) / 0x1p53
    }
    func tell(_ trial: Int, _ time: Double, _ kind: Event.Kind) {
      history.apply(Event(revision: history.revision + 1, time: time, trial: trial, kind))
    }
    var free = workers.map { _ in 1.7e9 }
    for trial in 0..<trials {
      let lane = free.indices.min { free[$0] < free[$1] } ?? 0
      let assignment = specification.space.assignment { $1.value(atUnit: unit()) }
      guard let assignment else { continue }
      let (start, end) = (free[lane], free[lane] + seconds(trial))
      free[lane] = end + 0.5
      tell(trial, start, .suggested(assignment, through: 1, seen: history.revision))
      let ending = evaluate(trial, assignment)
      if case .waiting = ending { continue }
      tell(trial, start, .claimed(attempt: 1, worker: workers[lane]))
      func report(_ values: [Double]) {
        let named = zip(specification.objectives, values).map { ($0.metric, $1) }
        tell(
          trial, end, .reported(attempt: 1, Report(Dictionary(uniqueKeysWithValues: named))))
      }
      switch ending {
      case .values(let values): tell(trial, end, .finished(attempt: 1, .complete(values)))
      case .pruned(let values):
        report(values)
        tell(trial, end, .finished(attempt: 1, .pruned))
      case .failed(let reason):
        tell(trial, end, .finished(attempt: 1, .failed(reason, message: nil)))
      case .paused(let values):
        report(values)
        tell(trial, end, .paused(attempt: 1))
      case .running(let values): values.map(report)
      case .waiting: break
      }
    }
    return StudyFigures(specification, history)
  }
}

/// Studies to draw: everyday ones and hard ones.
enum StudyGallery {
  struct Entry: Sendable, CustomTestStringConvertible {
    var name: String
    var figures: StudyFigures
    var testDescription: String { name }
  }

  static let mixed = [
    "lr=log(1e-5, 1e-1)", "layers=int(1, 5)", "units=int(16, 1024, log)",
    "optimizer=choice(sgd, adam, rmsprop)", "momentum=float(0, 0.99) if optimizer == sgd",
    "size=ordinal(small, medium, large)",
  ]

  /// A made-up training: best at a learning rate of 3e-3, three layers, many units, and Adam.
  static func loss(_ trial: Int, _ values: Assignment) -> Double {
    let lr = values["lr"]?.number ?? 1
    let decades = distance(lr, 3e-3)
    var loss = 0.08 + 0.05 * decades * decades
    loss += 0.02 * abs((values["layers"]?.number ?? 3) - 3)
    loss += 0.1 * distance(values["units"]?.number ?? 16, 600)
    if values["optimizer"] == "sgd" { loss += 0.1 * (1 - (values["momentum"]?.number ?? 0)) }
    if values["optimizer"] == "rmsprop" { loss += 0.04 }
    return loss + 0.01 * Double(trial * 53 % 17) / 17
  }

  /// How many decades apart, up to a constant and roughly; without a logarithm at hand.
  private static func distance(_ a: Double, _ b: Double) -> Double {
    var (ratio, decades) = (max(a / b, b / a), 0.0)
    while ratio > 10 {
      ratio /= 10
      decades += 1
    }
    return decades + (ratio - 1) / 9
  }

  static func training(_ name: String, trials: Int) throws -> StudyFigures {
    try RandomSearch(
      name, mixed, [.minimize("validation loss")], workers: ["node-1.0", "node-1.1", "node-2.0"]
    ) { trial, values in
      let loss = loss(trial, values)
      if (values["lr"]?.number ?? 0) > 0.06 { return .failed(.invalid) }
      if trial % 11 == 7 { return .failed(trial % 2 == 0 ? .timeout : .lost) }
      if loss > 0.45 { return .pruned(at: [loss * 1.2]) }
      return trial >= trials - 2 ? .running([loss * 1.5]) : .values([loss])
    }.run(trials)
  }

  /// Loss and seconds of training trade against one another.
  static func tradeOff(trials: Int, objectives: Int = 2) throws -> StudyFigures {
    let all: [Objective] = [
      .minimize("loss"), .minimize("seconds"), .maximize("accuracy/top 5"), .maximize("a"),
      .minimize("b"), .minimize("c"), .minimize("d"),
    ]
    return try RandomSearch(
      "trade off", mixed, Array(all.prefix(objectives)), workers: ["a", "b"]
    ) { trial, values in
      let loss = loss(trial, values)
      let units = values["units"]?.number ?? 1
      let seconds = units / 20 * (values["layers"]?.number ?? 1) + 2
      let accuracy = 1 - loss * (0.8 + 0.4 * Double(trial * 31 % 19) / 19)
      return .values(
        Array([loss, seconds, accuracy, units, loss, accuracy, seconds].prefix(objectives)))
    }.run(trials)
  }

  /// A study of one parameter whose values are given.
  static func values(
    _ name: String, _ values: [Double], _ objective: Objective = .minimize("loss")
  ) throws -> StudyFigures {
    try RandomSearch(name, ["x=float(-1, 1)"], [objective]) { trial, _ in
      .values([values[trial]])
    }.run(values.count)
  }

  static let special = "<a> & \"b\" 日本語 𝛌 é"

  static func odd() throws -> [Entry] {
    let long = String(repeating: "very-long-name", count: 14)
    let text = String(repeating: "a very long choice ", count: 12)
    return [
      .init(
        name: "long names",
        figures: try RandomSearch(
          String(repeating: "a study with a long name ", count: 12),
          [
            "\(long)=float(0, 1)", "p=choice('\(text)', '\(text)!')",
            "日本語=choice('\(special.filter { $0 != "\"" })', b)",
          ],
          [.maximize(long)], workers: [long, special]
        ) { trial, _ in .values([Double(trial)]) }.run(20)),
      .init(
        name: "many choices and parameters",
        figures: try RandomSearch(
          "wide",
          (0..<24).map { "p\($0)=float(0, 1)" }
            + ["c=choice(\((0..<300).map { "choice\($0)" }.joined(separator: ", ")))"],
          [.minimize("loss")], workers: (0..<60).map { "worker.\($0)" }
        ) { trial, values in .values([values["p3"]?.number ?? 0]) }.run(100)),
      .init(
        name: "nothing but constants",
        figures: try RandomSearch(
          "constant", ["device=constant(cpu)", "n=int(3, 3)"], [.minimize("loss")]
        ) { trial, _ in .values([Double(trial)]) }.run(5)),
      .init(
        name: "huge ranges",
        figures: try RandomSearch(
          "huge", ["x=float(-1e300, 1e300)", "y=log(1e-300, 1e300)", "z=float(0, 1e-300)"],
          [.minimize("loss")]
        ) { trial, values in .values([values["x"]?.number ?? 0]) }.run(30)),
    ]
  }

  static func endings() throws -> [Entry] {
    func study(_ name: String, _ evaluate: @escaping @Sendable (Int) -> RandomSearch.Ending) throws
      -> Entry
    {
      Entry(
        name: name,
        figures: try RandomSearch(name, mixed, [.minimize("loss"), .maximize("gain")]) { trial, _ in
          evaluate(trial)
        }.run(12))
    }
    return [
      try study("only failed") { .failed(FailureReason.allCases[$0 % 6]) },
      try study("only waiting") { _ in .waiting },
      try study("only running") { .running($0 % 2 == 0 ? [1, 2] : nil) },
      try study("only paused") { .paused(at: [Double($0), 1]) },
      try study("only pruned") { .pruned(at: $0 % 2 == 0 ? [Double($0), 1] : []) },
      try study("too few values") { .values($0 % 2 == 0 ? [1] : []) },
      try study("not numbers") { _ in .values([.nan, .nan]) },
      try study("infinite") { .values($0 % 2 == 0 ? [.infinity, -.infinity] : [-.infinity, 1]) },
    ]
  }

  static func everyday() throws -> [Entry] {
    [
      .init(name: "training", figures: try training("digits", trials: 60)),
      .init(name: "two objectives", figures: try tradeOff(trials: 80)),
      .init(name: "three objectives", figures: try tradeOff(trials: 80, objectives: 3)),
    ]
  }

  static func all() throws -> [Entry] {
    let strange: [Double] = [
      .nan, .infinity, -.infinity, 0, -0.0, -1, 1e300, -1e300, .leastNonzeroMagnitude, 1e-290,
      1e100, 3,
    ]
    return try everyday() + endings() + odd() + EpochGallery.all() + [
      .init(name: "no trials", figures: try training("empty", trials: 0)),
      .init(name: "one trial", figures: try values("one", [0.5])),
      .init(name: "one failed trial", figures: try values("one", [.nan])),
      .init(name: "all equal", figures: try values("equal", .init(repeating: 2, count: 30))),
      .init(name: "all zero", figures: try values("zero", .init(repeating: 0, count: 30))),
      .init(name: "strange", figures: try values("strange", strange)),
      .init(name: "strange, maximized", figures: try values("strange", strange, .maximize("x"))),
      .init(
        name: "an outlier",
        figures: try values("outlier", (0..<30).map { $0 == 9 ? 1e6 : Double($0 % 7) - 3 })),
      .init(
        name: "decades", figures: try values("decades", (0..<30).map { 1 / Double(1 << $0) })),
      .init(
        name: "seven objectives", figures: try tradeOff(trials: 30, objectives: 7)),
    ]
  }
}
