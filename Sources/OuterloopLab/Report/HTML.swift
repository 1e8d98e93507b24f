internal import OuterloopText

/// Text as HTML.
enum HTML {
  static func escape(_ text: String) -> String {
    var result = ""
    for letter in text.visibleLines {
      switch letter {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(letter)
      }
    }
    return result
  }

  /// Latin letters as mathematical bold ones.
  static func bold(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { letter in
          let base: UInt32 = letter.properties.isUppercase ? 0x1D400 : 0x1D41A
          let first: UInt32 = letter.properties.isUppercase ? 65 : 97
          guard letter.isASCII, letter.properties.isAlphabetic else { return letter }
          return Unicode.Scalar(base + letter.value - first) ?? letter
        }))
  }

  /// Paragraphs with formulas between dollars, as in `ExperimentDescription.mathematics`.
  /// - Throws: `LabError` for a formula that cannot be read.
  static func paragraphs(_ text: String) throws(LabError) -> String {
    var result = ""
    for part in text.split(separator: "\n\n") {
      let part = String(part.drop { $0.isWhitespace })
      if part.hasPrefix("$$") {
        let formula = part.drop { $0 == "$" }.prefix { $0 != "$" }
        result +=
          "<div class=\"formula\">\(try Formula(String(formula), isBlock: true).markup)</div>\n"
      } else {
        result += "<p>\(try inline(part))</p>\n"
      }
    }
    return result
  }

  /// Text with formulas between dollars.
  /// - Throws: `LabError` for a formula that cannot be read.
  static func inline(_ text: String) throws(LabError) -> String {
    var result = ""
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    for (place, piece) in parts.enumerated() {
      result += place % 2 == 0 ? escape(String(piece)) : try Formula(String(piece)).markup
    }
    return result
  }

  /// Numbers under named columns, in a box that scrolls where it is too wide.
  static func table(_ table: ExperimentReport.Table) -> String {
    let head = ([""] + table.columns).map { "<th scope=\"col\">\(escape($0))</th>" }.joined()
    let rows = table.rows.map { row in
      "<tr><th scope=\"row\">\(escape(row.label))</th>"
        + row.values.map { "<td>\($0.map(NumberText.short) ?? "–")</td>" }.joined() + "</tr>"
    }
    return """
      <div class="scroll"><table>
      <caption>\(escape(table.title))</caption>
      <thead><tr>\(head)</tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table></div>

      """
  }

  /// A page of the report.
  static func document(title: String, root: String, body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(escape(title))</title>
    <link rel="stylesheet" href="\(root)style.css">
    </head>
    <body>
    \(body)</body>
    </html>

    """
  }
}
