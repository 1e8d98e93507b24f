/// A horizontal line across a chart that marks a known value, such as `oracle 90.5`.
public struct ReferenceLine: Sendable, Hashable {
  /// Its position on the vertical axis, in data units.
  public var value: Double
  /// Written at the right end of the line, outside the plot.
  public var label: String

  /// A line at `value`.
  public init(_ value: Double, _ label: String) {
    self.value = value
    self.label = label
  }
}

/// The labels of reference lines, in the right margin, moved apart where they would touch.
struct ReferenceLabels: Sendable {
  /// The space they take at the right of the plot, in pixels.
  let width: Double
  private let lines: [ReferenceLine]
  private let size: Double

  init(_ lines: [ReferenceLine], room: Double, theme: Theme) {
    self.lines = lines
    size = theme.tick
    let widest = lines.map { TextWidth.of($0.label, size: theme.tick) }.max() ?? 0
    width = widest == 0 ? 0 : min(room, widest + theme.tick * 1.3)
  }

  static func stroke(_ index: Int, theme: Theme) -> Stroke {
    Stroke(
      color: "#444444", width: theme.line * 0.7, dash: index % 2 == 0 ? "6 4" : "2 3")
  }

  /// Draws the labels of the lines that are within the plot.
  func draw(on canvas: inout Canvas, frame: PlotFrame) {
    let plot = frame.plot
    let gap = size * 1.2
    var labels = lines.map { (row: frame.y($0.value), text: $0.label) }
      .filter { $0.row >= plot.y - 0.5 && $0.row <= plot.maxY + 0.5 && !$0.text.isEmpty }
      .enumerated().sorted { ($0.element.row, $0.offset) < ($1.element.row, $1.offset) }
      .map(\.element)
    labels = Array(labels.prefix(max(1, Int(plot.height / gap))))
    // Down from the top, then up from the bottom: afterwards all are apart and within the plot.
    var rows = labels.map(\.row)
    for index in rows.indices.dropFirst() { rows[index] = max(rows[index], rows[index - 1] + gap) }
    for index in rows.indices.reversed() {
      let limit = index == rows.count - 1 ? plot.maxY : rows[index + 1] - gap
      rows[index] = min(rows[index], limit)
    }
    for (label, row) in zip(labels, rows) {
      canvas.line(
        Pixel(x: plot.maxX, y: label.row), Pixel(x: plot.maxX + size * 0.5, y: row),
        Stroke(color: "#444444"))
      canvas.text(
        TextWidth.fit(label.text, into: width - size * 0.7, size: size),
        at: Pixel(x: plot.maxX + size * 0.7, y: row + size * 0.35), size: size)
    }
  }
}
