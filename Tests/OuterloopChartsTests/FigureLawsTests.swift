import OuterloopText
import Testing

@testable import OuterloopCharts

/// What every figure must do, whatever it is given.
@Suite struct FigureLawsTests {
  static let specimens = Gallery.everyday + Gallery.degenerate
  static let sizes: [(Double, Double)] = [(640, 400), (200, 130), (1600, 500)]

  @Test(arguments: specimens) func isWellFormedAndFinite(_ specimen: Specimen) throws {
    for (width, height) in Self.sizes {
      let svg = specimen.figure.svg(width: width, height: height)
      let elements = try XMLReader.elements(of: svg)
      #expect(elements[0].name == "svg")
      #expect(elements[0].attributes["width"] == NumberText.coordinate(width))
      for element in elements {
        for (name, value) in element.attributes where name != "aria-label" && name != "href" {
          let text = value.lowercased()
          #expect(!text.contains("nan") && !text.contains("inf"), "\(element.name) \(name)")
          if ["width", "height", "r", "stroke-width"].contains(name) {
            #expect((Double(value) ?? -1) >= 0, "\(element.name) \(name) \(value)")
          }
        }
      }
    }
  }

  @Test(arguments: specimens) func isDeterministic(_ specimen: Specimen) {
    #expect(specimen.figure.svg() == specimen.figure.svg())
  }

  @Test(arguments: [Double.nan, -.infinity, .infinity, -5, 0, 1e300])
  func survivesAnySize(_ size: Double) throws {
    for specimen in Gallery.everyday {
      _ = try XMLReader.elements(of: specimen.figure.svg(width: size, height: size))
    }
  }

  /// Text stays on the canvas and texts do not overlap. Documents inside documents are left out.
  @Test(arguments: Gallery.everyday + Gallery.degenerate.filter { $0.name.hasPrefix("long") })
  func keepsTextApart(_ specimen: Specimen) throws {
    guard !(specimen.figure is SmallMultiples) else { return }
    for (width, height) in [(640.0, 400.0), (900, 300), (420, 360)] {
      let texts = try XMLReader.elements(of: specimen.figure.svg(width: width, height: height))
        .filter { $0.name == "text" && $0.attributes["aria-hidden"] == nil }
      let boxes = texts.compactMap { text in Self.extent(of: text).map { (text.text, $0) } }
      #expect(boxes.count > 3)
      for (index, (text, box)) in boxes.enumerated() {
        #expect(box.x >= -1 && box.maxX <= width + 1, "\(text) at \(width)")
        #expect(box.y >= -1 && box.maxY <= height + 1, "\(text) at \(width)")
        for (other, place) in boxes[..<index] {
          #expect(!place.touches(box), "\(text) over \(other) at \(width) by \(height)")
        }
      }
    }
  }

  /// The space a text takes; `nil` if it is slanted.
  static func extent(of text: XMLElement) -> Box? {
    let number = { (name: String) in Double(text.attributes[name] ?? "") ?? 0 }
    let (x, y, size) = (number("x"), number("y"), number("font-size"))
    // A tight box: labels may stand close, but not on one another.
    let isBold = text.attributes["font-weight"] == "bold"
    let width = TextWidth.of(text.text, size: size, bold: isBold) * 0.97
    let anchor = text.attributes["text-anchor"]
    let shift = anchor == "middle" ? width / 2 : anchor == "end" ? width : 0
    switch text.attributes["transform"] {
    case nil: return Box(x: x - shift, y: y - size * 0.72, width: width, height: size * 0.75)
    case .some(let turn) where turn.hasPrefix("rotate(-90 "):
      return Box(x: x - size * 0.72, y: y - width / 2, width: size * 0.75, height: width)
    default: return nil
    }
  }

  @Test func countsWhatIsNotShown() {
    let chart = LineChart(x: "x", y: .log("y"), series: [.init("a", y: [1, .nan, -2, 0, 3])])
    #expect(chart.svg().contains("3 points not shown"))
    #expect(!Gallery.lines(series: 2).svg().contains("not shown"))
    #expect(LineChart(x: "x", y: "y", series: []).svg().contains("no points to show"))
  }

  @Test func leavesGaps() throws {
    let chart = LineChart(
      x: "x", y: "y", series: [.init("a", y: [1, 2, .nan, 3, 4, .infinity, 5], markers: false)])
    let elements = try XMLReader.elements(of: chart.svg())
    #expect(elements.filter { $0.name == "polyline" }.count == 2)
    // The last point has no neighbour: a marker shows it.
    #expect(elements.filter { $0.name == "circle" }.count == 1)
  }

  @Test func thinsLongSeries() {
    let y = (0..<200_000).map { Double(($0 * 7919) % 1000) }
    let chart = LineChart(x: "x", y: "y", series: [.init("a", y: y)])
    #expect(chart.svg().utf8.count < 100_000)
  }

