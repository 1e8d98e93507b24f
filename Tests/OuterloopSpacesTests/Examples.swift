import Foundation

/// The examples of the documentation.
enum Examples {
  /// The fenced blocks of `Documentation/spaces.md` in the language `name`.
  static func blocks(_ name: String) throws -> [String] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent()
    let page = try String(
      contentsOf: root.appendingPathComponent("Documentation/spaces.md"), encoding: .utf8)
    let parts = page.components(separatedBy: "\n```")
    return stride(from: 1, to: parts.count, by: 2).compactMap { index in
      let (language, body) = parts[index].split(
        separator: "\n", maxSplits: 1, omittingEmptySubsequences: false
      )
      .pair
      return language == name ? body : nil
    }
  }
}

extension [Substring] {
  fileprivate var pair: (String, String) { (String(self[0]), String(self[1])) }
}
