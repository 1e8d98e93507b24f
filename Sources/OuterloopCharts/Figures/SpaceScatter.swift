internal import OuterloopText

/// Points over three axes with ticks, in classes distinguished by colour and shape, seen from above at an angle. Stems
/// to the floor may show the positions.
public struct SpaceScatter: Figure {
  /// The points of one class.
  public struct Group: Sendable, Hashable {
    /// Its name in the legend; empty keeps it out of the legend.
    public var name: String
    /// Three numbers each, in data units.
    public var points: [[Double]]
    /// Which colour; `nil` is the group's position in the figure.
    public var style: Int?
    /// Which shape; `nil` is that of the style.
    public var marker: Int?
    /// Whether points are drawn as outlines, as for points beyond the picture.
    public var isOpen: Bool
    /// Whether points have stems to the floor.
    public var hasStems: Bool
    /// The numbers of the trials that the points represent; empty if none. They are recorded in the document
    /// for interactive use.
    public var trials: [Int] = []

    /// A value of the properties of the same names.
    public init(
      _ name: String, _ points: [[Double]], style: Int? = nil, marker: Int? = nil,
      isOpen: Bool = false, hasStems: Bool = false
    ) {
      self.name = name
      self.points = points
      self.style = style
      self.marker = marker
      self.isOpen = isOpen
      self.hasStems = hasStems
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
  /// The groups of points.
  public var groups: [Group]
  /// Where the eye is.
  public var viewpoint: Viewpoint
  /// A note under the picture.
  public var remark: String

  /// A value of the properties of the same names.
  public init(
    title: String = "", x: Axis, y: Axis, z: Axis, groups: [Group],
    viewpoint: Viewpoint = Viewpoint(azimuth: 35, elevation: 24), remark: String = ""
  ) {
    self.title = title
    (self.x, self.y, self.z) = (x, y, z)
    self.groups = groups
    self.viewpoint = viewpoint
    self.remark = remark
  }

  /// A point that lies in the box.
  private struct Mark {
    var place: SpacePoint
    var group: Int
    var trial: Int?
  }

  /// - Complexity: O(n log n) in the number of points.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let theme = canvas.theme
    let (marks, scales, missing) = marks()
    let whole = FigureText.draw(
      title: title,
      notes: [
        remark, FigureText.missing(missing, "point", isLog: axes.contains { $0.scale == .log }),
      ], on: &canvas)
    let legend = Legend(
      groups.enumerated().map { index, group in
        let (style, color) = (group.style ?? index, Palette.color(group.style ?? index))
        let marker = Palette.marker(group.marker ?? style)
        return LegendEntry(
          name: group.name,
          mark: group.isOpen ? .openPoint(marker, color: color) : .point(marker, fill: color))
      }, in: whole, theme: theme)
    let (area, place) = legend.split(whole)
    let box = SpaceBox(
      (x.label, y.label, z.label), scales, seenFrom: viewpoint, boxHeight: 0.8, area: area,
      theme: theme)
    box.draw(on: &canvas)
    draw(marks, box.projection, on: &canvas)
    if marks.isEmpty {
      canvas.text(
        "no points to show", at: Pixel(x: area.midX, y: area.midY), size: theme.label,
        anchor: .middle, color: Theme.soft)
    }
    legend.draw(on: &canvas, in: place)
    return canvas.document(label: title)
  }

  private var axes: [Axis] { [x, y, z] }

  /// The points that can be shown, the scales that show them, and how many cannot be.
  private func marks() -> (marks: [Mark], scales: (x: Scale, y: Scale, z: Scale), missing: Int) {
    let kinds = axes.map(\.scale)
    let canShow = { (point: [Double]) in
      point.count == 3 && zip(point, kinds).allSatisfy { Scale.canShow($0, $1) }
    }
    let shown = groups.flatMap(\.points).filter(canShow)
    func scale(_ place: Int) -> Scale {
      Scale(showing: shown.map { $0[place] }, kind: kinds[place], range: axes[place].range)
    }
    let scales = (x: scale(0), y: scale(1), z: scale(2))
    var marks: [Mark] = []
    for (index, group) in groups.enumerated() {
      for (number, point) in group.points.enumerated() where canShow(point) {
        let inBox = { (value: Double, scale: Scale) in
          max(0, min(1, scale.fraction(value))) - 0.5
        }
        let place = SpacePoint(
          x: inBox(point[0], scales.x), y: inBox(point[1], scales.y), z: inBox(point[2], scales.z))
        marks.append(
          Mark(
            place: place, group: index,
            trial: number < group.trials.count ? group.trials[number] : nil))
      }
    }
    return (marks, scales, groups.reduce(0) { $0 + $1.points.count } - marks.count)
  }

  /// Nearer points over farther ones; a point's stem is as near as the point.
  private func draw(_ marks: [Mark], _ view: Projection, on canvas: inout Canvas) {
    let theme = canvas.theme
    let isMany = marks.count > 300
    let radius = theme.line * (marks.count > 2000 ? 1.1 : isMany ? 1.5 : 2.1)
    let opacity = marks.count > 2000 ? 0.45 : isMany ? 0.65 : 0.85
    let order = marks.indices.sorted { one, other in
      let (a, b) = (marks[one].place, marks[other].place)
      return (view.depth(b.x, b.y), one) < (view.depth(a.x, a.y), other)
    }
    for index in order {
      let mark = marks[index]
      let group = groups[mark.group]
      let style = group.style ?? mark.group
      let marker = Palette.marker(group.marker ?? style)
      let (pixel, color) = (view.pixel(mark.place), Palette.color(style))
      if group.hasStems {
        let foot = view.pixel(SpacePoint(x: mark.place.x, y: mark.place.y, z: -0.5))
        canvas.line(foot, pixel, Stroke(color: color, width: isMany ? 0.4 : 0.8))
      }
      canvas.trial = mark.trial
      if group.isOpen {
        marker.drawOpen(on: &canvas, at: pixel, radius: max(radius, 2), color: color)
      } else {
        marker.draw(
          on: &canvas, at: pixel, radius: radius, fill: color, opacity: opacity,
          outline: isMany ? nil : Stroke(color: "#ffffff", width: 0.7))
      }
      canvas.trial = nil
    }
  }
}
