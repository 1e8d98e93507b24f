import OuterloopStudy

extension AbuseRoom {
  mutating func addTrainingLogs() {
    @Sendable func log(_ kinds: [Event.Kind]) throws -> TrainingLog {
      var specification = try Studies.specification()
      specification.objectives.append(.maximize("gain"))
      specification.epochs = 9
      var log = TrainingLog(specification)
      for number in 0..<3 {
        for kind in try Studies.begun() + kinds {
          let place = kind.isAboutStudy ? log.history.trials.count : number
          let revision = log.history.revision + 1
          // What cannot happen is refused, and changes nothing.
          do { try log.take(Event(revision: revision, time: .nan, trial: place, kind)) } catch {}
        }
      }
      return log
    }
    let reports = Edges.numbers.map {
      Event.Kind.reported(attempt: 1, Report(epoch: 3, ["loss": $0, "gain": $0], seconds: $0))
    }
    add("TrainingLog.take", Studies.kinds + reports, Studies.kinds) {
      let log = try log([$0, $1])
      return (log.entries, log.improvements, log.trajectory, log.spent)
    }
    refuse("TrainingLog.take", [-1, 0, 2, .max]) {
      var log = TrainingLog(try Studies.specification())
      try log.take(Event(revision: $0, time: 0, trial: 0, try Studies.suggestion()))
      return log
    }
    add("TrainingLog.init", [1, 2]) { _ in TrainingLog(try Studies.specification()).trajectory }
    add("TrainingLog.trajectory", Edges.integers, reports) {
      try log([$1]).trajectory(of: [$0, 0, 0, 1, $0])
    }
    add("StudySpecification.incumbent", Studies.kinds + reports) {
      let log = try log([$0])
      return log.specification.incumbent(of: log.history.trials + log.history.trials) as Any
    }
    refuse("StudyStore.trainingLog", Edges.integers) {
      try await MemoryStore().trainingLog(of: StudyID(rawValue: $0))
    }
  }
}
