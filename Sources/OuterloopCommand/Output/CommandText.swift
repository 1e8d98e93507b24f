internal import OuterloopFoundation
internal import OuterloopStudy
internal import OuterloopText

/// The command line as it was typed.
enum CommandText {
  /// The arguments of this process from the kernel; nil where it does not provide them.
  private static let kernelWords: [Data]? = {
    let bytes = (try? Data(contentsOf: URL(fileURLWithPath: "/proc/self/cmdline"))) ?? Data()
    guard bytes.last == 0 else { return nil }
    return bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false)
  }()

  /// The arguments, without the name of the command. On Linux they come from the kernel: the
  /// standard library looks for them next to the environment, which fails if a preloaded library
  /// has moved it.
  static let arguments: [String] = {
    let words = kernelWords?.map { String(decoding: $0, as: UTF8.self) }
    return Array((words ?? CommandLine.arguments).dropFirst())
  }()

  /// The command to run again, without `--restart`.
  static var again: String {
    (["outerloop"] + arguments).filter { $0 != "--restart" }.map(quoted).joined(separator: " ")
  }

  /// - Throws: `CommandError` if a word is not valid UTF-8, since decoding it would change the
  ///   name.
  static func requireText() throws {
    for (place, word) in (kernelWords ?? []).enumerated()
    where String(validating: word, as: UTF8.self) == nil {
      throw CommandError(
        "word \(place) of the command line is not valid UTF-8: `\(String(decoding: word, as: UTF8.self))`",
        hint: "rename the file, or give another name", status: 64)
    }
  }

  /// A word as a shell reads it back, on one line and without control characters: words that hold
  /// some are written as `$'...'`, which bash, zsh and ksh read.
  static func quoted(_ word: String) -> String {
    guard word == word.visible else {
      return "$'" + word.unicodeScalars.map(written).joined() + "'"
    }
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
          || Array("-_./:=+,%@".utf8).contains(byte)
      }
    guard !isPlain else { return word }
    return "'"
      + word.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }

  private static func written(_ scalar: Unicode.Scalar) -> String {
    let text = String(scalar)
    switch scalar {
    case "\n": return "\\n"
    case "\t": return "\\t"
    case "'", "\\": return "\\" + text
    default:
      guard text != text.visible else { return text }
      return text.utf8.map { ($0 < 16 ? "\\x0" : "\\x") + String($0, radix: 16) }.joined()
    }
  }

  /// Aligned lines of a name and its description.
  static func table(_ rows: [(String, String)]) -> String {
    rows.map { name, value in
      name + String(repeating: " ", count: max(1, 19 - name.count)) + value
    }.joined(separator: "\n")
  }
}
