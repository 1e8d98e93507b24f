import Foundation
import Testing

/// A folder of results that is gone with the last reference to it.
final class ResultsReader: Sendable {
  let root: URL

  init() throws {
    root = FileManager.default.temporaryDirectory.appending(path: "results-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  var path: String { root.path + "/out" }

  func text(_ name: String) throws -> String {
    try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
  }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

  func names(_ folder: String = "") -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []).sorted()
  }

  func json<T>(_ name: String, as type: T.Type = [String: Any].self) throws -> T {
    try #require(try JSONSerialization.jsonObject(with: Data(text(name).utf8)) as? T)
  }

  /// The rows of a table, by the names of its columns; no field has a comma.
  func table(_ name: String) throws -> [[String: String]] {
    let lines = try text(name).split(separator: "\n")
      .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    return lines.dropFirst().map { Dictionary(uniqueKeysWithValues: zip(lines[0], $0)) }
  }

  func column(_ column: String, of name: String) throws -> [Double] {
    try table(name).map { try #require(Double($0[column] ?? "")) }
  }
}
