internal import OuterloopStudy

/// What is dropped from the trials of an imported study, counted, for messages.
struct OptunaNotes {
  private let space: OptunaSpace
  private var complete = 0
  /// How many complete trials have each parameter.
  private var uses: [String: Int] = [:]
  private var running = 0
  /// Trials that are waiting or running without all parameters.
  private var unready: [Int] = []
  private var lost: Set<String> = []
  private var attributes: Set<String> = []
  private var attributed = 0
  private var constraints: Set<String> = []
  private var infeasible = 0
  private var count = 0
  private var isRenumbered = false
  private(set) var listsConstraints = false

  init(_ space: OptunaSpace) { self.space = space }

  mutating func add(_ trial: OptunaTrial) {
    defer { count += 1 }
    if trial.number != count { isRenumbered = true }
    lost.formUnion(trial.lost)
    attributes.formUnion(trial.attributes)
    if !trial.attributes.isEmpty { attributed += 1 }
    // Trials that we exported are unchanged.
    guard trial.extras == nil else { return }
    listsConstraints = listsConstraints || trial.listsConstraints
    constraints.formUnion(trial.constraints.keys)
    switch trial.state {
    case "COMPLETE":
      complete += 1
      for name in trial.parameters.keys { uses[name, default: 0] += 1 }
      if trial.constraints.values.contains(where: { !($0 <= 0) }) { infeasible += 1 }
    case "RUNNING", "WAITING":
      if trial.state == "RUNNING" { running += 1 }
      if trial.parameters.count < space.space.parameters.count { unready.append(count) }
    default: break
    }
  }

  var texts: [String] {
    var texts = space.notes
    if isRenumbered { texts.append("numbers of trials are missing there: they count from 0 here") }
    let partial = space.space.parameters.map(\.name).filter {
      1..<max(complete, 1) ~= uses[$0] ?? 0
    }
    if !partial.isEmpty {
      texts.append(
        "\(list(partial)): not in every complete trial, and without a condition here: the search "
          + "goes on with a value in each")
    }
    if !unready.isEmpty {
      texts.append(
        "\(unready.count == 1 ? "trial" : "trials") \(list(unready.map { "\($0)" })) "
          + "\(unready.count == 1 ? "is" : "are") to be run without a value for some parameters")
    }
    if running > 0 {
      texts.append(
        "\(trials(running)) ran there: no worker runs them here, and a resumed search restarts them"
      )
    }
    if !lost.isEmpty {
      texts.append(
        "values of \(list(lost.sorted())) are left behind: no trial says that they may be")
    }
    if !constraints.isEmpty {
      texts.append(
        "constraints are metrics with bounds here (\(list(bounds.map(\.description)))): "
          + "\(infeasible) of \(trials(complete, "complete ")) break one")
    }
    if !attributes.isEmpty {
      texts.append(
        "user attributes of \(trials(attributed)) are left behind: \(list(attributes.sorted()))")
    }
    return texts
  }

  /// The constraints as bounds on the metrics in which they are stored.
  var bounds: [OutcomeConstraint] {
    constraints.sorted().map { OutcomeConstraint(Self.metric($0), .atMost, 0) }
  }

  /// The metric in which a constraint is stored.
  static func metric(_ constraint: String) -> String { prefix + constraint }

  /// The constraint that is stored in this metric; nil if there is none.
  static func constraint(_ metric: String) -> String? {
    metric.hasPrefix(prefix) ? String(metric.dropFirst(prefix.count)) : nil
  }

  private static let prefix = "constraint:"

  private func trials(_ count: Int, _ kind: String = "") -> String {
    "\(count) \(kind)\(count == 1 ? "trial" : "trials")"
  }

  private func list(_ names: [String]) -> String {
    let shown = names.prefix(10).joined(separator: ", ")
    return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
  }
}
