/// The paths over a surface: drawn after it, with a white rim, solid where visible and dashed where the
/// surface hides them.
struct SurfacePaths: Sendable {
  /// A name beside the end of a path.
  struct Label: Sendable {
    var text: String
    var place: Pixel
    var anchor: Canvas.Anchor
    var color: String
  }

  private let paths: [Surface.Path]
  /// Each path in steps shorter than a cell, and its own points; in box coordinates.
  private let routes: [[SpacePoint]]
  private let points: [[SpacePoint]]

  init(_ figure: Surface, mesh: SurfaceMesh) {
    paths = figure.paths
    routes = figure.paths.map { mesh.route($0.points) }
    points = figure.paths.map { mesh.places($0.points) }
  }

  private func color(_ index: Int) -> String { Palette.color(paths[index].style ?? index) }

  /// Names beside the ends of the paths, or nil if they do not all fit.
  func labels(_ view: Projection, in area: Box, theme: Theme) -> [Label]? {
    let ends = routes.map { $0.last.map(view.pixel) }
    // No name may cover the end of another path.
    let size = theme.tick
    let dots = ends.compactMap { end in
      end.map {
        Box(x: $0.x - size * 0.4, y: $0.y - size * 0.4, width: size * 0.8, height: size * 0.8)
      }
    }
    var taken: [Box] = []
    var labels: [Label] = []
    for (index, path) in paths.enumerated() where !path.name.isEmpty {
      guard let end = ends[index] else { continue }
      let width = TextWidth.of(path.name, size: size, bold: true)
      let gap = size * 0.7
      let places: [(Canvas.Anchor, Pixel)] = [
        (.start, Pixel(x: end.x + gap, y: end.y + size * 0.35)),
        (.end, Pixel(x: end.x - gap, y: end.y + size * 0.35)),
        (.start, Pixel(x: end.x + gap * 0.6, y: end.y - gap)),
        (.start, Pixel(x: end.x + gap * 0.6, y: end.y + gap + size * 0.7)),
      ]
      let choice = places.lazy.map { anchor, place in
        let left = anchor == .start ? place.x : place.x - width
        let box = Box(x: left, y: place.y - size * 0.85, width: width, height: size * 1.1)
        return (Label(text: path.name, place: place, anchor: anchor, color: color(index)), box)
      }.first { _, box in
        box.x >= area.x && box.maxX <= area.maxX && !(taken + dots).contains { $0.touches(box) }
      }
      guard let (label, box) = choice else { return nil }
      labels.append(label)
      taken.append(box)
    }
    return labels
  }

  func legend(_ theme: Theme) -> [LegendEntry] {
    paths.indices.map {
      LegendEntry(
        name: paths[$0].name,
        mark: .line(Stroke(color: color($0), width: theme.line * 1.2), .circle))
    }
  }

  func draw(
    _ mesh: SurfaceMesh, _ view: Projection, labels: [Label], on canvas: inout Canvas
  ) {
    let width = canvas.theme.line
    for (index, route) in routes.enumerated() {
      let color = color(index)
      let isHidden = route.map { mesh.hides($0, view) }
      let pixels = route.map(view.pixel)
      canvas.polyline(pixels, Stroke(color: "#ffffff", width: width * 2.2, opacity: 0.85))
      for (start, end) in Self.stretches(isHidden) {
        // A run continues to the first point of the next one, so that no gap is left.
        canvas.polyline(
          Array(pixels[start...min(end + 1, pixels.count - 1)]),
          Stroke(color: color, width: width * 1.2, dash: isHidden[start] ? "4 3" : ""))
      }
      let marks = points[index].map(view.pixel)
      if marks.count <= 60 {
        for mark in marks.dropFirst().dropLast() {
          canvas.circle(mark, radius: width * 0.95, fill: color)
        }
      }
    }
    for (index, route) in routes.enumerated() {
      drawEnds(route.map(view.pixel), color(index), on: &canvas)
    }
    for label in labels {
      canvas.text(
        label.text, at: label.place, size: canvas.theme.tick, anchor: label.anchor,
        color: label.color, bold: true, halo: true)
    }
  }

  /// The first and last index of each run of equal values.
  private static func stretches(_ values: [Bool]) -> [(Int, Int)] {
    var result: [(Int, Int)] = []
    for (place, value) in values.enumerated() {
      if let last = result.last, values[last.0] == value {
        result[result.count - 1].1 = place
      } else {
        result.append((place, place))
      }
    }
    return result
  }

  private func drawEnds(_ points: [Pixel], _ color: String, on canvas: inout Canvas) {
    let width = canvas.theme.line
    if let first = points.first {
      canvas.circle(
        first, radius: width * 2, fill: "#ffffff", stroke: Stroke(color: color, width: width))
    }
    if points.count > 1, let last = points.last {
      canvas.circle(
        last, radius: width * 2.2, fill: color, stroke: Stroke(color: "#ffffff", width: 1))
    }
  }
}
