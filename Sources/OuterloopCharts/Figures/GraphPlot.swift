internal import OuterloopText

/// A directed acyclic graph: nodes in a row from left to right, and edges as arcs above it, several between two nodes side
/// by side, as wide and as strong as their weights.
public struct GraphPlot: Figure {
  /// An edge from one node to another.
  public struct Edge: Sendable {
    /// Indices of nodes.
    public var from: Int
    /// The place of the node where the edge ends.
    public var to: Int
    /// The text in its middle.
    public var label: String
    /// From 0, a hairline, to 1; NaN counts as 0.
    public var weight: Double
    /// Colour and name in the legend: an index into `kinds`; nil: grey.
    public var kind: Int?

    /// A value of the properties of the same names.
    public init(_ from: Int, _ to: Int, label: String = "", weight: Double = 1, kind: Int? = nil) {
      self.from = from
      self.to = to
      self.label = label
      self.weight = weight
      self.kind = kind
    }
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// Their labels, from left to right.
  public var nodes: [String]
  /// An edge that leads nowhere, to itself or back is left out.
  public var edges: [Edge]
  /// Names of kinds of edges, for the legend.
  public var kinds: [String]
  /// A remark under the figure; empty for none.
  public var remark: String

  /// A value of the properties of the same names.
  public init(
    title: String = "", nodes: [String], edges: [Edge], kinds: [String] = [], remark: String = ""
  ) {
    self.title = title
    self.nodes = nodes
    self.edges = edges
    self.kinds = kinds
    self.remark = remark
  }

  /// Straight pieces of an arc.
  private static let steps = 32
  /// The width of the widest arc, as a multiple of a data line.
  private static let mostWidth = 3.0

  /// - Complexity: O(nodes + edges).
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let theme = canvas.theme
    let whole = FigureText.draw(title: title, notes: [remark], on: &canvas)
    let legend = Legend(
      kinds.enumerated().map { kind, name in
        LegendEntry(
          name: name,
          mark: .line(Stroke(color: Palette.color(kind), width: theme.line * 1.5), nil))
      }, in: whole, theme: theme)
    let (area, place) = legend.split(whole)
    let radius = theme.tick * 1.3
    let frame = area.inset(
      left: radius * 2, top: theme.tick * 2, right: radius * 2, bottom: radius * 1.4)
    let places = nodes.indices.map { node in
      Pixel(
        x: nodes.count > 1
          ? frame.x + frame.width * Double(node) / Double(nodes.count - 1) : frame.midX,
        y: frame.maxY)
    }
    var labels: [(text: String, at: Pixel)] = []
    for arc in arcs(places, frame, radius) { draw(arc, theme, &labels, on: &canvas) }
    for (text, at) in labels {
      canvas.text(text, at: at, size: theme.tick, anchor: .middle, halo: true)
    }
    for (name, at) in zip(nodes, places) {
      canvas.circle(
        at, radius: radius, fill: "#ffffff", stroke: Stroke(color: Theme.ink, width: theme.line))
      canvas.text(
        TextWidth.fit(name, into: radius * 1.8, size: theme.tick),
        at: Pixel(x: at.x, y: at.y + theme.tick * 0.35), size: theme.tick, anchor: .middle)
    }
    legend.draw(on: &canvas, in: place)
    return canvas.document(label: title)
  }

  private struct Arc {
    let edge: Edge
    let points: [Pixel]
  }

  /// Parabolas from node to node: the further apart the nodes, the higher, and those between the same two nodes at
  /// even distances; the longest ones fill the frame.
  private func arcs(_ places: [Pixel], _ frame: Box, _ radius: Double) -> [Arc] {
    let usable = edges.filter { edge in
      places.indices.contains(edge.from) && places.indices.contains(edge.to) && edge.from < edge.to
    }
    var sizes: [[Int]: Int] = [:]
    for edge in usable { sizes[[edge.from, edge.to], default: 0] += 1 }
    var drawn: [[Int]: Int] = [:]
    let longest = Double(usable.map { $0.to - $0.from }.max() ?? 1)
    return usable.map { edge in
      let pair = [edge.from, edge.to]
      let (count, index) = (Double(sizes[pair] ?? 1), Double(drawn[pair] ?? 0))
      drawn[pair, default: 0] += 1
      // Arcs of a span lie in a band of their own: between those of the next shorter one and of its own.
      let span = Double(edge.to - edge.from)
      let share = (span - 1 + (index + 1) / count * 0.85) / longest
      let (start, end) = (places[edge.from], places[edge.to])
      let height = frame.height * share
      return Arc(
        edge: edge,
        points: (0...Self.steps).map { step in
          let t = Double(step) / Double(Self.steps)
          return Pixel(
            x: start.x + (end.x - start.x) * t, y: start.y - height * 4 * t * (1 - t))
        })
    }
  }

  private func draw(
    _ arc: Arc, _ theme: Theme, _ labels: inout [(text: String, at: Pixel)],
    on canvas: inout Canvas
  ) {
    let weight = arc.edge.weight.isFinite ? max(0, min(1, arc.edge.weight)) : 0
    let color = arc.edge.kind.map(Palette.color) ?? Theme.frame
    canvas.polyline(
      arc.points,
      Stroke(
        color: color, width: theme.line * (0.3 + Self.mostWidth * weight),
        opacity: 0.3 + 0.7 * weight))
    let middle = arc.points[Self.steps / 2]
    // The direction, shown a little past the middle, where no other arc is near.
    let (from, to) = (arc.points[Self.steps * 5 / 8], arc.points[Self.steps * 5 / 8 + 1])
    let length = max(
      ((to.x - from.x) * (to.x - from.x) + (to.y - from.y) * (to.y - from.y)).squareRoot(), 1e-9)
    let (dx, dy) = ((to.x - from.x) / length, (to.y - from.y) / length)
    let size = theme.line * (1.2 + 2.4 * weight)
    canvas.polygon(
      [
        Pixel(x: from.x + dx * size * 1.5, y: from.y + dy * size * 1.5),
        Pixel(x: from.x - dy * size, y: from.y + dx * size),
        Pixel(x: from.x + dy * size, y: from.y - dx * size),
      ], fill: color, opacity: 0.3 + 0.7 * weight)
    if !arc.edge.label.isEmpty {
      labels.append(
        (arc.edge.label, Pixel(x: middle.x, y: middle.y - theme.tick * 0.5 - theme.line)))
    }
  }
}
