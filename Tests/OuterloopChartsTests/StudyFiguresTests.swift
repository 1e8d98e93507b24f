import OuterloopSearch
import OuterloopStudy
import Testing

@testable import OuterloopCharts

/// What every picture of a study must do, whatever the study is.
@Suite struct StudyFiguresTests {
  static let entries = Result { try StudyGallery.all() }

  /// All pictures of a study that can be drawn.
  private func pictures(of figures: StudyFigures) throws -> [StudyFigures.Picture] {
    let metrics = figures.specification.objectives.prefix(6).map(\.metric)
    return try StudyPlot.all.filter { figures.applies($0, to: metrics) }
      .flatMap { try figures.pictures($0, of: metrics) }
  }

  @Test func studiesAreMany() throws { #expect(try Self.entries.get().count > 20) }

  @Test func picturesAreWellFormedFiniteAndDeterministic() throws {
    for entry in try Self.entries.get() {
      let all = try pictures(of: entry.figures)
      #expect(all.count >= 3, "\(entry.name)")
      #expect(Set(all.map(\.fileName)).count == all.count, "\(entry.name)")
      for picture in all {
        #expect(picture.svg.utf8.count < 4_000_000, "\(entry.name) \(picture.fileName)")
        let elements = try XMLReader.elements(of: picture.svg)
        for element in elements {
          for (name, value) in element.attributes where name != "aria-label" {
            let text = value.lowercased()
            #expect(
              !text.contains("nan") && !text.contains("inf"),
              "\(entry.name) \(picture.fileName) \(name)")
            if ["width", "height", "r", "stroke-width"].contains(name) {
              #expect((Double(value) ?? -1) >= 0, "\(entry.name) \(picture.fileName) \(name)")
            }
          }
        }
      }
      #expect(try pictures(of: entry.figures) == all, "\(entry.name)")
    }
  }

  /// Text stays on the canvas and texts do not overlap; figures inside figures are left out.
  @Test func textsStayApart() throws {
    for entry in try StudyGallery.everyday() + StudyGallery.odd().prefix(1) + EpochGallery.all() {
      for picture in try pictures(of: entry.figures)
      where !["slices", "parallel"].contains(picture.name) {
        let elements = try XMLReader.elements(of: picture.svg)
        guard elements.count(where: { $0.attributes["role"] == "img" }) == 1 else { continue }
        let width = Double(elements[0].attributes["width"] ?? "") ?? 0
        let boxes = elements.filter { $0.name == "text" && $0.attributes["aria-hidden"] == nil }
          .compactMap { text in
            FigureLawsTests.extent(of: text).map { (text.text, $0) }
          }
        #expect(boxes.count > 3)
        for (index, (text, box)) in boxes.enumerated() {
          #expect(box.x >= -1 && box.maxX <= width + 1, "\(entry.name): \(text)")
          for (other, place) in boxes[..<index] {
            #expect(!place.touches(box), "\(entry.name): \(text) over \(other)")
          }
        }
      }
    }
  }

  @Test func tenThousandTrialsStaySmall() throws {
    let figures = try StudyGallery.training("large", trials: 10_000)
    for picture in try pictures(of: figures) {
      #expect(picture.svg.utf8.count < 2_500_000, "\(picture.fileName)")
    }
    let parallel = try figures.pictures(.parallel)[0].svg
    #expect(parallel.contains("(the best 250 of"))
    let lines = try XMLReader.elements(of: parallel).count { $0.name == "polyline" }
    #expect(lines <= 1000)
  }

  // MARK: What they show

