internal import OuterloopStudy
internal import OuterloopText

/// How a line is drawn.
struct Stroke: Sendable, Hashable {
  var color: String
  /// In pixels.
  var width: Double = 1
  /// Lengths of dashes and gaps in pixels, as SVG wants them; empty is a solid line.
  var dash: String = ""
  var opacity: Double = 1
}

/// An SVG document under construction: every mark adds an element, every text is escaped.
///
/// There are no ids in it, so that documents can be put inside one another: clipping is done by
/// nested `svg` elements, colour bars are drawn as strips.
struct Canvas: Sendable {
  enum Anchor: String, Sendable { case start, middle, end }

  let box: Box
  let theme: Theme
  /// The trial that the current marks represent: kept in the document as `data-trial`, for interactive use.
  var trial: Int?
  private var body = ""

  /// An empty white canvas; the size is clamped to a sensible range.
  init(width: Double, height: Double) {
    let clean = { (value: Double, low: Double) in
      value.isFinite ? min(max(value, low), 20_000) : low
    }
    box = Box(x: 0, y: 0, width: clean(width, 120), height: clean(height, 90))
    theme = Theme(width: box.width, height: box.height)
    rect(box, fill: "#ffffff")
  }

  /// The finished document; `label` is what a screen reader says.
  func document(label: String) -> String {
    let width = NumberText.coordinate(box.width)
    let height = NumberText.coordinate(box.height)
    return """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
      viewBox="0 0 \(width) \(height)" role="img" aria-label="\(Canvas.escape(label))" \
      font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif">

      """ + body + "</svg>\n"
  }

  /// A rectangle; a crisp one ends on whole pixels, so that neighbours leave no seam.
  mutating func rect(
    _ box: Box, fill: String, stroke: Stroke? = nil, opacity: Double = 1, isCrisp: Bool = false
  ) {
    let (x, y, w, h) = (n(box.x), n(box.y), n(box.width), n(box.height))
    body += "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(w)\" height=\"\(h)\" fill=\"\(fill)\""
    if opacity < 1 { body += " fill-opacity=\"\(n(opacity))\"" }
    if isCrisp { body += " shape-rendering=\"crispEdges\"" }
    body += mark + attributes(of: stroke) + "/>\n"
  }

