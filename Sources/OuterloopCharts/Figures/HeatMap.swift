internal import OuterloopText

/// A table of numbers as colours, with a colour bar: losses over two hyperparameters, Hessians.
public struct HeatMap: Figure {
  /// Stands above the figure; empty for none.
  public var title: String
  /// What the columns are; may be empty.
  public var x: String
  /// What the rows are; may be empty.
  public var y: String
  /// The names of the columns, left to right; may be fewer than there are columns.
  public var columns: [String]
  /// The names of the rows, top to bottom; may be fewer than there are rows.
  public var rows: [String]
  /// `values[row][column]`, top row first; what is not a number is a grey, crossed cell.
  public var values: [[Double]]
  /// What the colours mean: label, linear or logarithmic, and limits if fixed.
  public var color: Axis
  /// From values to colours.
  public var map: ColorMap
  /// Whether each cell shows its number, where there is room.
  public var showsValues: Bool

  /// A value of the properties of the same names.
  public init(
    title: String = "", x: String = "", y: String = "", columns: [String] = [], rows: [String] = [],
    values: [[Double]], color: Axis = "", map: ColorMap = .sequential, showsValues: Bool = false
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.columns = columns
    self.rows = rows
    self.values = values
    self.color = color
    self.map = map
    self.showsValues = showsValues
  }

  /// - Complexity: O(n) in the number of cells; neighbours of one colour in a row share an element.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let (rowCount, columnCount) = (values.count, values.map(\.count).max() ?? 0)
    let all = values.lazy.joined().filter { Scale.canShow($0, color.scale) }
    let bar = ColorBar(
      color.label,
      scale: ColorBar.scale(for: all, kind: color.scale, range: color.range, map: map), map: map,
      height: canvas.box.height * 0.7, theme: canvas.theme)
    let missing = values.map(\.count).reduce(0, +) - all.count
    let side = { (label: String, names: [String], count: Int) in
      let padded =
        names.isEmpty ? [] : (0..<count).map { $0 < names.count ? names[$0] : "" }
      return PlotRequest.Side(
        label: label,
        scale: Scale(showing: [], kind: .linear, range: -0.5...Double(max(1, count)) - 0.5),
        categories: padded)
    }
    var vertical = side(y, rows, rowCount)
    vertical.isReversed = true
    let frame = PlotFrame(
      PlotRequest(
        title: title, x: side(x, columns, columnCount), y: vertical,
        notes: [FigureText.missing(missing, "cell", isLog: color.scale == .log)],
        reserve: bar.width, hasGrid: false),
      on: &canvas)
    bar.draw(on: &canvas, rightOf: frame.plot)
    canvas.clipped(to: frame.plot) { canvas in
      for row in 0..<rowCount { drawRow(row, bar: bar, on: &canvas, frame: frame) }
      if showsValues { drawValues(bar: bar, on: &canvas, frame: frame) }
    }
    canvas.rect(frame.plot, fill: "none", stroke: Stroke(color: Theme.frame))
    if all.isEmpty { frame.drawEmpty("no values to show", on: &canvas) }
    return canvas.document(label: title)
  }

  private func cell(_ row: Int, _ columns: Range<Int>, frame: PlotFrame) -> Box {
    let left = frame.x(Double(columns.lowerBound) - 0.5)
    let top = frame.y(Double(row) - 0.5)
    return Box(
      x: left, y: top, width: frame.x(Double(columns.upperBound) - 0.5) - left,
      height: frame.y(Double(row) + 0.5) - top)
  }

  private func drawRow(_ row: Int, bar: ColorBar, on canvas: inout Canvas, frame: PlotFrame) {
    let line = values[row]
    var start = 0
    while start < line.count {
      let isEmpty = !Scale.canShow(line[start], color.scale)
      let fill = isEmpty ? "#dddddd" : bar.color(line[start]).hex
      var end = start + 1
      while !isEmpty, end < line.count, Scale.canShow(line[end], color.scale),
        bar.color(line[end]).hex == fill
      {
        end += 1
      }
      let box = cell(row, start..<end, frame: frame)
      canvas.rect(box, fill: fill, isCrisp: true)
      if isEmpty {
        let cross = Stroke(color: "#aaaaaa")
        canvas.line(Pixel(x: box.x, y: box.y), Pixel(x: box.maxX, y: box.maxY), cross)
        canvas.line(Pixel(x: box.x, y: box.maxY), Pixel(x: box.maxX, y: box.y), cross)
      }
      start = end
    }
  }

  private func drawValues(bar: ColorBar, on canvas: inout Canvas, frame: PlotFrame) {
    let size = canvas.theme.note
    for (row, line) in values.enumerated() {
      for (column, value) in line.enumerated() where Scale.canShow(value, color.scale) {
        let box = cell(row, column..<column + 1, frame: frame)
        let text = NumberText.significant(value, digits: 3)
        guard box.height > size * 1.2, TextWidth.of(text, size: size) < box.width - 2 else {
          continue
        }
        let ink = bar.color(value).lightness > 0.52 ? "#000000" : "#ffffff"
        canvas.text(
          text, at: Pixel(x: box.midX, y: box.midY + size * 0.35), size: size, anchor: .middle,
          color: ink)
      }
    }
  }
}
