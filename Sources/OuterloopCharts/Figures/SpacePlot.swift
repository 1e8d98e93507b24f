internal import OuterloopText

/// Points, lines and faces in the unit cube, seen from above at an angle: sets of structure parameters,
/// trajectories of three numbers.
public struct SpacePlot: Figure {
  /// Points of one class; nearer ones are drawn over farther ones.
  public struct Group: Sendable, Hashable {
    /// Its name in the legend; empty keeps it out of the legend.
    public var name: String
    /// Three coordinates each, in 0...1.
    public var points: [[Double]]
    /// Which colour and marker; `nil` is the group's position in the figure.
    public var style: Int?

    /// A value of the properties of the same names.
    public init(_ name: String, _ points: [[Double]], style: Int? = nil) {
      self.name = name
      self.points = points
      self.style = style
    }
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// Names of the three axes.
  public var axes: [String]
  /// The groups of points.
  public var groups: [Group]
  /// Lines through points.
  public var lines: [[[Double]]]
  /// Translucent filled polygons.
  public var faces: [[[Double]]]
  /// The viewpoint, in degrees.
  public var azimuth: Double
  /// How high the eye is above the ground, in degrees.
  public var elevation: Double

  /// A value of the properties of the same names.
  public init(
    title: String = "", axes: [String], groups: [Group], lines: [[[Double]]] = [],
    faces: [[[Double]]] = [], azimuth: Double = 30, elevation: Double = 24
  ) {
    self.title = title
    self.axes = axes
    self.groups = groups
    self.lines = lines
    self.faces = faces
    self.azimuth = azimuth
    self.elevation = elevation
  }

  /// - Complexity: O(n log n) in the number of points.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let theme = canvas.theme
    let whole = FigureText.draw(title: title, notes: [], on: &canvas)
    let legend = Legend(
      groups.enumerated().map { index, group in
        let style = group.style ?? index
        return LegendEntry(
          name: group.name, mark: .point(Palette.marker(style), fill: Palette.color(style)))
      }, in: whole, theme: theme)
    let (area, place) = legend.split(whole)
    let view = Projection(
      Viewpoint(azimuth: azimuth, elevation: elevation),
      area: area.inset(
        left: theme.tick * 2, top: theme.tick, right: theme.tick * 2, bottom: theme.tick * 2),
      boxHeight: 1)
    drawCube(view, on: &canvas)
    for face in faces where face.count > 2 {
      canvas.polygon(
        face.map { view.pixel(Self.place($0)) }, fill: Palette.color(5), opacity: 0.35,
        stroke: Stroke(color: Palette.color(0), width: theme.line * 0.6))
    }
    for line in lines {
      canvas.polyline(
        line.map { view.pixel(Self.place($0)) },
        Stroke(color: Palette.color(0), width: theme.line * 0.8))
    }
    drawPoints(view, on: &canvas)
    legend.draw(on: &canvas, in: place)
    return canvas.document(label: title)
  }

  /// From 0...1 to the box; NaN counts as 0.
  private static func place(_ point: [Double]) -> SpacePoint {
    let clean = (0..<3).map { axis in
      axis < point.count && point[axis].isFinite ? max(0, min(1, point[axis])) - 0.5 : -0.5
    }
    return SpacePoint(x: clean[0], y: clean[1], z: clean[2])
  }

  /// The edges of the cube, those at the back dashed, and the names of the axes at their far ends.
  private func drawCube(_ view: Projection, on canvas: inout Canvas) {
    let theme = canvas.theme
    let near = view.nearSide
    let hidden = SpacePoint(x: -near.x, y: -near.y, z: -0.5)
    let corners = (0..<8).map { index in
      [Double(index & 1), Double(index >> 1 & 1), Double(index >> 2)]
    }
    for (i, a) in corners.enumerated() {
      for b in corners[(i + 1)...] where zip(a, b).count(where: { $0 != $1 }) == 1 {
        let (from, to) = (Self.place(a), Self.place(b))
        let isBack = from == hidden || to == hidden
        canvas.line(
          view.pixel(from), view.pixel(to),
          Stroke(color: Theme.frame, width: 1, dash: isBack ? "3 3" : ""))
      }
    }
    // Beside the near edges of the floor, and the leftmost upright edge.
    let left = view.leftEdge
    let ends: [(SpacePoint, Pixel, Canvas.Anchor)] = [
      (SpacePoint(x: 0, y: near.y, z: -0.5), Pixel(x: 0, y: 1.5), .middle),
      (
        SpacePoint(x: near.x, y: 0, z: -0.5), Pixel(x: near.x < 0 ? -0.8 : 0.8, y: 1.2),
        near.x < 0 ? .end : .start
      ),
      (SpacePoint(x: left.x, y: left.y, z: 0), Pixel(x: -0.7, y: 0.3), .end),
    ]
    for (name, (point, shift, anchor)) in zip(axes, ends) {
      let foot = view.pixel(point)
      canvas.text(
        name, at: Pixel(x: foot.x + shift.x * theme.label, y: foot.y + shift.y * theme.label),
        size: theme.label, anchor: anchor, halo: true)
    }
  }

  private func drawPoints(_ view: Projection, on canvas: inout Canvas) {
    let all = groups.enumerated().flatMap { index, group in
      group.points.map { (place: Self.place($0), style: group.style ?? index) }
    }
    let radius = canvas.theme.line * (all.count > 60 ? 1.1 : 2.2)
    for point in all.sorted(by: {
      view.depth($0.place.x, $0.place.y) > view.depth($1.place.x, $1.place.y)
    }) {
      Palette.marker(point.style).draw(
        on: &canvas, at: view.pixel(point.place), radius: radius, fill: Palette.color(point.style))
    }
  }
}
