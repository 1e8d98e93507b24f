private import OuterloopStudy
internal import OuterloopText

/// A line of a program's output that has a meaning: a JSON object with an objective's name,
/// `"epoch"`, `"checkpoint"` or, for persistent programs, `"done"`.
struct ReportLine: Hashable, Sendable {
  /// The epoch it names; nil: none.
  var epoch: Int?
  /// The epoch as it was written, if it is not a positive integer.
  var badEpoch: String?
  /// The numbers, by the metric's name.
  var values: [String: Double] = [:]
  /// Objectives whose value is not a number, as they were written.
  var notNumbers: [String: String] = [:]
  var seconds: Double?
  /// What was saved: a path, or empty for `true`.
  var checkpoint: String?
  var isDone = false
  /// The error that a persistent program reports for a failed trial.
  var error: String?
  /// The `"id"` of the request that the line answers, and its trial, as they were written.
  var id: String?
  var trial: String?
  /// The line, if an objective in it is not finite.
  var shown: String?
  /// The keys of a line that is JSON but not a report, for the error message if no report follows.
  var unrecognizedKeys: Set<String> = []
  /// Set for a line that was probably meant as a report.
  var nearMiss: NearMiss?

  /// Whether it reports something; otherwise it only helps to explain a missing report.
  var isReport: Bool { unrecognizedKeys.isEmpty && nearMiss == nil }

  /// What distinguishes a report from log output.
  struct Vocabulary: Sendable {
    var objectives: Set<String>
    var isPersistent: Bool

    /// Whether `name` is the key that identifies the request that a line answers.
    func echoes(_ name: String) -> Bool { isPersistent && !objectives.contains(name) }
  }

  /// How many unrecognized keys a message lists.
  static let unrecognizedLimit = 12

  /// A line of which only the keys are kept; nil if it is not JSON.
  static func unrecognized(_ line: ArraySlice<UInt8>) -> ReportLine? {
    guard let members = members(of: line) else { return nil }
    var unrecognized = ReportLine()
    unrecognized.unrecognizedKeys = Set(
      members.keys.sorted().prefix(unrecognizedLimit).map { String($0.prefix(40)) })
    return unrecognized
  }

  private init() {}

  init(_ nearMiss: NearMiss) { self.nearMiss = nearMiss }

  private static func members(of line: ArraySlice<UInt8>) -> [String: JSON]? {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    guard let first = line.first(where: { !isSpace($0) }), first == UInt8(ascii: "{") else {
      return nil
    }
    return JSON.members(ofLine: line)
  }

  /// Nil: the line is log output.
  init?(_ line: ArraySlice<UInt8>, _ vocabulary: Vocabulary) {
    guard let members = Self.members(of: line) else { return nil }
    isDone = vocabulary.isPersistent && members["done"] == .bool(true)
    let isReport =
      members["epoch"] != nil || members["checkpoint"] != nil
      || members.keys.contains { vocabulary.objectives.contains($0) }
    guard isReport || isDone else { return nil }
    for (name, value) in members {
      switch name {
      case "id" where vocabulary.echoes(name): id = value.plain
      case "trial" where vocabulary.echoes(name): trial = value.plain
      case "epoch":
        if let whole = value.int, whole >= 1 {
          epoch = whole
        } else {
          badEpoch = value.shown
        }
      case "seconds":
        if let number = value.reported, number.isFinite, number >= 0 { seconds = number }
      case "checkpoint":
        switch value {
        case .text(let path): checkpoint = path
        case .bool(true): checkpoint = ""
        default: break
        }
      case "done" where vocabulary.isPersistent: break
      // An objective of this name is a metric like others.
      case "gradient" where value.members != nil && !vocabulary.objectives.contains(name):
        for member in value.members ?? [] {
          guard let number = member.value.reported else { continue }
          values[Report.gradientPrefix + member.name] = number
        }
      // An objective may have this name too; then its numbers are values.
      case "error" where isDone && !(vocabulary.objectives.contains(name) && value.reported != nil):
        if case .text(let text) = value { error = text } else { error = value.shown }
        if value == .null { error = nil }
      default:
        if let number = value.reported {
          values[name] = number
          if !number.isFinite, vocabulary.objectives.contains(name) {
            shown = TerminalText.shown(line)
          }
        } else if vocabulary.objectives.contains(name) {
          notNumbers[name] = value.shown
        }
      }
    }
  }
}
