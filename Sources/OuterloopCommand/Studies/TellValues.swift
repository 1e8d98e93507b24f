internal import ArgumentParser
internal import OuterloopStudy
internal import OuterloopText

/// Values of metrics as arguments of `tell`: `loss=0.31`.
struct TellValues {
  /// By metric.
  private(set) var numbers: [String: Double] = [:]

  /// Names with another meaning in reports, and what to write instead.
  private static let others = [
    "epoch": "write --epoch N", "seconds": "leave it out", "checkpoint": "leave it out",
    "done": "leave it out",
  ]

  /// - Throws: `ValidationError` that names the word.
  init(_ words: [String]) throws {
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, let number = Self.number(parts[1]) else {
        throw ValidationError("'\(word)' is not METRIC=NUMBER, as in loss=0.31")
      }
      let name = String(parts[0])
      if let advice = Self.others[name] {
        throw ValidationError("'\(name)' is no metric: \(advice)")
      }
      guard numbers.updateValue(number, forKey: name) == nil else {
        throw ValidationError("'\(name)' has two values: give one")
      }
    }
  }

  /// Decimal numbers, `nan`, `inf` and `infinity`; no other notation.
  private static func number(_ text: Substring) -> Double? {
    text.contains { "xXpP".contains($0) } ? nil : Double(text)
  }

  /// - Parameter isWhole: whether every objective and every constrained metric must have a value.
  /// - Throws: `CommandError` about a metric without one.
  func check(for specification: StudySpecification, isWhole: Bool) throws {
    guard isWhole else { return }
    let metrics =
      specification.objectives.map(\.metric) + specification.constraints.map(\.metric)
    for metric in metrics where numbers[metric] == nil {
      let others = numbers.keys.sorted().filter { !metrics.contains($0) }
      let near = Spelling.nearest(to: metric, among: others)
      throw CommandError(
        "the values say nothing about `\(metric)`" + (near.map { ", only about `\($0)`" } ?? ""),
        hint: near.map { "did you mean \(metric)=\(numbers[$0] ?? .nan)?" }
          ?? "add \(metric)=NUMBER", status: 64)
    }
  }

  /// Nil without values.
  func report(epoch: Int, attempt: Int) -> Event.Kind? {
    numbers.isEmpty ? nil : .reported(attempt: attempt, Report(epoch: epoch, numbers))
  }
}

/// Why a trial does not accept a result, and what to do instead.
struct TellRejection {
  let found: StudyChoice.Found

  private var naming: String { found.naming }

  private var values: String {
    found.specification.objectives.map { " \(CommandText.quoted($0.metric))=NUMBER" }.joined()
  }

  func unknown(_ number: Int, of count: Int) -> CommandError {
    let names = found.specification.space.parameters.map { "\($0.name)=..." }
    let elsewhere = CommandText.quoted(names.joined(separator: ", "))
    let what =
      count == 0
      ? "it has none yet" : count == 1 ? "it has trial 0" : "it has trials 0 to \(count - 1)"
    return CommandError(
      "study `\(found.name)` has no trial \(number): \(what)",
      hint: "a result from elsewhere: outerloop tell\(naming) --params \(elsewhere)\(values)")
  }

  /// - Parameter attempt: the one that was named, if any.
  func error(about trial: Trial?, attempt: Int?) -> CommandError {
    guard let trial else { return CommandError("the trial was deleted meanwhile", hint: nil) }
    let number = trial.number
    switch trial.state {
    case .failed(let reason):
      return CommandError(
        "trial \(number) has failed (\(reason.rawValue)) and takes no result",
        hint: "it is given out once more by: outerloop retry\(naming) --trial \(number) --no-run")
    case .complete, .pruned:
      return CommandError(
        "trial \(number) is \(trial.state.name) already",
        hint: "it stays as it is; see outerloop trials\(naming)")
    case .waiting, .paused:
      return CommandError(
        trial.attempts.isEmpty
          ? "nobody has asked for trial \(number) yet"
          : "trial \(number) waits for another attempt: the last one ended, or its lease ran out",
        hint: "outerloop ask\(naming)")
    case .running:
      let other = trial.attempts.last?.worker ?? ""
      return CommandError(
        "trial \(number) is not yours any more: attempt \(trial.attempt) by `\(other)` runs it"
          + (attempt.map { ", you told of attempt \($0)" } ?? ""),
        hint: "its result, if you have it, is taken all the same: outerloop tell\(naming) --trial "
          + "\(number)\(values)")
    }
  }
}
