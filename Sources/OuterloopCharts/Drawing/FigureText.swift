internal import OuterloopText

/// The text around every figure: title above, notes below.
enum FigureText {
  /// Draws title and notes and returns the space between them.
  static func draw(title: String, notes: [String], on canvas: inout Canvas) -> Box {
    let theme = canvas.theme
    let side = theme.tick * 0.8
    var area = canvas.box.inset(left: side, top: side * 0.6, right: side, bottom: side * 0.6)
    let lines = TextWidth.wrap(title, into: area.width, lines: 2, size: theme.title, bold: true)
    for line in lines {
      canvas.text(
        line, at: Pixel(x: canvas.box.midX, y: area.y + theme.title * 1.05), size: theme.title,
        anchor: .middle, bold: true)
      area = area.inset(top: theme.title * 1.25)
    }
    if !lines.isEmpty { area = area.inset(top: theme.title * 0.35) }
    let text = notes.filter { !$0.isEmpty }.joined(separator: "; ")
    let remarks = TextWidth.wrap(text, into: area.width, lines: 2, size: theme.note)
    for line in remarks.reversed() {
      canvas.text(
        line, at: Pixel(x: area.x, y: area.maxY - theme.note * 0.3), size: theme.note,
        color: Theme.soft)
      area = area.inset(bottom: theme.note * 1.35)
    }
    return area
  }

  /// The note about values that cannot be shown: `3 values not shown (not positive on a log axis)`.
  static func missing(_ count: Int, _ noun: String, isLog: Bool) -> String {
    if count == 0 { return "" }
    let reason = isLog ? "not finite, or not positive on a log axis" : "not finite"
    return "\(NumberText.count(count, noun)) not shown (\(reason))"
  }
}
