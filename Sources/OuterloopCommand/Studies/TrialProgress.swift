internal import OuterloopLab
internal import OuterloopStudy
internal import OuterloopText
internal import Synchronization

/// Progress while trials run: on a terminal one line that is rewritten, elsewhere a line for each
/// trial that ends.
final class TrialProgress: Sendable {
  struct Failure: Sendable {
    var trial: Int
    var message: String
  }

  private struct State {
    var progress: Progress
    var budget: Budget
    var running = 0
    var lastFailure: Failure?
    var doneAtStart = 0
    var start = ContinuousClock.now
    var nextLook = ContinuousClock.now
    var reports: [Int: Report] = [:]
    var starts: [Int: ContinuousClock.Instant] = [:]
    /// Since when none of its trials has been running.
    var idleSince = ContinuousClock.now
    /// The trials for which the wait was announced, and when.
    var told: (trials: Set<[Int]>, time: ContinuousClock.Instant)?
  }

  private let found: StudyChoice.Found
  private let state: Mutex<State>

  init(_ found: StudyChoice.Found, _ conversation: VerbosityOptions) {
    self.found = found
    state = Mutex(
      State(progress: Progress(conversation), budget: found.specification.budget))
  }

  func say(_ text: String) { state.withLock { $0.progress.say(text) } }

  /// Whether this process has had nothing to run for a second.
  var isIdle: Bool {
    state.withLock { $0.running == 0 && $0.idleSince.duration(to: .now) >= .seconds(1) }
  }

  /// If this process is idle, prints what it is waiting for: once for a trial held by an ask-and-tell
  /// client, from time to time for trials that other processes run.
  func wait(_ runners: Runners) {
    guard isIdle else { return }
    state.withLock { state in
      let trials = Set(runners.leases.map { [$0.trial, $0.attempt] })
      let isKnown = state.told.map { trials.isSubset(of: $0.trials) } ?? false
      let isRecent = state.told.map { $0.time.duration(to: .now) < .seconds(60) } ?? false
      if trials.isEmpty || isKnown || (isRecent && runners.isOnlyProcesses) { return }
      state.told = (trials, .now)
      for line in runners.waiting(found) { state.progress.say(line) }
    }
  }

  /// Applies a budget that others have changed.
  func follow(_ budget: Budget) {
    state.withLock { state in
      state.budget = budget
      let parts = budget.parts.isEmpty ? ["none"] : budget.parts
      state.progress.say("the budget is now: \(parts.joined(separator: ", "))")
    }
  }

  var lastFailure: Failure? {
    get async { state.withLock(\.lastFailure) }
  }

  func begin() async {
    let done = Self.done((try? await found.store.summary(of: found.id)) ?? StudySummary())
    state.withLock { state in
      state.doneAtStart = done
      state.start = .now
      state.idleSince = .now
    }
  }

  func finish() async { state.withLock { $0.progress.clear() } }

  /// Called by the driver, from several tasks.
  var notice: @Sendable (StudyDriver.Notice) -> Void {
    { [self] notice in
      state.withLock { state in
        switch notice {
        case .began(let claim):
          state.running += 1
          state.starts[claim.trial.number] = .now
        case .reported(let claim, let report): state.reports[claim.trial.number] = report
        case .ended(let claim, let event):
          state.running -= 1
          state.idleSince = .now
          let number = claim.trial.number
          let seconds = state.starts.removeValue(forKey: number).map {
            $0.duration(to: .now) / .seconds(1)
          }
          let report = state.reports.removeValue(forKey: number)
          ended(claim.trial, event, report, seconds ?? 0, &state)
        case .refused(let claim, _):
          state.running -= 1
          state.idleSince = .now
          state.reports[claim.trial.number] = nil
        case .suspended:
          state.progress.say("the study is paused; to resume: outerloop pause\(found.naming) --off")
        case .resumed: state.progress.say("the study is resumed")
        }
      }
    }
  }

  private func ended(
    _ trial: Trial, _ event: Event.Kind, _ report: Report?, _ seconds: Double, _ state: inout State
  ) {
    var parts = ["trial \(trial.number)"]
    var isFailure = false
    switch event {
    case .finished(_, .complete(let values), _):
      parts.append("complete")
      for (objective, value) in zip(found.specification.objectives, values) {
        parts.append("\(objective.metric) \(NumberText.short(value))")
      }
      for constraint in found.specification.constraints {
        let value = report?.values[constraint.metric] ?? .nan
        guard constraint.violation(of: value) > 0 else { continue }
        parts.append("breaks \(constraint): \(NumberText.short(value))")
      }
    case .finished(_, .pruned, _): parts.append("pruned")
    case .finished(_, .failed(let reason, let message), _):
      isFailure = true
      let text = message.map(Self.oneLine) ?? ""
      state.lastFailure = Failure(trial: trial.number, message: text)
      parts.append("failed (\(reason.rawValue))")
      if !text.isEmpty { parts.append(text) }
    case .paused: parts.append("paused at epoch \(report?.epoch ?? trial.through)")
    case .released(_, let reason, _): parts.append("to be run again (\(reason.rawValue))")
    default: return
    }
    guard state.progress.isShown, !state.progress.isLive || isFailure else { return }
    if !isFailure { parts.append(Progress.lapse(seconds)) }
    parts.append(
      trial.assignment.active.map { "\($0.name)=\(StudyResult.cell($0.value))" }
        .joined(separator: " "))
    state.progress.say(parts.joined(separator: "  ").visible)
  }

  /// The first words and the last line, which usually states the cause.
  static func oneLine(_ message: String) -> String {
    let lines = message.split(separator: "\n")
    guard let first = lines.first, let last = lines.last, lines.count > 1 else { return message }
    return "\(first.prefix { $0 != ":" }): \(last)"
  }

  /// Rewrites the line, if there is one and it is time.
  func refresh() async {
    let isDue = state.withLock { state in
      guard state.progress.isShown, state.progress.isLive, state.nextLook <= .now else {
        return false
      }
      state.nextLook = .now + .milliseconds(200)
      return true
    }
    guard isDue, let summary = try? await found.store.summary(of: found.id) else { return }
    state.withLock { $0.progress.show(Self.line(summary, $0)) }
  }

  /// `trial 37/100  best 0.0412 (#21)  running 4  eta 3m12s`
  private static func line(_ summary: StudySummary, _ state: State) -> String {
    let done = done(summary)
    var text = "trial \(done)"
    if let total = state.budget.trials { text += "/\(total)" }
    if let best = summary.best { text += "  best \(NumberText.short(best.value)) (#\(best.trial))" }
    let elsewhere = (summary.counts[.running] ?? 0) - state.running
    text += "  running \(state.running)" + (elsewhere > 0 ? " and \(elsewhere) elsewhere" : "")
    if let failed = summary.counts[.failed] { text += "  failed \(failed)" }
    if Interrupts.isRequested { return text + "  stopping" }
    if let total = state.budget.trials, done > state.doneAtStart, done < total {
      let seconds = state.start.duration(to: .now) / .seconds(1)
      let left = seconds / Double(done - state.doneAtStart) * Double(total - done)
      text += "  eta \(Progress.time(left))"
    }
    return text
  }

  private static func done(_ summary: StudySummary) -> Int {
    [.complete, .pruned, .failed].reduce(0) { $0 + (summary.counts[$1] ?? 0) }
  }
}
