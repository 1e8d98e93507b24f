/// Font sizes and greys of a picture; sizes grow slowly with the canvas.
struct Theme: Sendable {
  static let ink = "#222222"
  static let soft = "#595959"
  static let frame = "#8c8c8c"
  static let grid = "#e4e4e4"
  static let faintGrid = "#f1f1f1"

  /// Font sizes in pixels.
  let title: Double
  let label: Double
  let tick: Double
  let note: Double
  /// Width of a data line in pixels.
  let line: Double

  init(width: Double, height: Double) {
    let growth = min(1.8, max(0.86, min(width / 640, height / 400).squareRoot()))
    title = 16 * growth
    label = 13.5 * growth
    tick = 12 * growth
    note = 11 * growth
    line = 2 * growth
  }
}
