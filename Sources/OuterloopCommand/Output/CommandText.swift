/// The command line as it was typed.
enum CommandText {
  /// The same command once more, without `--restart`.
  static var again: String {
    (["outerloop"] + CommandLine.arguments.dropFirst()).filter { $0 != "--restart" }
      .map(quoted).joined(separator: " ")
  }

  /// A word as a shell reads it back.
  static func quoted(_ word: String) -> String {
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
}