  /// - Parameter axis: the index of the axis that it is, kept in the document as `data-axis`; nil:
  ///   none.
  mutating func line(_ from: Pixel, _ to: Pixel, _ stroke: Stroke, axis: Int? = nil) {
    body +=
      "<line\(axis.map { " data-axis=\"\($0)\"" } ?? "") x1=\"\(n(from.x))\" y1=\"\(n(from.y))\" x2=\"\(n(to.x))\" y2=\"\(n(to.y))\""
    body += attributes(of: stroke) + "/>\n"
  }

  /// An open line through points.
  mutating func polyline(_ points: [Pixel], _ stroke: Stroke) {
    guard points.count > 1 else { return }
    body += "<polyline points=\"\(list(points))\" fill=\"none\" stroke-linejoin=\"round\""
    body += mark + attributes(of: stroke) + "/>\n"
  }

  /// A closed, filled shape.
  mutating func polygon(
    _ points: [Pixel], fill: String, opacity: Double = 1, stroke: Stroke? = nil
  ) {
    guard points.count > 2 else { return }
    body += "<polygon points=\"\(list(points))\" fill=\"\(fill)\" stroke-linejoin=\"round\""
    if opacity < 1 { body += " fill-opacity=\"\(n(opacity))\"" }
    body += mark + attributes(of: stroke) + "/>\n"
  }

  mutating func circle(
    _ center: Pixel, radius: Double, fill: String, opacity: Double = 1, stroke: Stroke? = nil
  ) {
    body +=
      "<circle cx=\"\(n(center.x))\" cy=\"\(n(center.y))\" r=\"\(n(radius))\" fill=\"\(fill)\""
    if opacity < 1 { body += " fill-opacity=\"\(n(opacity))\"" }
    body += mark + attributes(of: stroke) + "/>\n"
  }

  /// Discs as one element: lines of no length with round ends.
  /// - Parameter trials: those that the discs represent, in their order; empty: none are recorded.
  mutating func dots(
    _ centers: [Pixel], radius: Double, fill: String, opacity: Double, trials: [Int] = []
  ) {
    guard !centers.isEmpty else { return }
    body += "<path"
    if !trials.isEmpty {
      body += " data-trial=\"\(trials.map(String.init).joined(separator: " "))\""
    }
    body += " d=\""
    for center in centers {
      body += "M" + NumberText.tenths(center.x) + " " + NumberText.tenths(center.y) + "h0"
    }
    body += "\" fill=\"none\" stroke=\"\(fill)\" stroke-width=\"\(n(radius * 2))\""
    body += " stroke-linecap=\"round\" stroke-opacity=\"\(n(opacity))\"/>\n"
  }

  /// One line of text whose baseline starts, centres or ends at `at`; `turn` is in degrees. A halo is
  /// an element of its own below the text: not every viewer knows `paint-order`.
  mutating func text(
    _ string: String, at: Pixel, size: Double, anchor: Anchor = .start, color: String = Theme.ink,
    bold: Bool = false, turn: Double = 0, halo: Bool = false
  ) {
    guard !string.isEmpty else { return }
    var place = "<text x=\"\(n(at.x))\" y=\"\(n(at.y))\" font-size=\"\(n(size))\""
    var form = ""
    if anchor != .start { form += " text-anchor=\"\(anchor.rawValue)\"" }
    if bold { form += " font-weight=\"bold\"" }
    if turn != 0 { form += " transform=\"rotate(\(n(turn)) \(n(at.x)) \(n(at.y)))\"" }
    if string.contains("  ") { form += " xml:space=\"preserve\"" }
    let content = ">\(Canvas.escape(string))</text>\n"
    if halo {
      let outline =
        " stroke=\"#ffffff\" stroke-width=\"3\" stroke-linejoin=\"round\" aria-hidden=\"true\""
      body += place + " fill=\"#ffffff\"" + form + outline + content
    }
    place += " fill=\"\(color)\""
    body += place + form + content
  }

  /// A PNG picture stretched over a box, its pixels kept as sharp squares.
  mutating func image(png: [UInt8], in box: Box, label: String) {
    body += "<image x=\"\(n(box.x))\" y=\"\(n(box.y))\" width=\"\(n(box.width))\""
    body += " height=\"\(n(box.height))\" preserveAspectRatio=\"none\""
    body += " style=\"image-rendering: pixelated\" aria-label=\"\(Canvas.escape(label))\""
    body += " href=\"data:image/png;base64,\(Base64.encode(png))\"/>\n"
  }

  /// What `draw` adds is cut off outside `area`.
  mutating func clipped(to area: Box, _ draw: (inout Canvas) -> Void) {
    let (x, y, w, h) = (n(area.x), n(area.y), n(area.width), n(area.height))
    body += "<svg x=\"\(x)\" y=\"\(y)\" width=\"\(w)\" height=\"\(h)\""
    body += " viewBox=\"\(x) \(y) \(w) \(h)\" overflow=\"hidden\">\n"
    draw(&self)
    body += "</svg>\n"
  }

  /// Another complete document, its upper left corner at `at`.
  mutating func embed(_ document: String, at: Pixel) {
    body += "<g transform=\"translate(\(n(at.x)) \(n(at.y)))\">\n\(document)</g>\n"
  }

  /// Text escaped for XML: markup escaped, control characters shown as `\n` and `\u001b`, the others
  /// that XML forbids replaced.
  static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.visible.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default:
        let forbidden = scalar.value == 0xFFFE || scalar.value == 0xFFFF
        result.unicodeScalars.append(forbidden ? "\u{FFFD}" : scalar)
      }
    }
    return result
  }

  private var mark: String { trial.map { " data-trial=\"\($0)\"" } ?? "" }

  private func n(_ value: Double) -> String { NumberText.coordinate(value) }

  private func list(_ points: [Pixel]) -> String {
    var result = ""
    for point in points {
      if !result.isEmpty { result += " " }
      result += n(point.x) + "," + n(point.y)
    }
    return result
  }

  private func attributes(of stroke: Stroke?) -> String {
    guard let stroke else { return "" }
    var result = " stroke=\"\(stroke.color)\" stroke-width=\"\(n(stroke.width))\""
    if !stroke.dash.isEmpty { result += " stroke-dasharray=\"\(stroke.dash)\"" }
    if stroke.opacity < 1 { result += " stroke-opacity=\"\(n(stroke.opacity))\"" }
    return result
  }
}

// Pixels.
extension NumberText {
  /// A pixel coordinate: two decimals at most, never an exponent, `nan` or `-0`.
  static func coordinate(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    return trimmed(fixed(max(-1e6, min(1e6, value)), digits: 2))
  }

  /// A pixel coordinate in tenths, where there are too many for hundredths.
  static func tenths(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    return trimmed(fixed(max(-1e6, min(1e6, value)), digits: 1))
  }
}
