import OuterloopCharts
import OuterloopStudy

/// Studies that were trained epoch by epoch, on a clock of their own.
enum EpochGallery {
  /// A study in which the better part of each rung is trained on, as schedulers with rungs do, and its log.
  ///
  /// - Parameters:
  ///   - epochs: of a full training, and of the rungs before it.
  ///   - loss: of a trial at an epoch.
  static func halving(
    _ name: String, trials: Int = 27, rungs: [Int] = [1, 3, 9, 27],
    scheduler: ComponentDescription = .init("asha"), objective: Objective = .minimize("loss"),
    loss: @Sendable (_ trial: Int, _ epoch: Int) -> Double = Self.loss
  ) throws -> TrainingLog {
    let specification = try StudySpecification(
      name: name, space: SearchSpace([ParameterDeclaration(parsing: "lr=log(1e-4, 1)")]),
      objectives: [objective], method: MethodDescription(.init("random"), scheduler: scheduler),
      seed: 1, epochs: rungs.last ?? 1)
    var (log, time) = (TrainingLog(specification), 1.7e9)
    func tell(_ trial: Int, _ kind: Event.Kind) throws {
      let revision = log.history.revision + 1
      try log.take(Event(revision: revision, time: time, trial: trial, kind))
    }
    func train(_ trial: Int, through epoch: Int) throws {
      let attempt = log.history.trials[trial].attempt + 1
      let before = log.history.trials[trial].epoch
      try tell(trial, .claimed(attempt: attempt, worker: "w"))
      for epoch in before + 1...epoch {
        time += 2
        try tell(
          trial,
          .reported(
            attempt: attempt,
            Report(epoch: epoch, [objective.metric: loss(trial, epoch)], seconds: 2)))
        try tell(trial, .checkpointed(attempt: attempt, epoch: epoch))
      }
      try tell(
        trial,
        epoch == rungs.last
          ? .finished(attempt: attempt, .complete([loss(trial, epoch)]))
          : .paused(attempt: attempt))
    }
    var standing = rungs.map { _ in [Int]() }
    for trial in 0..<trials {
      let place = Double(trial * 7 % 27) / 27
      let assignment = specification.space.assignment { $1.value(atUnit: place) }
      guard let assignment else { continue }
      try tell(trial, .suggested(assignment, through: rungs[0], seen: 0))
      try train(trial, through: rungs[0])
      standing[0].append(trial)
      for rung in rungs.indices.dropLast() {
        let order = standing[rung].sorted {
          objective.loss(loss($0, rungs[rung])) < objective.loss(loss($1, rungs[rung]))
        }
        for best in order.prefix(order.count / 3) where !standing[rung + 1].contains(best) {
          try tell(best, .continued(through: rungs[rung + 1], seen: 0))
          try train(best, through: rungs[rung + 1])
          standing[rung + 1].append(best)
        }
      }
    }
    return log
  }

  /// Curves that come down at different rates, to different ends.
  @Sendable static func loss(_ trial: Int, _ epoch: Int) -> Double {
    let (end, rate) = (Double(trial * 11 % 27) / 27, 0.5 + Double(trial * 5 % 7))
    return 0.05 + end * end * 0.4 + 2 / (1 + rate * Double(epoch))
  }

  static func all() throws -> [StudyGallery.Entry] {
    let studies: [(String, TrainingLog)] = [
      ("rungs", try halving("digits")),
      ("no rungs", try halving("thawed", scheduler: .init("freeze-thaw"))),
      ("one trial", try halving("one", trials: 1)),
      ("maximized", try halving("gain", objective: .maximize("gain")) { 1 - loss($0, $1) }),
      ("losses over decades", try halving("decades") { 1 / Double(1 << (($0 + $1) % 40)) }),
      ("losses that diverge", try halving("diverging") { $0 % 3 == 0 ? .nan : loss($0, $1) }),
      ("nothing but NaN", try halving("nothing") { _, _ in .nan }),
      ("all the same", try halving("level") { _, _ in 1 }),
      ("huge losses", try halving("huge") { Double($0 - 13) * 1e300 / Double($1) }),
      ("many rungs", try halving("long", rungs: [1, 3, 9, 27, 81, 243, 729])),
    ]
    return studies.map { .init(name: $0.0, figures: StudyFigures($0.1)) }
  }
}
