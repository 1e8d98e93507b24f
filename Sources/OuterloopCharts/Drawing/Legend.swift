/// The symbol of a series in the legend.
enum LegendMark: Sendable {
  case line(Stroke, Marker?)
  case block(fill: String, opacity: Double, Stroke)
  case point(Marker, fill: String)
  /// Only its outline.
  case openPoint(Marker, color: String)
}

struct LegendEntry: Sendable {
  var name: String
  var mark: LegendMark
}

/// The legend, always outside the data: rows under the plot where few rows are enough, otherwise a
/// column at the right. Names that are too long are cut; entries that do not fit are counted.
struct Legend: Sendable {
  enum Place: Sendable { case none, below, right }

  let place: Place
  /// The space it takes: height below, width at the right; in pixels.
  let extent: Double
  private let rows: [[LegendEntry]]
  private let column: Double
  private let size: Double
  private var swatch: Double { size * 2.3 }
  private var lineHeight: Double { size * 1.5 }

  /// Plans a legend for a picture of this size; entries without a name are left out.
  init(_ entries: [LegendEntry], in box: Box, theme: Theme) {
    let named = entries.filter { !$0.name.isEmpty }
    size = theme.tick
    let (swatch, lineHeight) = (size * 2.3, size * 1.5)
    guard !named.isEmpty else {
      (place, extent, rows, column) = (.none, 0, [], 0)
      return
    }
    let available = box.width - size * 2
    let widths = named.map {
      min(available, swatch + TextWidth.of($0.name, size: theme.tick) + theme.tick * 1.6)
    }
    var flow: [[LegendEntry]] = [[]]
    var used = 0.0
    for (entry, width) in zip(named, widths) {
      if used + width > available, used > 0 {
        flow.append([])
        used = 0
      }
      flow[flow.count - 1].append(entry)
      used += width
    }
    let most = max(1, min(4, Int(box.height / 125)))
    if flow.count <= most {
      place = .below
      extent = Double(flow.count) * lineHeight + size * 0.7
      rows = flow
      column = available
      return
    }
    let wide = (widths.max() ?? 0) + size * 0.4
    column = min(wide, box.width * 0.36)
    place = .right
    extent = column + size
    let fits = max(1, Int((box.height - theme.title * 3) / lineHeight))
    var shown = named.map { [$0] }
    if shown.count > fits {
      let hidden = shown.count - (fits - 1)
      shown = Array(shown.prefix(fits - 1))
      shown.append([
        LegendEntry(
          name: "and \(hidden) more",
          mark: .line(Stroke(color: Theme.ink, width: 0.1, opacity: 0), nil))
      ])
    }
    rows = shown
  }

  /// Splits an area into one for the picture and one for the legend beside or below it.
  func split(_ area: Box) -> (picture: Box, place: Box) {
    if place == .right {
      let picture = area.inset(right: extent)
      return (picture, Box(x: picture.maxX, y: area.y, width: extent, height: area.height))
    }
    let picture = area.inset(bottom: extent)
    return (picture, Box(x: area.x, y: picture.maxY, width: area.width, height: extent))
  }

  /// Draws the legend into the space it requires.
  func draw(on canvas: inout Canvas, in box: Box) {
    for (index, row) in rows.enumerated() {
      let y = box.y + size * (place == .below ? 0.6 : 0) + (Double(index) + 0.5) * lineHeight
      let widths = row.map {
        min(column, swatch + TextWidth.of($0.name, size: size) + size * 1.6)
      }
      let total = widths.reduce(0, +) - size * 1.2
      var x = place == .below ? max(box.x, box.midX - total / 2) : box.x + size
      for (entry, width) in zip(row, widths) {
        draw(entry.mark, on: &canvas, at: Pixel(x: x, y: y))
        let room = width - swatch - size * (place == .below ? 0.6 : 0.2)
        canvas.text(
          TextWidth.fit(entry.name, into: room, size: size),
          at: Pixel(x: x + swatch, y: y + size * 0.35), size: size)
        x += width
      }
    }
  }

  private func draw(_ mark: LegendMark, on canvas: inout Canvas, at left: Pixel) {
    let length = size * 1.9
    let center = Pixel(x: left.x + length / 2, y: left.y)
    switch mark {
    case .line(let stroke, let marker):
      canvas.line(left, Pixel(x: left.x + length, y: left.y), stroke)
      marker?.draw(on: &canvas, at: center, radius: size * 0.3, fill: stroke.color)
    case .block(let fill, let opacity, let stroke):
      canvas.rect(
        Box(
          x: left.x + size * 0.2, y: left.y - size * 0.4, width: length - size * 0.4,
          height: size * 0.8),
        fill: fill, stroke: stroke, opacity: opacity)
    case .point(let marker, let fill):
      marker.draw(on: &canvas, at: center, radius: size * 0.36, fill: fill)
    case .openPoint(let marker, let color):
      marker.drawOpen(on: &canvas, at: center, radius: size * 0.36, color: color)
    }
  }
}
