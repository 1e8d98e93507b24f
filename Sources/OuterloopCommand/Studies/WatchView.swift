internal import OuterloopStudy
internal import OuterloopText

/// A study as lines of a terminal.
struct WatchView {
  let state: WatchState

  init(_ state: WatchState) { self.state = state }

  func lines(width: Int, height: Int) -> [String] {
    var lines = head
    let running = state.history.trials.filter { $0.state == .running }
    let room = max(2, height == .max ? 20 : height - lines.count - 4)
    if !running.isEmpty {
      lines.append("")
      lines += table(
        running.prefix(room / 2).map(row),
        ["running", "worker", "epoch", "last report", "configuration"])
      if running.count > room / 2 { lines.append("and \(running.count - room / 2) more") }
    }
    let ended = state.history.trials.filter(\.state.isFinished)
      .sorted { ($0.ended ?? 0, $0.number) < ($1.ended ?? 0, $1.number) }
      .suffix(max(1, room - min(running.count, room / 2) - 2)).reversed()
    if !ended.isEmpty {
      lines.append("")
      lines += table(ended.map(endedRow), ["ended", "state", "value", "configuration"])
    }
    return lines.map { width == .max ? $0 : String($0.prefix(max(10, width - 1))) }
  }

  private var head: [String] {
    let specification = state.specification
    var counts: [String] = []
    let order: [TrialState.Kind] = [.complete, .pruned, .failed, .running, .paused, .waiting]
    for kind in order {
      let count = state.history.trials.count { $0.state.kind == kind }
      if count > 0 { counts.append("\(count) \(kind.rawValue)") }
    }
    if !state.stale.isEmpty { counts.append("\(state.stale.count) stale") }
    var progress = counts.isEmpty ? "no trials yet" : counts.joined(separator: ", ")
    if let total = specification.budget.trials {
      progress = "\(state.finished) of \(total) trials: " + progress
      if let left = state.secondsLeft { progress += ", about \(Progress.time(left)) left" }
    }
    var lines = [
      "\(specification.name.visible)  \(specification.method.description.visible)", progress,
    ]
    if let reason = state.history.stopReason { lines.append("ended: \(reason.visible)") }
    if state.history.isSuspended { lines.append("paused: no trial starts") }
    if let best = state.best {
      lines.append(
        "best: trial \(best.number)  \(state.value(of: best))  \(Self.configuration(best))")
    }
    let curve = Sparkline.text(
      of: state.improvements.map(\.value), places: state.improvements.map(\.trial), width: 60)
    if !curve.isEmpty { lines.append("best so far  \(curve)") }
    return lines
  }

  private func row(_ trial: Trial) -> [String] {
    let name = state.stale.contains(trial.number) ? "\(trial.number) stale" : "\(trial.number)"
    return [
      name, trial.attempts.last?.worker.visible ?? "", "\(trial.epoch)/\(trial.through)",
      state.value(of: trial), Self.configuration(trial),
    ]
  }

  private func endedRow(_ trial: Trial) -> [String] {
    let reason = trial.state.reason.map { " (\($0.rawValue))" } ?? ""
    return [
      "\(trial.number)", trial.state.name + reason, state.value(of: trial),
      Self.configuration(trial),
    ]
  }

  private func table(_ rows: [[String]], _ head: [String]) -> [String] {
    var table = TextTable(head)
    for row in rows { table.add(row) }
    return table.text.split(separator: "\n").map(String.init)
  }

  private static func configuration(_ trial: Trial) -> String {
    trial.assignment.active.map { name, value in
      "\(name)=\(value.number.map(NumberText.short) ?? value.description)"
    }.joined(separator: ", ").visible
  }
}

/// A line for each trial that ends.
struct WatchLines {
  private var told: Set<Int> = []
  private var isDone = false

  mutating func new(_ state: WatchState) -> [String] {
    var lines: [String] = []
    let ended = state.history.trials.filter { $0.state.isFinished && !told.contains($0.number) }
    for trial in ended.sorted(by: { ($0.ended ?? 0, $0.number) < ($1.ended ?? 0, $1.number) }) {
      told.insert(trial.number)
      let reason = trial.state.reason.map { " (\($0.rawValue))" } ?? ""
      let isBest = state.best?.number == trial.number ? "  best" : ""
      lines.append(
        "trial \(trial.number)  \(trial.state.name)\(reason)  \(state.value(of: trial))\(isBest)")
    }
    // A trial that is retried ends again.
    told = told.filter { state.history.trials[$0].state.isFinished }
    return lines
  }
}
