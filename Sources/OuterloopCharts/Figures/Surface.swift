/// A surface z(x, y) seen from above at an angle, and paths over it: a loss over weights or
/// hyperparameters, and the trajectories of optimizers. No path is hidden by the surface.
public struct Surface: Figure {
  /// A point of the path, in data units.
  public struct Point: Sendable, Hashable {
    /// The place along the x axis.
    public var x: Double
    /// The place along the y axis.
    public var y: Double
    /// `nil` puts the point on the surface, by bilinear interpolation.
    public var z: Double?

    /// A value of the properties of the same names.
    public init(x: Double, y: Double, z: Double? = nil) {
      self.x = x
      self.y = y
      self.z = z
    }
  }

  /// A path over the surface, from a ring to a dot.
  public struct Path: Sendable, Hashable {
    /// Written at its end where there is room for the names of all paths, otherwise in a legend.
    public var name: String
    /// The points, in order.
    public var points: [Point]
    /// Which colour; `nil` is the path's position in the figure.
    public var style: Int?

    /// A value of the properties of the same names.
    public init(_ name: String, _ points: [Point], style: Int? = nil) {
      self.name = name
      self.points = points
      self.style = style
    }
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// The third axis.
  public var z: Axis
  /// Where the grid lines of the surface are on the x axis, ascending or descending.
  public var xs: [Double]
  /// Where the grid lines of the surface are on the y axis, ascending or descending.
  public var ys: [Double]
  /// `values[i][j]` is the height at (`xs[i]`, `ys[j]`); cells with a corner that is NaN or outside
  /// the limits of `z` are holes.
  public var values: [[Double]]
  /// Drawn over the surface; what is behind it shows as dashes.
  public var paths: [Path]
  /// The viewpoint, in degrees: azimuth, and elevation (5...85).
  public var azimuth: Double
  /// How high the eye is above the ground, in degrees.
  public var elevation: Double

  /// - Parameter path: the points of a path without a name, before all others.
  public init(
    title: String = "", x: Axis, y: Axis, z: Axis, xs: [Double], ys: [Double], values: [[Double]],
    path: [Point] = [], paths: [Path] = [], azimuth: Double = 35, elevation: Double = 30
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.z = z
    self.xs = xs
    self.ys = ys
    self.values = values
    // Vermilion, which no shade of the surface is near to.
    self.paths = (path.isEmpty ? [] : [Path("", path, style: 6)]) + paths
    self.azimuth = azimuth
    self.elevation = elevation
  }

  /// - Complexity: O(n) in the number of grid points; at most 80 cells a side are drawn.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let mesh = SurfaceMesh(self)
    var area = FigureText.draw(
      title: title,
      notes: [
        FigureText.missing(
          mesh.missing, "point",
          isLog: x.scale == .log || y.scale == .log || z.scale == .log)
      ], on: &canvas)
    let routes = SurfacePaths(self, mesh: mesh)
    var box = box(mesh, in: area, canvas.theme)
    var labels = routes.labels(box.projection, in: area, theme: canvas.theme)
    let legend = Legend(
      labels == nil ? routes.legend(canvas.theme) : [], in: area, theme: canvas.theme)
    let (picture, place) = legend.split(area)
    if labels == nil {
      labels = []
      area = picture
      box = self.box(mesh, in: area, canvas.theme)
    }
    box.draw(on: &canvas)
    guard mesh.hasCells else {
      canvas.text(
        "no surface to show", at: Pixel(x: area.midX, y: area.midY), size: canvas.theme.label,
        anchor: .middle, color: Theme.soft)
      return canvas.document(label: title)
    }
    drawCells(mesh, box: box, on: &canvas)
    routes.draw(mesh, box.projection, labels: labels ?? [], on: &canvas)
    legend.draw(on: &canvas, in: place)
    return canvas.document(label: title)
  }

  private func box(_ mesh: SurfaceMesh, in area: Box, _ theme: Theme) -> SpaceBox {
    SpaceBox(
      (x.label, y.label, z.label), mesh.scales,
      seenFrom: Viewpoint(azimuth: azimuth, elevation: elevation), area: area, theme: theme)
  }

  /// Draws cells from far to near: a height field seen from above never hides a nearer cell behind a
  /// farther one. Under paths the surface is paler, so that their colours stand out.
  private func drawCells(_ mesh: SurfaceMesh, box: SpaceBox, on canvas: inout Canvas) {
    let near = box.projection.nearSide
    let white = RGB(0xffffff)
    let (countX, countY) = (mesh.columns.count - 1, mesh.rows.count - 1)
    for stepX in 0..<countX {
      let i = near.x < 0 ? countX - 1 - stepX : stepX
      for stepY in 0..<countY {
        let j = near.y < 0 ? countY - 1 - stepY : stepY
        guard let corners = mesh.corners(i, j) else { continue }
        let middle = corners.map(\.z).reduce(0, +) / 4 + 0.5
        var fill = ColorMap.sequential.color(middle)
        if !paths.isEmpty { fill = fill.mixed(with: white, share: 0.55) }
        fill = fill.scaled(by: mesh.light(corners))
        let edge = fill.lightness > 0.35 ? "#000000" : "#ffffff"
        canvas.polygon(
          corners.map(box.projection.pixel), fill: fill.hex,
          stroke: Stroke(color: edge, width: 0.4, opacity: 0.25))
      }
    }
  }
}
