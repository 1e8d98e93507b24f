// Names can stand in formulas, in `{placeholders}`, before an `=` and in tables.
extension ParameterDeclaration {
  private static let placeholders = ["trial", "from", "to", "checkpoint", "seed"]

  func checkName() throws {
    guard !Self.placeholders.contains(name) else {
      throw SpaceError(
        "the name `\(name)` is reserved for a placeholder",
        "choose a name other than \(Self.placeholders.joined(separator: ", "))")
    }
    guard Self.isName(name) else {
      throw SpaceError(
        "`\(name.prefix(200))` cannot be a parameter's name",
        "use letters, digits and signs such as `_`, `-`, `.`, `:` and `/`, and no keyword")
    }
  }

  /// The legal name closest to `name` that is not in `taken`: `name` itself if a parameter may be
  /// called that, else `lr_log` for `lr (log)`, and `lr_log_2` where that is taken.
  package static func legalName(_ name: String, avoiding taken: Set<String>) -> String {
    if isLegal(name), !taken.contains(name) { return name }
    var plain = ""
    var isCut = false
    for scalar in name.unicodeScalars {
      guard mayStandInName(scalar) else {
        isCut = true
        continue
      }
      if isCut, !plain.isEmpty, !plain.hasSuffix("_"), scalar != "_" { plain += "_" }
      plain.unicodeScalars.append(scalar)
      isCut = false
    }
    // The underscore counts as a letter, and no keyword contains it.
    plain = String(plain.prefix(180))
    if !isLegal(plain) { plain += "_" }
    guard taken.contains(plain) else { return plain }
    var number = 2
    while taken.contains("\(plain)_\(number)") { number += 1 }
    return "\(plain)_\(number)"
  }

  private static func isLegal(_ name: String) -> Bool {
    isName(name) && !placeholders.contains(name)
  }

  private static func isName(_ name: String) -> Bool {
    name.unicodeScalars.contains { $0.properties.isAlphabetic || $0 == "_" }
      && !ExpressionToken.keywords.contains(name) && name.count <= 200
      && name.unicodeScalars.allSatisfy(mayStandInName)
  }

  private static func mayStandInName(_ c: Unicode.Scalar) -> Bool {
    switch c.properties.generalCategory {
    case .control, .format, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator,
      .spaceSeparator:
      false
    default: !"'\"`\\={}()[],".unicodeScalars.contains(c)
    }
  }
}
