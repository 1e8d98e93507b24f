internal import OuterloopStudy
internal import OuterloopText

/// Widths of text, estimated without a font at hand. Control characters are as wide as what is shown
/// in their place.
///
/// The table is DejaVu Sans, wider than Helvetica, Arial and most others, so that what fits by this
/// estimate fits in whatever font the viewer has.
enum TextWidth {
  /// Advance widths of the ASCII characters from space to tilde, in hundredths of the font size.
  private static let ascii: [Double] = [
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
    60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63,
    63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
  ]

  /// The width of a line of text, in pixels.
  ///
  /// - Complexity: O(n) in the number of characters.
  static func of(_ text: String, size: Double, bold: Bool = false) -> Double {
    var hundredths = 0.0
    for character in text.visible { hundredths += width(of: character) }
    return hundredths / 100 * size * (bold ? 1.12 : 1)
  }

  /// The text, cut and ended with an ellipsis if it is wider than `limit` pixels.
  static func fit(_ text: String, into limit: Double, size: Double, bold: Bool = false) -> String {
    let text = text.visible
    if of(text, size: size, bold: bold) <= limit { return text }
    var used = of("…", size: size, bold: bold)
    var kept = ""
    for character in text {
      used += width(of: character) / 100 * size * (bold ? 1.12 : 1)
      if used > limit { break }
      kept.append(character)
    }
    while kept.last == " " { kept.removeLast() }
    return kept + "…"
  }

  /// The text broken at spaces into at most `lines` lines, the last one cut if need be.
  static func wrap(
    _ text: String, into limit: Double, lines: Int, size: Double, bold: Bool = false
  ) -> [String] {
    if text.isEmpty { return [] }
    let text = text.visible
    if of(text, size: size, bold: bold) <= limit { return [text] }
    let words = text.split(separator: " ")
    var result: [String] = []
    var next = 0
    while next < words.count, result.count < lines {
      var line = String(words[next])
      next += 1
      let isLast = result.count == lines - 1
      while next < words.count {
        let longer = line + " " + words[next]
        if !isLast, of(longer, size: size, bold: bold) > limit { break }
        line = longer
        next += 1
      }
      result.append(fit(line, into: limit, size: size, bold: bold))
    }
    return result
  }

  private static func width(of character: Character) -> Double {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.value {
    case 32...126: return ascii[Int(scalar.value) - 32]
    case 0x1100...0x11FF, 0x2E80...0x9FFF, 0xAC00...0xD7AF, 0xFF00...0xFF60, 0x1F000...: return 105
    default: return 78
    }
  }
}