  @Test func histogramBinsWeights() throws {
    let figure = Histogram(
      x: "weight", samples: [.init("", [0, 0, 0.05, 0.5, 0.95, 1])], height: .count, bins: 10)
    let outline = try #require(
      XMLReader.elements(of: figure.svg()).first { $0.name == "polyline" }?.attributes["points"])
    // Steps at the heights 3, 0, 1, 0, 2: five changes of level, the ends included.
    let rows = outline.split(separator: " ").map { $0.split(separator: ",")[1] }
    let levels = rows.reduce(into: [Substring]()) { if $0.last != $1 { $0.append($1) } }
    #expect(levels.count == 7)
    #expect(Set(levels).count == 4)
  }

  @Test func histogramOfWeightsHasFineTicks() {
    #expect(Gallery.histogram.svg().contains(">0.5</text>"))
  }

  @Test func drawsNestedDocuments() throws {
    let figure = SmallMultiples(figures: [Gallery.bars, Gallery.heatMap, Gallery.surface])
    let elements = try XMLReader.elements(of: figure.svg())
    #expect(elements.filter { $0.attributes["role"] == "img" }.count == 4)
    // No ids, hence none twice.
    #expect(elements.allSatisfy { $0.attributes["id"] == nil })
  }

  // MARK: Figures of studies

  @Test func distributionsCountEveryValue() {
    let series = LineChart.Series.distribution(
      "a", of: [3, .nan, 1, 3, -.infinity, .infinity, 2, 9])
    #expect(series.x == [1, 1, 2, 3, 3, 9])
    #expect(series.y == [1, 2, 3, 4, 5, 6].map { $0 / 8 })
    #expect(LineChart.Series.distribution("a", of: [.nan]).x.isEmpty)
  }

  @Test func scatterDrawsCurvesUnderPoints() throws {
    let figure = Scatter(
      x: "x", y: "y", groups: [.init("", x: [0, 1], y: [1, 0])],
      curves: [.init("best", x: [0, 1], y: [1, 0], isStepped: true)])
    let elements = try XMLReader.elements(of: figure.svg())
    let line = try #require(elements.firstIndex { $0.name == "polyline" })
    // Along the first value, then down.
    let points = try #require(elements[line].attributes["points"]).split(separator: " ")
    #expect(points.count == 3)
    #expect(points[0].split(separator: ",")[1] == points[1].split(separator: ",")[1])
    #expect(points[1].split(separator: ",")[0] == points[2].split(separator: ",")[0])
    let circles = elements.indices.filter { elements[$0].name == "circle" }
    #expect(circles.count == 2 && circles.allSatisfy { $0 > line })
  }

  @Test func choicesStayApart() throws {
    let figure = Scatter(
      x: "x", y: "y", categories: ["a", "b"],
      groups: [.init("", x: (0..<40).map { Double($0 % 2) }, y: (0..<40).map(Double.init))])
    let places = try XMLReader.elements(of: figure.svg()).filter { $0.name == "circle" }.compactMap
    {
      Double($0.attributes["cx"] ?? "")
    }
    let left = places.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    let right = places.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    let (leftEnd, rightStart) = (try #require(left.max()), try #require(right.min()))
    #expect(leftEnd < rightStart && Set(left).count == 20)
    let outside = Scatter(
      x: "x", y: "y", categories: ["a", "b"], groups: [.init("", x: [2, -1, .nan], y: [1, 1, 1])])
    #expect(outside.svg().contains("3 points not shown"))
  }

  @Test func shadesColourPoints() throws {
    let figure = Scatter(
      x: "x", y: "y", groups: [.init("", x: [0, 1, 2], y: [0, 1, 2], shades: [0, 10, .nan])],
      shade: "trial")
    let fills = try XMLReader.elements(of: figure.svg()).filter { $0.name == "circle" }
      .compactMap { $0.attributes["fill"] }
    #expect(fills == ["#440154", "#fde725", "#c8c8c8"])
  }

  @Test func timelineBarsAreWhereAndWhenThingsRan() throws {
    let figure = Timeline(
      x: Axis("s", range: 0...10), lanes: ["a", "b"], states: [.init("done"), .init("running")],
      spans: [
        .init(lane: 0, start: 0, end: 5, state: 0), .init(lane: 1, start: 5, end: nil, state: 1),
        .init(lane: 2, start: 0, end: 1, state: 0), .init(lane: 0, start: 4, end: 3, state: 0),
      ])
    let elements = try XMLReader.elements(of: figure.svg())
    let bars = elements.filter { $0.name == "rect" }.suffix(2)
    let number = { (bar: XMLElement, name: String) in Double(bar.attributes[name] ?? "") ?? .nan }
    let (first, second) = (try #require(bars.first), try #require(bars.last))
    #expect(abs(number(first, "x") + number(first, "width") - number(second, "x")) < 0.02)
    #expect(abs(number(first, "width") - number(second, "width")) < 0.02)
    #expect(number(first, "y") < number(second, "y"))
    #expect(first.attributes["fill"] != second.attributes["fill"])
    #expect(figure.svg().contains("2 bars not shown"))
  }
}
