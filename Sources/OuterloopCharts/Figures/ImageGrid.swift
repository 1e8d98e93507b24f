/// Small grey images in a grid, a caption under each: examples, their labels, their weights.
public struct ImageGrid: Figure {
  /// An image and its caption.
  public struct Cell: Sendable, Hashable {
    /// The image.
    public var image: GreyImage
    /// One line, such as `7 -> 3  w=0.00`; what does not fit is cut.
    public var caption: String
    /// Whether a coloured frame highlights it.
    public var isMarked: Bool

    /// A value of the properties of the same names.
    public init(_ image: GreyImage, caption: String = "", isMarked: Bool = false) {
      self.image = image
      self.caption = caption
      self.isMarked = isMarked
    }
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// The images, row by row.
  public var cells: [Cell]
  /// How many images are in a row; `nil` makes the images as large as possible.
  public var columns: Int?

  /// A value of the properties of the same names.
  public init(title: String = "", cells: [Cell], columns: Int? = nil) {
    self.title = title
    self.cells = cells
    self.columns = columns
  }

  /// - Complexity: O(p) in the number of pixels shown. Images that would be smaller than about 20
  ///   pixels are left out, and a note counts them.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let theme = canvas.theme
    // Once to find out whether all fit; if not, once more with a line for the note that says so.
    var probe = canvas
    let free = FigureText.draw(title: title, notes: [], on: &probe)
    var layout = Layout(cells, columns: columns, in: free, theme: theme)
    if layout.shown < cells.count {
      let smaller = free.inset(bottom: theme.note * 1.35)
      layout = Layout(cells, columns: columns, in: smaller, theme: theme)
    }
    let hidden = cells.count - layout.shown
    let note = hidden > 0 ? "the first \(layout.shown) of \(cells.count) images" : ""
    let area = FigureText.draw(title: title, notes: [note], on: &canvas)
    guard !cells.isEmpty else {
      canvas.text(
        "no images to show", at: Pixel(x: area.midX, y: area.midY), size: theme.label,
        anchor: .middle, color: Theme.soft)
      return canvas.document(label: title)
    }
    for (index, cell) in cells.prefix(layout.shown).enumerated() {
      draw(cell, at: index, layout: layout, area: area, on: &canvas)
    }
    return canvas.document(label: title)
  }

  private func draw(
    _ cell: Cell, at index: Int, layout: Layout, area: Box, on canvas: inout Canvas
  ) {
    let slot = layout.slot(index, in: area)
    let side = layout.side
    let (wide, high) = (Double(max(1, cell.image.width)), Double(max(1, cell.image.height)))
    let unit = side / max(wide, high)
    let box = Box(
      x: slot.midX - wide * unit / 2, y: slot.y + (side - high * unit) / 2, width: wide * unit,
      height: high * unit)
    if cell.image.pixels.isEmpty {
      canvas.rect(box, fill: Theme.faintGrid)
      canvas.line(
        Pixel(x: box.x, y: box.y), Pixel(x: box.maxX, y: box.maxY), Stroke(color: Theme.frame))
    } else {
      let image = cell.image
      canvas.image(
        png: PNG.grey(width: image.width, height: image.height, pixels: image.pixels), in: box,
        label: cell.caption)
    }
    if cell.isMarked {
      let stroke = Stroke(color: "#d55e00", width: max(2, min(4, side / 20)))
      canvas.rect(box, fill: "none", stroke: stroke)
    } else {
      canvas.rect(box, fill: "none", stroke: Stroke(color: Theme.frame, width: 0.7))
    }
    canvas.text(
      TextWidth.fit(
        cell.caption, into: slot.width - layout.captionSize * 0.8, size: layout.captionSize),
      at: Pixel(x: slot.midX, y: slot.y + side + layout.captionSize * 1.25),
      size: layout.captionSize, anchor: .middle)
  }
}

/// How the cells are spread over the space: the number of columns that gives the largest images.
private struct Layout {
  /// The sides of an image, in pixels.
  private(set) var side = 1.0
  /// The font size of captions, 0.8 to 1 of the usual one.
  private(set) var captionSize: Double
  /// How many cells there is room for.
  private(set) var shown = 0
  private var columns = 1
  private var gap: Double
  private var captionHeight: Double

  init(_ cells: [ImageGrid.Cell], columns wanted: Int?, in area: Box, theme: Theme) {
    gap = theme.tick * 0.7
    captionSize = theme.note
    captionHeight = cells.contains { !$0.caption.isEmpty } ? theme.note * 1.6 : 0
    let smallest = 20.0
    let most = max(1, Int((area.width + gap) / (smallest + gap)))
    let fitting = min(cells.count, most * max(1, Int((area.height + gap) / cellHeight(smallest))))
    let candidates = wanted.map { [max(1, min($0, most))] } ?? Array(1...max(1, min(most, fitting)))
    let widest =
      cells.prefix(500).map { TextWidth.of($0.caption, size: theme.note) }.max() ?? 0
    var best = 0.0
    for count in candidates {
      let rows = (max(1, fitting) + count - 1) / count
      let across = (area.width + gap) / Double(count) - gap
      let down = (area.height + gap) / Double(rows) - gap - captionHeight
      let candidate = max(smallest, min(across, down))
      // Larger images are no improvement if their captions must be cut.
      let room = area.width / Double(count) - theme.note * 0.8
      let score = candidate * (widest * 0.82 <= room ? 1 : 0.6)
      if score > best || wanted != nil { (best, side, columns) = (score, candidate, count) }
    }
    let rows = max(1, Int((area.height + gap + 0.01) / cellHeight(side)))
    shown = min(cells.count, rows * columns)
    let room = area.width / Double(columns) - theme.note * 0.8
    if widest > room { captionSize *= max(0.8, room / widest) }
  }

  /// The box of a cell, caption included; the columns share the full width.
  func slot(_ index: Int, in area: Box) -> Box {
    let step = min(area.width / Double(columns), max(side + gap, side * 1.9))
    let left = area.midX - step * Double(columns) / 2
    return Box(
      x: left + Double(index % columns) * step,
      y: area.y + Double(index / columns) * cellHeight(side), width: step,
      height: side + captionHeight)
  }

  private func cellHeight(_ side: Double) -> Double { side + captionHeight + gap }
}
