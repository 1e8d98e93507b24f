public import OuterloopStudy

/// A program's command, parsed for a space: its words with their placeholders.
///
/// `{name}` is replaced by the value of the parameter, `{trial}`, `{from}`, `{to}`, `{checkpoint}`,
/// `{seed}` and `{slot}` by what is requested; all other braces stay as they are (`Placeholders` has
/// the rule). A word with a parameter that is inactive in a trial is left out; if the word begins
/// with the placeholder and an option such as `--momentum` stands before it, that is left out too:
///
///     train --momentum {momentum} --decay={decay} hidden={units} {--amp}
///
/// A flag stands alone: `{--amp}` is there or not, and so is a parameter whose choices are flags
/// themselves.
public struct CommandTemplate: Sendable {
  /// What is not an error but may be unintended.
  public let warnings: [String]

  private let words: [ProgramWord]
  private let raw: [String]
  /// Parameters whose values are flags: if inactive or empty, only the word itself is left out.
  private let flagLike: Set<String>

  /// - Throws: `StudyError` for what is almost a placeholder, and words that cannot be left out.
  public init(_ program: Program, for space: SearchSpace) throws {
    guard !program.words.isEmpty else {
      throw StudyError("there is no command to run", "give it at the end: -- python train.py")
    }
    let placeholders = Placeholders(space)
    var unresolved = Placeholders.Unresolved()
    let words = try program.words.map { word in
      try program.doublesBraces
        ? ProgramWord(doubled: word) : placeholders.word(word, &unresolved)
    }
    self.words = words
    raw = program.words
    flagLike = Set(space.parameters.filter(\.domain.isFlagLike).map(\.name))
    try Self.check(words, program, placeholders)
    var warnings = unresolved.warnings
    warnings += ShellText.warnings(words, placeholders.parameters)
    let used = Set(words.flatMap(\.names))
    let unused = space.parameters.map(\.name).filter { !used.contains($0) }
    if !program.isPersistent, !unused.isEmpty {
      warnings.append(
        "\(unused.map { "{\($0)}" }.joined(separator: ", ")) \(unused.count == 1 ? "is" : "are") in "
          + "no word of the command; the program has to read the file named by OUTERLOOP_TRIAL")
    }
    self.warnings = warnings
  }

  private static func check(
    _ words: [ProgramWord], _ program: Program, _ placeholders: Placeholders
  ) throws {
    for (word, text) in zip(words, program.words) {
      let isWhole = word == words.first || text.contains(where: \.isWhitespace)
      for piece in word.pieces {
        guard case .value(let name) = piece else {
          if case .flag(let name, _) = piece, program.isPersistent { throw early(text, name) }
          continue
        }
        let parameter = placeholders.parameters[name]
        if program.isPersistent, parameter != nil || name != "slot" {
          throw early(text, name)
        }
        if parameter?.condition != nil, isWhole {
          throw StudyError(
            "`\(ProgramWord.short(text))` in the command: it would be left out where `\(name)` is "
              + "inactive",
            "put {\(name)} into a word of its own, or read the file named by OUTERLOOP_TRIAL")
        }
      }
    }
  }

  private static func early(_ text: String, _ name: String) -> StudyError {
    StudyError(
      "`\(ProgramWord.short(text))` in the command of a persistent program: it is started before "
        + "there is a trial",
      "read the values from the request lines on standard input; the text itself is written "
        + "{{\(name)}}")
  }

  /// The command line of a trial.
  public func words(for request: TrialRequest, checkpoint: String) -> [String] {
    var line: [String] = []
    var isOptionBefore = false
    for word in words {
      let text = word.filled { name in
        if let value = request.assignment[name] { return value }
        if request.assignment.names.contains(name) { return nil }
        switch name {
        case "trial": return .int(request.trial)
        case "from": return .int(request.from)
        case "to": return .int(request.through)
        case "checkpoint": return .text(checkpoint)
        case "seed": return .text("\(request.seed)")
        case "slot": return .int(request.slot)
        default: return nil
        }
      }
      let leading = word.leading
      if let text, !(text.isEmpty && leading.map(flagLike.contains) == true) {
        line.append(text)
        isOptionBefore = word.isOption
        continue
      }
      if let leading, !flagLike.contains(leading), isOptionBefore { line.removeLast() }
      isOptionBefore = false
    }
    return line
  }

  /// The words of a persistent program that runs in `slot`.
  public func words(slot: Int) -> [String] {
    zip(words, raw).map { word, raw in word.filled { _ in .int(slot) } ?? raw }
  }

  /// Its first word, if that is the same in all trials.
  var plainName: String? { words.first.flatMap { $0.isPlain ? $0.filled { _ in nil } : nil } }
}

extension Domain {
  /// Whether its values are flags such as `--amp`, or nothing.
  fileprivate var isFlagLike: Bool {
    guard let choices else { return false }
    let texts = choices.map { if case .text(let text) = $0 { text } else { "x" } }
    return texts.contains { !$0.isEmpty }
      && texts.allSatisfy { $0.isEmpty || ($0.hasPrefix("-") && $0.count > 1) }
  }
}

extension Placeholders.Unresolved {
  fileprivate var warnings: [String] {
    unknown.map { "there is no parameter `\($0)`: {\($0)} is passed on as it is" }
      + afterDollar.map {
        "${\($0)} is a dollar sign and the value of \($0); the shell's own variable is written "
          + "${{\($0)}}"
      }
  }
}
