private import OuterloopStudy
internal import OuterloopText

/// A line of a program's output that means something: a JSON object with an objective's name,
/// `"epoch"`, `"checkpoint"` or, for persistent programs, `"done"`.
struct ReportLine: Hashable, Sendable {
  /// The epoch it names; nil: none.
  var epoch: Int?
  /// The epoch as it was written, if it is not a whole number from 1.
  var badEpoch: String?
  /// The numbers, by the metric's name.
  var values: [String: Double] = [:]
  /// Objectives whose value is not a number, as they were written.
  var notNumbers: [String: String] = [:]
  var seconds: Double?
  /// What was saved: a path, or empty for `true`.
  var checkpoint: String?
  var isDone = false
  /// What a persistent program says about a trial that failed.
  var error: String?
  /// Of an answer to a request that names it: its `"id"`, and its trial, as they were written.
  var id: String?
  var trial: String?
  /// The line, if an objective in it is not finite.
  var shown: String?
  /// The names in a line that is JSON and no report, to be told if none follows.
  var strangers: Set<String> = []
  /// What a line was probably meant to be that is no report.
  var nearMiss: NearMiss?

  /// Whether it says something about a trial; else it only helps to say why there was no report.
  var isTelling: Bool { strangers.isEmpty && nearMiss == nil }

  /// What makes a line more than log.
  struct Vocabulary: Sendable {
    var objectives: Set<String>
    var isPersistent: Bool

    /// Whether `name` says which request a line answers.
    func echoes(_ name: String) -> Bool { isPersistent && !objectives.contains(name) }
  }

  /// What a program may be told to have said: few names, and short ones.
  static let strangersLimit = 12

  /// A line that says nothing but which names it has; nil if it is no JSON.
  static func stranger(_ line: ArraySlice<UInt8>) -> ReportLine? {
    guard let members = members(of: line) else { return nil }
    var stranger = ReportLine()
    stranger.strangers = Set(
      members.keys.sorted().prefix(strangersLimit).map { String($0.prefix(40)) })
    return stranger
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

  /// Nil: the line is log.
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
