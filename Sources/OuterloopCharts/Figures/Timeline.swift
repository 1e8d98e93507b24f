internal import OuterloopText

/// What ran where and when: a row for each lane (a worker, a trial), in it a bar for each time span,
/// its colour the state it was in or ended with.
public struct Timeline: Figure {
  /// A kind of span.
  public struct State: Sendable, Hashable {
    /// Its name in the legend.
    public var name: String
    /// Which colour; `nil` is the state's position in the figure.
    public var style: Int?

    /// A value of the properties of the same names.
    public init(_ name: String, style: Int? = nil) {
      self.name = name
      self.style = style
    }
  }

  /// A time span in a lane.
  public struct Span: Sendable, Hashable {
    /// An index into the figure's lanes.
    public var lane: Int
    /// In data units.
    public var start: Double
    /// In data units; `nil` while it lasts, which is drawn up to the right edge, and paler.
    public var end: Double?
    /// An index into the figure's states.
    public var state: Int
    /// Written into the bar where it fits.
    public var label: String
    /// The trial that ran; nil: none. It is recorded in the document for interactive use.
    public var trial: Int?

    /// A value of the properties of the same names.
    public init(lane: Int, start: Double, end: Double?, state: Int, label: String = "") {
      self.lane = lane
      self.start = start
      self.end = end
      self.state = state
      self.label = label
    }
  }

  /// Stands above the figure; empty for none.
  public var title: String
  /// Time, with its unit.
  public var x: Axis
  /// What the lanes are; may be empty.
  public var y: String
  /// Names of the lanes, from top to bottom.
  public var lanes: [String]
  /// The states, which spans refer to by their places.
  public var states: [State]
  /// Later ones are drawn over earlier ones.
  public var spans: [Span]

  /// A value of the properties of the same names.
  public init(
    title: String = "", x: Axis, y: String = "", lanes: [String], states: [State], spans: [Span]
  ) {
    self.title = title
    self.x = x
    self.y = y
    self.lanes = lanes
    self.states = states
    self.spans = spans
  }

  /// - Complexity: O(n) in the number of spans and lanes; the document grows with the width, not with
  ///   the spans in a lane.
  public func svg(width: Double, height: Double) -> String {
    var canvas = Canvas(width: width, height: height)
    let shown = spans.filter(canShow)
    let times = shown.flatMap { [$0.start, $0.end ?? $0.start] }
    let used = Set(shown.map(\.state))
    let finished = Set(shown.filter { $0.end != nil }.map(\.state))
    let frame = PlotFrame(
      PlotRequest(
        title: title,
        x: .init(
          label: x.label,
          scale: Scale(showing: times, kind: x.scale, range: x.range, padding: 0.02)),
        y: .init(
          label: y,
          scale: Scale(
            showing: [], kind: .linear, range: -0.5...Double(max(1, lanes.count)) - 0.5),
          categories: lanes, isReversed: true),
        legend: states.indices.filter(used.contains).map {
          LegendEntry(
            name: states[$0].name,
            mark: .block(
              fill: color(of: $0), opacity: Timeline.opacity(isOpen: !finished.contains($0)),
              Timeline.outline))
        },
        notes: [note(spans.count - shown.count)]),
      on: &canvas)
    let boxes = shown.map { box(of: $0, frame: frame) }
    canvas.clipped(to: frame.plot) { canvas in
      for index in Timeline.visible(shown, boxes) {
        let (span, box) = (shown[index], boxes[index])
        canvas.trial = span.trial
        // Outlines of narrow bars would hide their colour.
        canvas.rect(
          box, fill: color(of: span.state),
          stroke: box.width > 3 && box.height > 4 ? Timeline.outline : nil,
          opacity: Timeline.opacity(isOpen: span.end == nil))
      }
      canvas.trial = nil
    }
    for (span, box) in zip(shown, boxes) { drawLabel(of: span, in: box, on: &canvas, frame: frame) }
    if shown.isEmpty { frame.drawEmpty("no bars to show", on: &canvas) }
    return canvas.document(label: title)
  }

  private static let outline = Stroke(color: "#333333", width: 0.6)
  private static func opacity(isOpen: Bool) -> Double { isOpen ? 0.42 : 0.85 }

  private func note(_ missing: Int) -> String {
    if missing == 0 { return "" }
    return "\(NumberText.count(missing, "bar")) not shown (no such time, lane or state)"
  }

  /// Whether a span can be shown: a valid lane and state, its ends on the axis and in order.
  private func canShow(_ span: Span) -> Bool {
    lanes.indices.contains(span.lane) && states.indices.contains(span.state)
      && Scale.canShow(span.start, x.scale)
      && (span.end.map { Scale.canShow($0, x.scale) && $0 >= span.start } ?? true)
  }

  private func color(of state: Int) -> String { Palette.color(states[state].style ?? state) }

  private func box(of span: Span, frame: PlotFrame) -> Box {
    let left = frame.x(span.start)
    let right = span.end.map(frame.x) ?? max(left, frame.plot.maxX)
    let slot = frame.plot.height / Double(max(1, lanes.count))
    let thickness = slot * (slot > 4 ? 0.76 : 1)
    // Even the shortest span is visible.
    return Box(
      x: left, y: frame.y(Double(span.lane)) - thickness / 2, width: max(0.8, right - left),
      height: thickness)
  }

  /// The spans that are not hidden by the one before them in the same lane and state: of many short
  /// ones within half a pixel, the first.
  private static func visible(_ spans: [Span], _ boxes: [Box]) -> [Int] {
    var last: [Int: Box] = [:]
    return spans.indices.filter { index in
      let (span, box) = (spans[index], boxes[index])
      // Lanes and states are small numbers: both fit into one.
      let key = span.lane << 16 | span.state
      if box.width < 2, let earlier = last[key], box.x >= earlier.x,
        box.maxX < earlier.maxX + 0.5
      {
        return false
      }
      last[key] = box
      return true
    }
  }

  private func drawLabel(of span: Span, in box: Box, on canvas: inout Canvas, frame: PlotFrame) {
    let size = canvas.theme.note
    let (left, right) = (max(box.x, frame.plot.x), min(box.maxX, frame.plot.maxX))
    guard box.height > size * 1.1, TextWidth.of(span.label, size: size) < right - left - 4 else {
      return
    }
    let fill = UInt32(color(of: span.state).dropFirst(), radix: 16).map(RGB.init) ?? RGB(0)
    let isDark = span.end != nil && fill.lightness < 0.5
    canvas.text(
      span.label, at: Pixel(x: (left + right) / 2, y: box.midY + size * 0.36), size: size,
      anchor: .middle, color: isDark ? "#ffffff" : "#000000")
  }
}
