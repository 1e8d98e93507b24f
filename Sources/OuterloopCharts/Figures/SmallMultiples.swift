/// Several figures in one picture, in a grid with a common title.
public struct SmallMultiples: Figure {
  /// Stands above the figure; empty for none.
  public var title: String
  /// Row after row.
  public var figures: [any Figure]
  /// How many are in a row; `nil` chooses so that each is about 1.5 times as wide as high.
  public var columns: Int?
  /// What colours mean in all of them, explained by a colour bar at the right; its range has to be
  /// given, and the same to the figures.
  public var shade: Axis?
  /// A note under the picture.
  public var remark: String

  /// A value of the properties of the same names.
  public init(
    title: String = "", figures: [any Figure], columns: Int? = nil, shade: Axis? = nil,
    remark: String = ""
  ) {
    self.title = title
    self.figures = figures
    self.columns = columns
    self.shade = shade
    self.remark = remark
  }

  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    var area = FigureText.draw(title: title, notes: [remark], on: &canvas)
    guard !figures.isEmpty else {
      canvas.text(
        "no figures to show", at: Pixel(x: area.midX, y: area.midY), size: canvas.theme.label,
        anchor: .middle, color: Theme.soft)
      return canvas.document(label: title)
    }
    if let shade {
      let bar = ColorBar(
        shade.label,
        scale: Scale(showing: [], kind: shade.scale, range: shade.range, padding: 0),
        map: .sequential, height: area.height * 0.8, theme: canvas.theme)
      area = area.inset(right: min(bar.width, area.width / 2))
      bar.draw(
        on: &canvas, rightOf: area.inset(top: area.height * 0.08, bottom: area.height * 0.08))
    }
    let across = max(1, min(figures.count, columns ?? bestColumns(in: area)))
    let down = (figures.count + across - 1) / across
    let cell = (width: area.width / Double(across), height: area.height / Double(down))
    for (index, figure) in figures.enumerated() {
      let corner = Pixel(
        x: area.x + Double(index % across) * cell.width,
        y: area.y + Double(index / across) * cell.height)
      canvas.embed(figure.svg(width: cell.width, height: cell.height), at: corner)
    }
    return canvas.document(label: title)
  }

  /// The number of columns whose cells come nearest to a shape of three to two.
  private func bestColumns(in area: Box) -> Int {
    var (best, least) = (1, Double.infinity)
    for count in 1...figures.count {
      let rows = (figures.count + count - 1) / count
      let shape = area.width / Double(count) / (area.height / Double(rows)) / 1.5
      let cost = max(shape, 1 / shape) + 0.3 * Double(rows * count - figures.count) / Double(count)
      if cost < least { (best, least) = (count, cost) }
    }
    return best
  }
}
