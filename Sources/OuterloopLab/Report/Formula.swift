/// A formula in a small part of TeX, as MathML that browsers show without a script.
///
/// There are letters, numbers, signs, `^`, `_`, groups in braces, `\frac`, `\sqrt`, `\text`, `\mathbf`,
/// `\left` and `\right` with a bracket, accents, and the commands of `FormulaSymbols`. Anything else is an
/// error, so that no page shows a partial formula.
struct Formula {
  /// The element `math`.
  let markup: String

  /// - Parameter isBlock: on a line of its own, where sums have their limits above and below.
  /// - Throws: `LabError` naming what cannot be read.
  init(_ tex: String, isBlock: Bool = false) throws(LabError) {
    var reader = FormulaReader(tex)
    let body = try reader.row(until: nil)
    let display = isBlock ? " display=\"block\"" : ""
    markup = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\"\(display)>\(body)</math>"
  }
}

/// Reads a formula from left to right.
private struct FormulaReader {
  private let source: String
  private let letters: [Character]
  private var place = 0

  init(_ tex: String) {
    source = tex
    letters = Array(tex)
  }

  /// Items up to a closing brace, a command or the end, in one `mrow`.
  mutating func row(until end: String?) throws(LabError) -> String {
    var items = ""
    while true {
      skipSpace()
      if place == letters.count {
        guard end == nil else { throw syntaxError("there is no \(end ?? "")") }
        break
      }
      if let end, rest(startsWith: end) {
        place += end.count
        break
      }
      if end == nil, letters[place] == "}" { throw syntaxError("a brace that nothing opens") }
      items += try scripted()
    }
    return "<mrow>\(items)</mrow>"
  }

  /// An item with its superscript and subscript.
  private mutating func scripted() throws(LabError) -> String {
    let start = place
    let base = try item()
    var (above, below): (String?, String?) = (nil, nil)
    while true {
      skipSpace()
      guard place < letters.count else { break }
      if letters[place] == "^" {
        place += 1
        above = (above ?? "") + (try item())
      } else if letters[place] == "_" {
        place += 1
        below = try item()
      } else if letters[place] == "'" {
        place += 1
        above = (above ?? "") + "<mo>′</mo>"
      } else {
        break
      }
    }
    let word = String(letters[start..<place]).dropFirst().prefix { $0.isLetter }
    let isLimited =
      letters[start] == "\\"
      && (FormulaSymbols.large[String(word)] != nil
        || FormulaSymbols.limited.contains(String(word)))
    // A little space between a function and its argument.
    let room =
      letters[start] == "\\" && FormulaSymbols.functions.contains(String(word))
      ? "<mspace width=\"0.14em\"/>" : ""
    let top = above.map { "<mrow>\($0)</mrow>" }
    switch (top, below) {
    case (nil, nil): return base + room
    case (let top?, nil): return tag(isLimited ? "mover" : "msup", base + top) + room
    case (nil, let below?): return tag(isLimited ? "munder" : "msub", base + below) + room
    case (let top?, let below?):
      return tag(isLimited ? "munderover" : "msubsup", base + below + top) + room
    }
  }

  /// One letter, number, sign, group or command.
  private mutating func item() throws(LabError) -> String {
    skipSpace()
    guard place < letters.count else { throw syntaxError("something is missing at the end") }
    let letter = letters[place]
    if letter == "\\" { return try command() }
    if letter == "{" {
      place += 1
      return try row(until: "}")
    }
    if letter.isNumber {
      var number = ""
      while place < letters.count, letters[place].isNumber || isPoint {
        number.append(letters[place])
        place += 1
      }
      return tag("mn", number)
    }
    place += 1
    if letter.isLetter { return tag("mi", String(letter)) }
    switch letter {
    case "-": return tag("mo", "−")
    case "*": return "<mo>∗</mo>"
    case "<": return tag("mo", "&lt;")
    case ">": return tag("mo", "&gt;")
    case "(", ")", "[", "]", "|": return "<mo stretchy=\"false\">\(letter)</mo>"
    case "+", "=", ",", ".", "/", ";", ":", "!": return tag("mo", String(letter))
    default: throw syntaxError("the sign `\(letter)`")
    }
  }

  /// A point between digits.
  private var isPoint: Bool {
    letters[place] == "." && place + 1 < letters.count && letters[place + 1].isNumber
  }

  private mutating func command() throws(LabError) -> String {
    let name = word()
    if let text = FormulaSymbols.letters[name] { return tag("mi", text) }
    if let text = FormulaSymbols.operators[name] { return tag("mo", text) }
    if let text = FormulaSymbols.large[name] { return "<mo movablelimits=\"false\">\(text)</mo>" }
    if FormulaSymbols.functions.contains(name) {
      return tag("mi", name == "argmin" ? "arg min" : name == "argmax" ? "arg max" : name)
    }
    if let mark = FormulaSymbols.accents[name] {
      return tag("mover accent=\"true\"", try item() + tag("mo", mark))
    }
    if let width = FormulaSymbols.spaces[name] { return "<mspace width=\"\(width)em\"/>" }
    switch name {
    case "frac": return tag("mfrac", try item() + item())
    case "sqrt": return tag("msqrt", try item())
    case "text", "mathrm": return tag(name == "text" ? "mtext" : "mi", try verbatim())
    case "mathbf": return tag("mi", HTML.bold(try verbatim()))
    case "left":
      let open = try bracket()
      let body = try row(until: "\\right")
      let close = try bracket()
      return tag("mrow", open + body + close)
    default: throw syntaxError("the command `\\\(name)`")
    }
  }

  /// A stretching bracket; a point means none.
  private mutating func bracket() throws(LabError) -> String {
    skipSpace()
    guard place < letters.count else { throw syntaxError("a bracket is missing") }
    let sign: String
    if letters[place] == "\\" {
      sign = FormulaSymbols.operators[word()] ?? "|"
    } else {
      sign = String(letters[place])
      place += 1
    }
    return sign == "." ? "" : "<mo stretchy=\"true\">\(sign)</mo>"
  }

  /// The name after a backslash: letters, or one sign.
  private mutating func word() -> String {
    place += 1
    let start = place
    while place < letters.count, letters[place].isLetter { place += 1 }
    if place == start, place < letters.count { place += 1 }
    return String(letters[start..<place])
  }

  private mutating func verbatim() throws(LabError) -> String {
    guard place < letters.count, letters[place] == "{",
      let end = letters[place...].firstIndex(of: "}")
    else { throw syntaxError("braces are missing after a name") }
    defer { place = end + 1 }
    return HTML.escape(String(letters[(place + 1)..<end]))
  }

  private mutating func skipSpace() {
    while place < letters.count, letters[place].isWhitespace { place += 1 }
  }

  private func rest(startsWith text: String) -> Bool {
    letters[place...].starts(with: text)
  }

  private func tag(_ name: String, _ body: String) -> String {
    "<\(name)>\(body)</\(name.prefix { $0 != " " })>"
  }

  private func syntaxError(_ what: String) -> LabError {
    LabError(
      .setting, "the formula `\(source)`, letter \(place): \(what)",
      remedy: "write it in the part of TeX that formulas of the report know")
  }
}
