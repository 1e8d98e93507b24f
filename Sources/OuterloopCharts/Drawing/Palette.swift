/// Colours, dashes and markers that tell series apart, also to colour-blind eyes and in grey.
///
/// The colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color), ordered so that
/// neighbours differ in lightness; yellow is left out because it vanishes on white. Seven colours,
/// four dashes and six markers repeat together only after 84 series.
enum Palette {
  private static let colors = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#222222", "#56b4e9", "#d55e00",
  ]
  private static let dashes = ["", "7 3", "2 2.5", "9 3 2 3"]

  static func color(_ index: Int) -> String { colors[place(index, of: colors.count)] }
  static func dash(_ index: Int) -> String { dashes[place(index, of: dashes.count)] }
  static func marker(_ index: Int) -> Marker {
    Marker.allCases[place(index, of: Marker.allCases.count)]
  }

  private static func place(_ index: Int, of count: Int) -> Int {
    let rest = index % count
    return rest < 0 ? rest + count : rest
  }
}

/// A small shape at a data point.
enum Marker: Sendable, CaseIterable {
  case circle, square, triangle, diamond, wedge, cross

  /// Draws the marker; `radius` in pixels. All shapes cover about the same area.
  func draw(
    on canvas: inout Canvas, at center: Pixel, radius r: Double, fill: String, opacity: Double = 1,
    outline: Stroke? = Stroke(color: "#ffffff", width: 0.7)
  ) {
    let points: [(Double, Double)]
    switch self {
    case .circle:
      canvas.circle(center, radius: r, fill: fill, opacity: opacity, stroke: outline)
      return
    case .square: points = [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)]
    case .triangle: points = [(0, -1.25), (1.15, 0.8), (-1.15, 0.8)]
    case .diamond: points = [(0, -1.3), (1.15, 0), (0, 1.3), (-1.15, 0)]
    case .wedge: points = [(0, 1.25), (1.15, -0.8), (-1.15, -0.8)]
    case .cross:
      let (a, b) = (0.42, 1.2)
      points = [
        (-a, -b), (a, -b), (a, -a), (b, -a), (b, a), (a, a), (a, b), (-a, b), (-a, a), (-b, a),
        (-b, -a), (-a, -a),
      ]
    }
    canvas.polygon(
      points.map { Pixel(x: center.x + $0.0 * r, y: center.y + $0.1 * r) }, fill: fill,
      opacity: opacity, stroke: outline)
  }

  /// Draws the outline of the marker alone.
  func drawOpen(on canvas: inout Canvas, at center: Pixel, radius: Double, color: String) {
    draw(
      on: &canvas, at: center, radius: radius, fill: "#ffffff",
      outline: Stroke(color: color, width: 1.4))
  }
}
