internal import OuterloopStudy
internal import OuterloopText

/// What may stand in the braces of a command: the parameters of a space, and built-in names.
///
/// Only these forms have a meaning between braces:
///
///     {name}          the value
///     {--flag}        the flag itself where the parameter `flag` is true, else nothing
///     {name?text}     the text where the parameter is true, else nothing
///     {{name}}        the text {name}, and the same for the forms above; each further pair of
///                     braces on both sides is one pair
///
/// What is almost one of them is an error; all other braces belong to the user's command.
struct Placeholders {
  /// The built-in names. A parameter may have one of them too: a study's own `slot` takes
  /// precedence.
  static let own: Set = ["trial", "from", "to", "checkpoint", "seed", "slot"]

  let parameters: [String: Parameter]

  init(_ space: SearchSpace) {
    parameters = Dictionary(uniqueKeysWithValues: space.parameters.map { ($0.name, $0) })
  }

  /// Words that look like placeholders but are passed on unchanged, for a warning.
  struct Unresolved: Hashable {
    /// `{rate}`: there is no parameter `rate`.
    var unknown: [String] = []
    /// `${lr}`: a value behind a dollar sign.
    var afterDollar: [String] = []
  }

  /// - Throws: `StudyError` for what is almost a placeholder.
  func word(_ text: String, _ unresolved: inout Unresolved) throws -> ProgramWord {
    var pieces: [ProgramWord.Piece] = []
    var rest = text[...]
    var last: Character?
    while let c = rest.first {
      guard c == "{" else {
        pieces.append(.text(String(c)))
        last = c
        rest = rest.dropFirst()
        continue
      }
      let opening = rest.prefix { $0 == "{" }
      let content = rest.dropFirst(opening.count).prefix { $0 != "{" && $0 != "}" }
      let closing = rest.dropFirst(opening.count + content.count).prefix { $0 == "}" }
      let pairs = min(opening.count, closing.count)
      let meaning =
        try pairs > 0 && !(last == "$" && !isName(content)) ? piece(String(content)) : nil
      let isUnknown = meaning == nil
      switch meaning {
      case nil: pieces.append(.text(String(opening + content)))
      case .near(let what, let remedy)? where pairs % 2 == 1:
        throw StudyError("`\(ProgramWord.short(text))` in the command: \(what)", remedy)
      case .near?, .piece?:
        pieces.append(
          .text(String(opening.dropFirst(pairs % 2 == 1 ? (pairs + 1) / 2 : pairs / 2))))
        if pairs % 2 == 1, case .piece(let piece)? = meaning {
          pieces.append(piece)
          if last == "$", opening.count == 1 { unresolved.afterDollar.append(String(content)) }
        } else {
          pieces.append(.text(String(content)))
        }
        pieces.append(
          .text(String(closing.dropFirst(pairs % 2 == 1 ? (pairs + 1) / 2 : pairs / 2))))
      }
      if isUnknown {
        if pairs == 1, last != "$", looksLikeName(content), !text.contains(where: \.isWhitespace) {
          unresolved.unknown.append(String(content))
        }
        rest = rest.dropFirst(opening.count + content.count)
        last = content.last ?? "{"
      } else {
        rest = rest.dropFirst(opening.count + content.count + closing.count)
        last = "}"
      }
    }
    return ProgramWord(pieces)
  }

  private enum Meaning {
    case piece(ProgramWord.Piece)
    case near(String, String)
  }

  private func isName(_ text: Substring) -> Bool {
    parameters[String(text)] != nil || Self.own.contains(String(text))
  }

  /// Whether it looks like a name, which the content of a program's own braces mostly does not.
  private func looksLikeName(_ text: Substring) -> Bool {
    text.contains(where: \.isLetter)
      && text.allSatisfy { $0.isLetter || $0.isNumber || "_-.?".contains($0) }
  }

  /// The meaning of what is between braces; nil: none.
  private func piece(_ content: String) throws -> Meaning? {
    if isName(content[...]) { return .piece(.value(content)) }
    if let place = content.firstIndex(of: "?") {
      let text = String(content[content.index(after: place)...])
      return text.isEmpty ? nil : try flag(String(content[..<place]), text, as: content)
    }
    if content.hasPrefix("-") {
      let name = String(content.drop { $0 == "-" })
      return try flag(name, content, as: content)
    }
    guard looksLikeName(content[...]), let near = nearest(content) else { return nil }
    return .near(
      "there is no parameter `\(content)`",
      "did you mean {\(near)}? The text itself is written {{\(content)}}")
  }

  private func flag(_ name: String, _ text: String, as content: String) throws -> Meaning? {
    let plain = String(name.map { $0 == "-" ? "_" : $0 })
    guard let parameter = parameters[name] ?? parameters[plain] else {
      guard looksLikeName(name[...]), let near = nearest(name), parameters[near] != nil else {
        return nil
      }
      return .near(
        "there is no parameter `\(name)`",
        "did you mean {\(near)?\(text)}? The text itself is written {{\(content)}}")
    }
    guard let choices = parameter.domain.choices,
      choices.allSatisfy({ if case .bool = $0 { true } else { false } })
    else {
      return .near(
        "`\(parameter.name)` is neither true nor false, so it makes no flag",
        "declare it as choice(true, false), or write \(text) {\(parameter.name)}")
    }
    return .piece(.flag(parameter.name, text: text))
  }

  /// The name that was probably meant. Very short names may differ only in case: `{i}` is not a
  /// misspelt `{lr}`.
  private func nearest(_ word: String) -> String? {
    let names = parameters.keys.sorted() + Self.own.sorted()
    if let same = names.first(where: { $0.lowercased() == word.lowercased() }) { return same }
    let plain = word.count < 3 ? [] : names.filter { $0.count > 1 }
    return Spelling.nearest(to: word, among: plain)
  }
}
