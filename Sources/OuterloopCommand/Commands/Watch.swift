internal import ArgumentParser
internal import OuterloopDashboard
internal import OuterloopLab
internal import OuterloopPlatform
internal import OuterloopStore
internal import OuterloopStudy
internal import OuterloopText

/// `outerloop watch`
struct Watch: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a study in the terminal, until it is done.",
    discussion: """
      On a terminal a view that is drawn anew as things happen: counts, the best trial, how the best \
      value came down, the trials that run with what they reported last, those that ended last. Ctrl-C \
      leaves it; the study goes on. Elsewhere a line for each trial that ends. It ends when nothing runs \
      and the budget is spent or a rule has ended the study.
      """)

  @OptionGroup(title: "Study")
  var choice: StudyChoice

  @Flag(help: "Show it once as it is, and end.")
  var once = false

  @Option(
    help: ArgumentHelp("Seconds between two looks.", valueName: "seconds"))
  var every = 0.5

  @OptionGroup var quiet: QuietOption

  func validate() throws {
    guard every >= 0.05, every <= 3600 else {
      throw ValidationError("--every \(NumberText.short(every)) is not between 0.05 and 3600")
    }
  }

  func run() async throws {
    let found = try await choice.find(.read)
    Interrupts.watch(isSilent: true)
    let study = try await FollowedStudy(found.id, in: found.store)
    var screen = WatchScreen()
    var lines = WatchLines()
    var restingSince: ContinuousClock.Instant?
    while !Interrupts.isRequested {
      try await study.refresh()
      let view = WatchView(
        try await WatchState(study, stale: StaleTrials.of(found.id, in: found.store)))
      // Where trials rest, the next may go on at once: only after a while nobody will have it do so.
      restingSince = view.state.isResting ? restingSince ?? .now : nil
      let isOver = restingSince.map { $0.duration(to: .now) > .seconds(3) } ?? false
      let isLast = once || view.state.isDone || isOver
      if Terminal.isShown {
        try screen.draw(view.lines(width: Terminal.shownWidth, height: Terminal.shownHeight))
      } else if once {
        try Terminal.print(view.lines(width: .max, height: .max).joined(separator: "\n"))
      } else {
        for line in lines.new(view.state) { try Terminal.print(line) }
      }
      if isLast { return }
      try await Task.sleep(for: .seconds(every))
    }
    throw ExitCode(Interrupts.status)
  }
}

/// What is shown of a study at a moment.
struct WatchState {
  let specification: StudySpecification
  let history: History
  let stale: Set<Int>
  let rate: Double?
  let improvements: [(trial: Int, value: Double)]

  init(_ study: FollowedStudy, stale: Set<Int>) async {
    specification = await study.specification
    history = await study.history
    self.stale = stale
    rate = await study.rate
    improvements = await study.improvements(most: 1000)
  }

  var finished: Int { history.trials.count { $0.state.isFinished } }

  /// All trials have ended, and nothing new begins.
  var isDone: Bool { history.openCount == 0 && isSpent }

  /// Nothing runs or waits, and nothing new begins.
  var isResting: Bool { history.runningCount == 0 && history.claimableCount == 0 && isSpent }

  private var isSpent: Bool {
    let budget = specification.budget
    return history.stopReason != nil || budget.trials.map { history.trials.count >= $0 } ?? false
      || budget.epochs.map { history.epochs >= $0 } ?? false
      || budget.seconds.map { history.busySeconds >= $0 } ?? false
  }

  /// Where a scheduler lets trials rest, how many of them will end is not known.
  var secondsLeft: Double? {
    guard history.runningCount > 0, specification.method.scheduler == .fullTraining, let rate,
      rate > 0,
      let total = specification.budget.trials, finished < total
    else { return nil }
    return Double(total - finished) / rate * 60
  }

  var best: Trial? { specification.best(in: history) }

  func value(of trial: Trial) -> String {
    let objective = specification.objectives[0]
    guard let value = trial.value(of: objective.metric, objective: 0) else { return "" }
    return "\(objective.metric.visible) \(NumberText.short(value))"
  }
}

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

/// A curve in one line of text.
enum Sparkline {
  private static let blocks = Array("▁▂▃▄▅▆▇█")
  private static let plain = Array("_.-=+*#@")

  /// Values by their places, held until the next; empty below two.
  static func text(of values: [Double], places: [Int], width: Int) -> String {
    guard values.count > 1, let first = places.first, let last = places.last, last > first,
      values.allSatisfy(\.isFinite), let low = values.min(), let high = values.max()
    else { return "" }
    let language = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { CLibrary.environment($0) }
      .first { !$0.isEmpty }
    let levels = (language ?? "").uppercased().contains("UTF") ? blocks : plain
    let count = min(width, last - first + 1)
    var text = ""
    var index = 0
    for column in 0..<count {
      let place = first + (last - first) * column / max(1, count - 1)
      while index + 1 < places.count, places[index + 1] <= place { index += 1 }
      let share = high > low ? (values[index] - low) / (high - low) : 0
      text.append(levels[min(levels.count - 1, Int(share * Double(levels.count)))])
    }
    return text
  }
}

/// The lines that stand in a terminal, and are replaced by the next.
struct WatchScreen {
  private var shown: [String] = []

  mutating func draw(_ lines: [String]) throws {
    guard lines != shown else { return }
    // Up to the first line, and away with all below.
    let back = shown.isEmpty ? "" : "\u{1b}[\(shown.count)A\u{1b}[J"
    let text = back + lines.map(\.visible).joined(separator: "\n") + "\n"
    shown = lines
    try Terminal.printPart(Array(text.utf8))
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
