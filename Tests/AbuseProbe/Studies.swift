import OuterloopStudy

/// A small study and its parts.
enum Studies {
  static func space() throws -> SearchSpace {
    var space = SearchSpace()
    _ = try space.float("x", 0...1)
    _ = try space.int("n", 1...8, log: true)
    _ = try space.choice("c", ["a", "b"])
    try space.forbid("x > 0.9 and n == 8")
    return space
  }

  static func specification(_ name: String = "s") throws -> StudySpecification {
    try StudySpecification(
      name: name, space: space(), objectives: [.minimize("loss")], method: .init("random"),
      seed: 1)
  }

  static func assignment() throws -> Assignment {
    try space().assignment(["x": 0.5, "n": 2, "c": "a"])
  }

  static let texts = [
    "", " ", "\0", "\u{1B}[2J", "a\nb", "x", "1", "-", "x > ", "(((", "x > 1e999", "𝔘", "x and",
    String(repeating: "(", count: 20_000), String(repeating: "not ", count: 20_000) + "x",
  ]
  static let values: [ParameterValue] =
    [.bool(true), .int(.min), .int(.max), .text(""), .text("a\0b"), .text("0.5")]
    + Edges.numbers.map { .float($0) }

  /// All that can happen to a trial, with numbers that cannot be.
  static let kinds: [Event.Kind] = {
    guard let one = try? assignment() else { return [] }
    return [
      .suggested(one, through: 1, seen: 0), .suggested(one, through: .min, seen: .max),
      .enqueued(one, through: .max), .continued(through: .min, seen: -1),
      .claimed(attempt: .max, worker: ""), .claimed(attempt: 1, worker: "w"),
      .reported(attempt: 1, Report(epoch: .max, ["loss": .nan], seconds: -.infinity)),
      .reported(attempt: 1, Report(epoch: .min, [:])), .checkpointed(attempt: 1, epoch: .max),
      .paused(attempt: 1), .paused(attempt: -1), .released(attempt: 1, .lost),
      .finished(attempt: 1, .complete([])), .finished(attempt: 1, .complete([.nan, 1])),
      .finished(attempt: 1, .pruned), .finished(attempt: 0, .failed(.error, message: "a\0b")),
      .suspended, .budgeted(Budget(trials: .min, epochs: .max, seconds: .nan)),
      .annotated(trial: .max, "a\0b"),
    ]
  }()

  static func suggestion() throws -> Event.Kind {
    .suggested(try assignment(), through: 1, seen: 0)
  }

  /// How a trial comes to its first worker.
  static func begun() throws -> [Event.Kind] {
    [try suggestion(), .claimed(attempt: 1, worker: "w")]
  }

  /// Three trials that `last` happens to, as far as a history takes it.
  static func threeTrials(
    _ last: Event.Kind, _ observe: (Event, History) -> Void
  ) throws -> History {
    var history = History()
    for number in 0..<3 {
      for kind in try begun() + [last] {
        let place = kind.isAboutStudy ? history.trials.count : number
        guard let event = try? history.take(kind, of: place) else { continue }
        observe(event, history)
      }
    }
    return history
  }

  static func trial(
    _ number: Int = 0, _ assignment: Assignment? = nil, through epochs: Int = 1, created: Double = 0
  ) throws -> Trial {
    Trial(
      number: number, assignment: try assignment ?? Studies.assignment(), through: epochs,
      seen: nil, created: created)
  }

  /// A trial that ended with these values.
  static func ended(
    _ values: [Double], number: Int = 0, _ assignment: Assignment? = nil
  ) throws -> Trial {
    var trial = try trial(number, assignment)
    (trial.state, trial.values) = (.complete, values)
    return trial
  }

  static func study() async throws -> Study {
    try await Study(space(), .minimize("loss"), by: method)
  }

  /// Asks for the first configuration.
  static let method = SearchMethod(MethodDescription("first")) { _ in
    ScheduledSearch(First(), FullTraining(epochs: 1))
  }

  struct First: Sampler {
    func observe(_ event: Event, in history: History) {}
    func suggest(_ number: Int, in history: History) throws -> Assignment? {
      number < 3 ? try Studies.assignment() : nil
    }
  }
}

extension History {
  /// Takes the next event.
  @discardableResult
  mutating func take(_ kind: Event.Kind, of trial: Int, at time: Double = 0) throws -> Event {
    let event = Event(revision: revision + 1, time: time, trial: trial, kind)
    try take(event)
    return event
  }
}

/// A value with one thing changed.
func changed<Value>(_ value: Value, _ change: (inout Value) throws -> Void) rethrows -> Value {
  var value = value
  try change(&value)
  return value
}

/// What a call makes of a space without parameters.
func declaring<Answer>(_ declare: (inout SearchSpace) throws -> Answer) rethrows -> Answer {
  var space = SearchSpace()
  return try declare(&space)
}