  /// The best so far, read back from the picture: it falls exactly where a value beats all before it.
  @Test(arguments: [Objective.Direction.minimize, .maximize])
  func bestSoFarFollowsTheBest(_ direction: Objective.Direction) throws {
    let values: [Double] = [5, 7, .nan, 3, 3, 8, 2, 9, 2.5]
    let figures = try StudyGallery.values("a", values, Objective("loss", direction))
    let elements = try XMLReader.elements(of: figures.pictures(.history)[0].svg)
    let points = try #require(
      elements.first { $0.name == "polyline" }?.attributes["points"]?.split(separator: " "))
    let rows = points.compactMap { Double($0.split(separator: ",")[1]) }
    let levels = rows.reduce(into: [Double]()) { if $0.last != $1 { $0.append($1) } }
    // Down the picture for losses: 5, 3, 2. Up for scores: 5, 7, 8, 9.
    #expect(levels.count == (direction == .minimize ? 3 : 4))
    #expect(levels == (direction == .minimize ? levels.sorted() : levels.sorted(by: >)))
    // Two more in the legend: complete trials, and the one without a number.
    #expect(elements.count { $0.name == "circle" && $0.attributes["r"] != "0" } == values.count + 2)
  }

  @Test func statesAreToldApart() throws {
    let figures = try StudyGallery.training("a", trials: 60)
    let svg = try figures.pictures(.history)[0].svg
    for name in ["complete", "pruned, last report", "running, last report", "failed"] {
      let count = figures.trials.count { $0.state.name == name.prefix { $0 != "," } }
      #expect(svg.contains(">\(name)</text>") == (count > 0), "\(name)")
    }
    let failed = figures.trials.count { $0.state.name == "failed" }
    #expect(failed > 5)
    #expect(svg.contains("\(failed) trials at the edge: beyond the axis, or without"))
  }

  @Test func axesAreLogarithmicOverDecadesAndCutOutliers() throws {
    let objective = Objective("loss")
    #expect(ValueAxis(objective, [1, 10, 100]).axis.scale == .log)
    #expect(ValueAxis(objective, [1, 2, 3]).axis.scale == .linear)
    #expect(ValueAxis(objective, [0, 10, 100]).axis.scale == .linear)
    #expect(ValueAxis(objective, []).axis.scale == .linear)
    let many = (0..<40).map { Double($0 % 10) - 5 }
    let cut = ValueAxis(objective, many + [1e9, .nan])
    #expect(cut.isBeyond(1e9) && cut.isBeyond(.nan) && !cut.isBeyond(4) && !cut.isBeyond(-5))
    // The good side is never cut.
    #expect(!ValueAxis(objective, many + [-1e9]).isBeyond(-1e9))
    #expect(ValueAxis(.maximize("score"), many + [-1e9]).isBeyond(-1e9))
    let limits = try #require(cut.axis.range)
    #expect(limits.contains(cut.place(1e9)) && cut.place(1e9) > 4)
    #expect(cut.place(nil) == cut.place(.infinity) && cut.place(-.infinity) < -5)
    #expect(cut.place(1.5) == 1.5)
    // Losses that diverged do not squeeze the others together.
    let diverged = ValueAxis(objective, (1...40).map { 0.3 + Double($0) / 100 } + [1e30])
    #expect(diverged.axis.scale == .linear && diverged.isBeyond(1e30))
  }

  /// Every kind of picture marks the trial that its axis leaves out, and counts it.
  @Test func trialsBeyondTheAxisAreMarkedAndCounted() throws {
    let one = try StudyGallery.values(
      "outlier", (0..<30).map { $0 == 9 ? 1e6 : Double($0 % 7) - 3 })
    let two = try RandomSearch("two", ["x=float(-1, 1)"], [.minimize("a"), .minimize("b")]) {
      trial, _ in .values([trial == 9 ? 1e6 : Double(trial % 7), Double(trial % 5)])
    }.run(30)
    for (plot, figures) in [
      (StudyPlot.history, one), (.slices, one), (.parallel, one), (.front, two),
    ] {
      let kind = plot.name
      let svg = try figures.pictures(plot)[0].svg
      #expect(svg.contains("1 trial at the edge"), "\(kind)")
      // The open mark; in the parallel picture it stands at the end of the last axis.
      let open = try XMLReader.elements(of: svg).count {
        $0.attributes["fill"] == "#ffffff" && $0.attributes["stroke-width"] == "1.4"
      }
      let legend = kind == "parallel" ? 0 : 1
      #expect(open == 1 + legend, "\(kind)")
      #expect(svg.contains(">beyond the axis</text>") == (legend == 1), "\(kind)")
    }
    let svg = try one.pictures(.distribution)[0].svg
    #expect(svg.contains("1 trial is beyond the axis, or without a finite value"))
    #expect(svg.contains(">goes on beyond the axis</text>"))
  }

  @Test func controlCharactersAreShown() {
    #expect(Canvas.escape("a\n\u{1b}[\u{202e}<b>") == "a\\n\\u001b[\\u202e&lt;b&gt;")
    #expect(
      TextWidth.of("\u{1b}", size: 10) == TextWidth.of("\\u001b", size: 10), "as wide as shown")
  }

  @Test func slicesShowActiveParametersOnly() throws {
    let figures = try StudyGallery.training("a", trials: 60)
    let svg = try figures.pictures(.slices)[0].svg
    let complete = figures.trials.filter { $0.state == .complete }
    // A circle for each value of each active parameter; the failed ones are crosses.
    let expected = complete.reduce(0) { $0 + $1.assignment.active.count }
    let elements = try XMLReader.elements(of: svg)
    #expect(elements.count { $0.name == "circle" } == expected)
    #expect(elements.count { $0.attributes["role"] == "img" } == 1 + 6)
    for name in ["lr", "momentum", "optimizer"] { #expect(svg.contains(">\(name)</text>")) }
    let crosses = figures.trials.filter(\.failedByItself).reduce(0) {
      $0 + $1.assignment.active.count
    }
    #expect(crosses > 0)
    let legends = 6
    #expect(elements.count { $0.name == "polygon" } == crosses + legends)
  }

  @Test func linesOfInactiveParametersPassBelow() throws {
    let figures = try StudyGallery.training("a", trials: 60)
    let svg = try figures.pictures(.parallel)[0].svg
    #expect(svg.contains(">off</text>") && !svg.contains("values missing"))
    let complete = figures.trials.count { $0.state == .complete }
    #expect(try XMLReader.elements(of: svg).count { $0.name == "polyline" } == complete)
  }

  /// Every trial is in the picture once: as a diamond of the front, or as a disc.
  @Test func frontsShowAllTrials() throws {
    let figures = try StudyGallery.tradeOff(trials: 80)
    let elements = try XMLReader.elements(of: figures.pictures(.front)[0].svg)
    let front = figures.specification.paretoFront(of: figures.trials).count
    let legend = 1
    #expect(front > 3 && front < 40)
    #expect(elements.count { $0.name == "polygon" } == front + legend)
    #expect(elements.count { $0.name == "circle" } == 80 - front + legend)
    let three = try StudyGallery.tradeOff(trials: 40, objectives: 3).pictures(.front)[0].svg
    #expect(try XMLReader.elements(of: three).count { $0.attributes["role"] == "img" } == 1 + 3)
  }

  /// Every trial of three objectives is in space once, wherever it is seen from, and the front stands on lines.
  @Test func frontsInSpaceShowAllTrials() throws {
    var figures = try StudyGallery.tradeOff(trials: 80, objectives: 3)
    let front = figures.specification.paretoFront(of: figures.trials).map(\.number)
    var pictures: Set<String> = []
    for (azimuth, elevation) in [(35.0, 24.0), (125, 60), (-400, 1e9), (.nan, .infinity)] {
      figures.viewpoint = Viewpoint(azimuth: azimuth, elevation: elevation)
      let svg = try figures.pictures(.frontInSpace)[0].svg
      pictures.insert(svg)
      let elements = try XMLReader.elements(of: svg)
      let marks = elements.compactMap { $0.attributes["data-trial"].flatMap { Int($0) } }
      #expect(marks.sorted() == Array(0..<80))
      #expect(
        elements.count { $0.name == "polygon" && $0.attributes["data-trial"] != nil } == front.count
      )
    }
    #expect(pictures.count == 4)
    let two = try StudyGallery.tradeOff(trials: 3)
    #expect(figures.applies(.frontInSpace) && !two.applies(.frontInSpace))
    #expect(throws: StudyError.self) { try two.pictures(.frontInSpace) }
    let large = try StudyGallery.tradeOff(trials: 9000, objectives: 3)
    #expect(try large.pictures(.frontInSpace)[0].svg.utf8.count < 2_000_000)
  }

  @Test func timelinesShowAllAttempts() throws {
    let figures = try StudyGallery.training("a", trials: 60)
    let svg = try figures.pictures(.timeline)[0].svg
    for name in ["complete", "running", "failed", "lost or cancelled"] {
      #expect(svg.contains(">\(name)</text>"), "\(name)")
    }
    let elements = try XMLReader.elements(of: svg)
    for number in 0..<60 {
      #expect(elements.contains { $0.name == "text" && $0.text == "\(number)" }, "\(number)")
    }
    #expect(svg.contains("seconds since the first attempt"))
  }

  /// A trial whose first worker was lost, and whose clock went back: two bars, none of them missing.
  @Test func timelinesOfSecondAttempts() throws {
    let specification = try StudyGallery.values("a", []).specification
    var history = History()
    let assignment = try specification.space.assignment(["x": 0.5])
    let kinds: [(Double, Event.Kind)] = [
      (10, .suggested(assignment, through: 1, seen: 0)), (10, .claimed(attempt: 1, worker: "a")),
      (90, .released(attempt: 1, .lost)), (100, .claimed(attempt: 2, worker: "b")),
      (95, .finished(attempt: 2, .complete([1]))),
    ]
    for (index, (time, kind)) in kinds.enumerated() {
      history.apply(Event(revision: index + 1, time: time, trial: 0, kind))
    }
    let svg = try StudyFigures(specification, history).pictures(.timeline)[0].svg
    #expect(svg.contains(">lost or cancelled</text>") && svg.contains(">complete</text>"))
    #expect(svg.contains(">a</text>") && svg.contains(">b</text>") && !svg.contains("not shown"))
  }

  @Test func distributionsCompareStudies() throws {
    let (one, other) = (
      try StudyGallery.values("one", [1, 2, 3, .nan]), try StudyGallery.values("other", [2, 4])
    )
    let svg = try one.pictures(.distribution, comparedWith: [other])[0].svg
    #expect(svg.contains(">one</text>") && svg.contains(">other</text>"))
    #expect(throws: StudyError.self) {
      try one.pictures(
        .distribution, comparedWith: [StudyGallery.values("third", [1], .minimize("error"))])
    }
  }

  @Test func namesOfFiles() throws {
    let one = try StudyGallery.training("a", trials: 30)
    #expect(
      try pictures(of: one).map(\.fileName) == [
        "history.svg", "slices.svg", "parallel.svg", "rank.svg", "contour.svg", "model.svg",
        "importance.svg", "timeline.svg", "distribution.svg",
      ])
    let three = try StudyGallery.tradeOff(trials: 5, objectives: 3)
    #expect(
      try three.pictures(.slices).map(\.fileName) == [
        "slices-loss.svg", "slices-seconds.svg", "slices-accuracy_top_5.svg",
      ])
    #expect(
      try three.pictures(.slices, of: ["seconds"]).map(\.fileName) == ["slices-seconds.svg"])
    #expect(try three.pictures(.front).map(\.fileName) == ["front.svg"])
    let alike = try RandomSearch("a", ["x=float(0, 1)"], [.minimize("a/b"), .minimize("A.b")]) {
      _, _ in .values([1, 2])
    }.run(2)
    #expect(
      try alike.pictures(.distribution).map(\.fileName) == [
        "distribution-a_b-1.svg", "distribution-a_b-2.svg",
      ])
  }

  @Test func refusals() throws {
    func refusal(_ plot: StudyPlot, _ figures: StudyFigures, _ metrics: [String] = [])
      -> String
    {
      do {
        _ = try figures.pictures(plot, of: metrics)
        return "none"
      } catch { return "\(error)" }
    }
    let one = try StudyGallery.training("digits", trials: 3)
    #expect(
      refusal(.front, one)
        == "study `digits` has one objective, and a front needs two; look at its history")
    #expect(
      refusal(.history, one, ["los"])
        == "study `digits` has no objective `los`; it has `validation loss`")
    let two = try StudyGallery.tradeOff(trials: 3)
    #expect(refusal(.front, two, ["loss", "loss"]).hasPrefix("a front of one objective"))
    #expect(
      refusal(.front, try StudyGallery.tradeOff(trials: 3, objectives: 7)).hasSuffix(
        "name up to 6 objectives"))
    let constant = try RandomSearch("c", ["x=constant(1)"], [.minimize("loss")]) { _, _ in
      .values([1])
    }.run(2)
    #expect(refusal(.slices, constant).hasPrefix("every parameter of study `c` has a single value"))
    #expect(!constant.applies(.parallel) && constant.applies(.history) && !one.applies(.front))
    #expect(two.applies(.front) && !two.applies(.front, to: ["loss"]))
  }
}
