internal import Foundation
public import OuterloopStudy
internal import OuterloopText

/// Trials in a file as `TrialFormat` and `outerloop export` write them: CSV with columns `param.NAME` and
/// `value.METRIC`, JSON with an object for each trial on a line of its own, or one object with `trials`. Other
/// columns and keys are ignored, so that a table made by hand works too.
public enum TrialFile {
  /// The largest size of a file.
  static let maximalBytes = 1 << 30

  /// The complete trials, and those whose state is not in the file.
  ///
  /// - Throws: `StudyError` that names the file, the line and the remedy.
  /// - Complexity: O(length).
  public static func results(_ path: String) throws -> [KnownResult] {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw StudyError("`\(path)` cannot be read", "name a file with trials, or a study")
    }
    guard bytes.count <= maximalBytes, let text = String(validating: bytes, as: UTF8.self) else {
      throw StudyError("\(name) is no text with trials", form)
    }
    let results: [KnownResult]
    if text.first(where: { !$0.isWhitespace }) == "{" {
      results = try json(text, name)
    } else {
      results = try csv(text, name)
    }
    guard !results.isEmpty else {
      throw StudyError("\(name) has no complete trial", form)
    }
    return results
  }

  private static let form = "write it by outerloop export"

  private static func json(_ text: String, _ name: String) throws -> [KnownResult] {
    if let whole = JSONReader.value(text) {
      return try (whole["trials"]?.array ?? [whole]).compactMap { try result($0, name) }
    }
    return try text.split(whereSeparator: \.isNewline).enumerated().compactMap { place, line in
      guard let object = JSONReader.value(String(line)) else {
        throw StudyError("\(name), line \(place + 1) is no JSON", form)
      }
      return try result(object, "\(name), line \(place + 1)")
    }
  }

  private static func result(_ object: JSON, _ place: String) throws -> KnownResult? {
    if let state = object["state"]?.text, state != TrialState.Kind.complete.rawValue { return nil }
    guard let members = object["params"]?.members else {
      throw StudyError("\(place): a trial has no `params`", form)
    }
    var result = KnownResult(params: [:], seconds: object["seconds"]?.number)
    for member in members {
      guard let value = member.value.parameterValue else {
        throw StudyError("\(place): `\(member.name)` is no number, text or truth value", form)
      }
      result.params[member.name] = value
    }
    for member in object["values"]?.members ?? [] {
      result.values[member.name] = member.value.number
    }
    return result
  }

  private static func csv(_ text: String, _ name: String) throws -> [KnownResult] {
    var rest = text[...]
    let header = try row(&rest, name)
    guard header.contains(where: { $0.hasPrefix("param.") }) else {
      throw StudyError("\(name) has no column `param.NAME`", form)
    }
    var results: [KnownResult] = []
    while !rest.isEmpty {
      let fields = try row(&rest, name)
      if fields == [""] { continue }
      guard fields.count == header.count else {
        throw StudyError(
          "\(name), trial \(results.count + 1): the row has \(fields.count) columns instead of "
            + "\(header.count)", form)
      }
      var result = KnownResult(params: [:])
      var isComplete = true
      for (column, field) in zip(header, fields) where !field.isEmpty {
        if column == "state" {
          isComplete = field == TrialState.Kind.complete.rawValue
        } else if column.hasPrefix("param.") {
          result.params[String(column.dropFirst(6))] = ParameterValue(plain: field)
        } else if column.hasPrefix("value.") {
          result.values[String(column.dropFirst(6))] = ParameterValue(plain: field).number
        }
      }
      if isComplete { results.append(result) }
    }
    return results
  }

  /// The fields of the next line (RFC 4180).
  private static func row(_ rest: inout Substring, _ name: String) throws -> [String] {
    var fields: [String] = []
    while true {
      var field = ""
      if rest.first == "\"" {
        rest.removeFirst()
        while true {
          guard let end = rest.firstIndex(of: "\"") else {
            throw StudyError("\(name): a quoted field does not end", form)
          }
          field += rest[..<end]
          rest = rest[rest.index(after: end)...]
          guard rest.first == "\"" else { break }
          field += "\""
          rest.removeFirst()
        }
      } else {
        let end = rest.firstIndex { $0 == "," || $0.isNewline } ?? rest.endIndex
        field = String(rest[..<end])
        rest = rest[end...]
      }
      fields.append(field)
      guard let next = rest.popFirst(), next == "," else { return fields }
    }
  }
}
