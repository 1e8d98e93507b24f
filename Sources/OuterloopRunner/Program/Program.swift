public import OuterloopStudy

/// The command of the program being tuned.
///
/// In its words `{name}` is replaced by the value of the parameter, `{trial}`, `{from}`, `{to}`,
/// `{checkpoint}` and `{seed}` by what is asked; `{{` and `}}` are braces. A word with a parameter
/// that is inactive in a trial is left out; if the word begins with the placeholder and an option
/// such as `--momentum` stands before it, that is left out too:
///
///     train --momentum {momentum} --decay={decay} hidden={units}
public struct Program: Sendable, Hashable, Codable {
  public var words: [String]
  /// Where it is run; nil: where this process was started.
  public var directory: String?
  /// Whether it stays and answers one request after the other.
  public var isPersistent: Bool

  public init(_ words: [String], directory: String? = nil, isPersistent: Bool = false) {
    self.words = words
    self.directory = directory
    self.isPersistent = isPersistent
  }

  /// The placeholders that are no parameters.
  static let ownPlaceholders: Set = ["trial", "from", "to", "checkpoint", "seed"]

  /// Checks the command against a space before anything is run.
  ///
  /// - Returns: the parameters that stand in no word. The program finds them in its request only,
  ///   which may be meant; empty for persistent programs.
  /// - Throws: `StudyError` for placeholders that mean nothing and words that cannot be left out.
  public func check(for space: SearchSpace) throws -> [String] {
    let words = try parsed()
    guard !words.isEmpty else {
      throw StudyError("there is no command to run", "give it at the end: -- python train.py")
    }
    let names = space.parameters.map(\.name)
    var used: Set<String> = []
    for (index, word) in words.enumerated() {
      for name in word.placeholders {
        if isPersistent {
          throw StudyError(
            "`\(ProgramWord.short(self.words[index]))` in the command of a persistent program: it is started before "
              + "there is a trial",
            "read the values from the request lines on standard input; write {{ and }} for braces")
        }
        used.insert(name)
        if Self.ownPlaceholders.contains(name) { continue }
        guard let parameter = space.parameters.first(where: { $0.name == name }) else {
          let near = Spelling.nearest(to: name, among: names + Self.ownPlaceholders.sorted())
          throw StudyError(
            "`\(ProgramWord.short(self.words[index]))` in the command: there is no parameter "
              + "`\(ProgramWord.short(name))`",
            near.map { "did you mean {\($0)}? Write {{ and }} for plain braces" }
              ?? "the parameters are \(names.joined(separator: ", ")); {trial}, {from}, {to}, "
              + "{checkpoint} and {seed} exist too; write {{ and }} for plain braces")
        }
        guard parameter.condition != nil else { continue }
        if index == 0 || self.words[index].contains(where: \.isWhitespace) {
          throw StudyError(
            "`\(ProgramWord.short(self.words[index]))` in the command: it would be left out where `\(name)` is "
              + "inactive",
            "put {\(name)} into a word of its own, or read the file named by OUTERLOOP_TRIAL")
        }
      }
    }
    return isPersistent ? [] : names.filter { !used.contains($0) }
  }

  /// The command line of a trial.
  public func words(for request: TrialRequest, checkpoint: String) throws -> [String] {
    let words = try parsed()
    var line: [String] = []
    var isOptionBefore = false
    for word in words {
      let text = word.filled { name in
        switch name {
        case "trial": "\(request.trial)"
        case "from": "\(request.from)"
        case "to": "\(request.through)"
        case "checkpoint": checkpoint
        case "seed": "\(request.seed)"
        default: request.assignment[name]?.description
        }
      }
      if let text {
        line.append(text)
      } else if word.isValue, isOptionBefore {
        line.removeLast()
      }
      isOptionBefore = text != nil && word.isOption
    }
    return line
  }

  /// The words of a command without placeholders, doubled braces made single.
  public var plainWords: [String] {
    get throws { try parsed().enumerated().map { $1.filled { _ in nil } ?? words[$0] } }
  }

  private func parsed() throws -> [ProgramWord] { try words.map(ProgramWord.init) }
}
