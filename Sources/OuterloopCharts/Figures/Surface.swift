/// A surface z(x, y) seen from above at an angle, and a path over it: a loss over weights or
/// hyperparameters, and the way an optimizer went.
public struct Surface: Figure {
  /// A point of the path, in data units.
  public struct Point: Sendable, Hashable {
    public var x: Double
    public var y: Double
    /// `nil` puts the point on the surface, by bilinear interpolation.
    public var z: Double?

    public init(x: Double, y: Double, z: Double? = nil) {
      self.x = x
      self.y = y
      self.z = z
    }
  }

  public var title: String
  public var x: Axis
  public var y: Axis
  public var z: Axis
  /// Where the grid lines of the surface are on the x axis, rising or falling.
  public var xs: [Double]
  /// Where the grid lines of the surface are on the y axis, rising or falling.
  public var ys: [Double]
  /// `values[i][j]` is the height at (`xs[i]`, `ys[j]`); cells with a corner that is not a number,
  /// or outside the limits of `z`, are holes.
  public var values: [[Double]]
  /// The path; it starts at a ring and ends at a dot. Hidden parts show as dashes.
  public var path: [Point]
  /// Where the eye is, in degrees: turned around the vertical, and above the ground (5...85).
  public var azimuth: Double
  public var elevation: Double

  public init(
    title: String = "", x: Axis, y: Axis, z: Axis, xs: [Double], ys: [Double], values: [[Double]],
    path: [Point] = [], azimuth: Double = 35, elevation: Double = 30
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.z = z
    self.xs = xs
    self.ys = ys
    self.values = values
    self.path = path
    self.azimuth = azimuth
    self.elevation = elevation
  }

  /// - Complexity: O(n) in the number of grid points; at most 80 cells a side are drawn.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let mesh = SurfaceMesh(self)
    let area = Furniture.draw(
      title: title,
      notes: [
        Furniture.missing(
          mesh.missing, "point",
          isLog: x.scale == .log || y.scale == .log || z.scale == .log)
      ], on: &canvas)
    let box = SurfaceBox(self, mesh: mesh, area: area, theme: canvas.theme)
    box.draw(on: &canvas)
    guard mesh.hasCells else {
      canvas.text(
        "no surface to show", at: Pixel(x: area.midX, y: area.midY), size: canvas.theme.label,
        anchor: .middle, color: Theme.soft)
      return canvas.document(label: title)
    }
    drawCells(mesh, route: mesh.route(path), box: box, on: &canvas)
    return canvas.document(label: title)
  }

  /// Draws cells from far to near, and among them the pieces of the path: a height field seen from
  /// above never hides a nearer cell behind a farther one.
  private func drawCells(
    _ mesh: SurfaceMesh, route: [SpacePoint], box: SurfaceBox, on canvas: inout Canvas
  ) {
    let near = box.projection.nearSide
    let pieces = mesh.pieces(of: route, near: near)
    let (countX, countY) = (mesh.columns.count - 1, mesh.rows.count - 1)
    for stepX in 0..<countX {
      let i = near.x < 0 ? countX - 1 - stepX : stepX
      for stepY in 0..<countY {
        let j = near.y < 0 ? countY - 1 - stepY : stepY
        if let corners = mesh.corners(i, j) {
          let middle = corners.map(\.z).reduce(0, +) / 4 + 0.5
          let fill = ColorMap.sequential.color(middle).scaled(by: mesh.light(corners))
          let edge = fill.lightness > 0.35 ? "#000000" : "#ffffff"
          canvas.polygon(
            corners.map(box.projection.pixel), fill: fill.hex,
            stroke: Stroke(color: edge, width: 0.4, opacity: 0.3))
        }
        for piece in pieces[[i, j]] ?? [] { drawPath(piece, box: box, on: &canvas) }
      }
    }
    // The hidden stretches once more, over everything, as dashes.
    let hidden = route.map { mesh.hides($0, box.projection) ? box.projection.pixel($0) : nil }
    let width = canvas.theme.line
    for run in Runs.split(hidden) {
      canvas.polyline(run, Stroke(color: "#ffffff", width: width, opacity: 0.8))
      canvas.polyline(run, Stroke(color: "#d11141", width: width, dash: "4 3"))
    }
    drawEnds(route, box: box, on: &canvas)
  }

  private func drawPath(_ piece: [SpacePoint], box: SurfaceBox, on canvas: inout Canvas) {
    let width = canvas.theme.line
    let points = piece.map(box.projection.pixel)
    canvas.polyline(points, Stroke(color: "#ffffff", width: width * 2))
    canvas.polyline(points, Stroke(color: "#d11141", width: width * 1.2))
  }

  private func drawEnds(_ places: [SpacePoint], box: SurfaceBox, on canvas: inout Canvas) {
    let width = canvas.theme.line
    let points = places.map(box.projection.pixel)
    if let first = points.first {
      canvas.circle(
        first, radius: width * 2, fill: "#ffffff", stroke: Stroke(color: "#d11141", width: width))
    }
    if points.count > 1, let last = points.last {
      canvas.circle(
        last, radius: width * 2.2, fill: "#d11141", stroke: Stroke(color: "#ffffff", width: 1))
    }
  }
}
