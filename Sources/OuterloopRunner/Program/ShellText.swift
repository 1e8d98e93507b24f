internal import OuterloopStudy
internal import OuterloopText

/// Values that become part of a shell script: if they contain characters that mean something to the
/// shell, they are split or executed.
enum ShellText {
  private static let shells: Set = ["sh", "bash", "dash", "zsh", "ksh", "mksh", "ash", "fish"]

  static func warnings(_ words: [ProgramWord], _ parameters: [String: Parameter]) -> [String] {
    var warnings: [String] = []
    for index in scripts(in: words) {
      for piece in words[index].pieces {
        guard case .value(let name) = piece, let parameter = parameters[name],
          let choice = parameter.domain.choices?.first(where: isRisky)
        else { continue }
        let warning =
          "{\(name)} is part of a shell command, which splits choices such as "
          + "\(choice.word.jsonString) ; pass it as an argument behind the command, where \"$1\" is its "
          + "value: sh -c '... \"$1\"' sh {\(name)}; or read the file named by OUTERLOOP_TRIAL"
        if !warnings.contains(warning) { warnings.append(warning) }
      }
    }
    return warnings
  }

  /// The words after `sh -c`.
  private static func scripts(in words: [ProgramWord]) -> [Int] {
    var found: [Int] = []
    for (index, word) in words.enumerated() {
      guard let name = plain(word)?.split(separator: "/").last, shells.contains(String(name)) else {
        continue
      }
      var place = index + 1
      var isScript = false
      while place < words.count, let option = plain(words[place]), option.hasPrefix("-"),
        option.count > 1
      {
        if !option.hasPrefix("--"), option.contains("c") { isScript = true }
        place += 1
        if isScript { break }
      }
      if isScript, place < words.count { found.append(place) }
    }
    return found
  }

  private static func plain(_ word: ProgramWord) -> String? {
    word.isPlain ? word.filled { _ in nil } : nil
  }

  private static func isRisky(_ value: ParameterValue) -> Bool {
    guard case .text(let text) = value else { return false }
    return text.isEmpty
      || !text.unicodeScalars.allSatisfy { scalar in
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "_@%+=:,./-".unicodeScalars.contains(scalar)
      }
  }
}
