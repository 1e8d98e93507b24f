import OuterloopStudy
import Testing

@testable import OuterloopCharts

/// Pictures of studies that were trained epoch by epoch.
@Suite struct EpochFiguresTests {
  private func elements(_ figures: StudyFigures, _ plot: StudyPlot) throws -> [XMLElement] {
    try XMLReader.elements(of: figures.pictures(plot)[0].svg)
  }

  /// The points of a line, in pixels.
  private func points(_ element: XMLElement) -> [(x: Double, y: Double)] {
    (element.attributes["points"] ?? "").split(separator: " ").compactMap { text in
      let numbers = text.split(separator: ",").compactMap { Double($0) }
      return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }
  }

  @Test func curvesMarkRungs() throws {
    let halving = StudyFigures(try EpochGallery.halving("digits"))
    let svg = try halving.pictures(.curves)[0].svg
    #expect(svg.contains("rungs at epochs 1, 3, 9, 27"))
    let lines = try elements(halving, .curves).filter {
      $0.name == "line" && $0.attributes["stroke-dasharray"] == "2 3"
    }
    let columns = lines.compactMap { $0.attributes["x1"].flatMap { Double($0) } }
    #expect(columns.count == 4 && columns == columns.sorted())
    // As far apart as the epochs are.
    #expect(abs((columns[3] - columns[2]) / (columns[1] - columns[0]) - 9) < 0.1)
    let thawed = try EpochGallery.halving("t", scheduler: .init("freeze-thaw"))
    #expect(!(try StudyFigures(thawed).pictures(.curves)[0].svg.contains("rungs at")))
  }

  /// On folds a trial that was stopped is never the best, whatever its last fold says.
  @Test func theBestHasAllFolds() throws {
    let log = try EpochGallery.halving("folds", scheduler: .init("wilcoxon")) { trial, fold in
      fold == 27 ? 5 + Double(trial) / 100 : 1 + Double(trial) / 100
    }
    let best = try #require(log.specification.incumbent(of: log.history.trials))
    #expect(best.state == .complete)
    #expect(log.history.trials.contains { ($0.lastReport?.values["loss"] ?? 9) < 5 })
    let elements = try elements(StudyFigures(log), .curves)
    #expect(elements.contains { $0.name == "text" && $0.text == "best: trial \(best.number)" })
    // Where epochs are epochs, what it reached last counts.
    let trained = try EpochGallery.halving("epochs") { trial, epoch in
      epoch == 27 ? 5 + Double(trial) / 100 : 1 + Double(trial) / 100
    }
    #expect(trained.specification.incumbent(of: trained.history.trials)?.state == .paused)
  }

  /// A mark for every rung that a trial got to, in its row, further to the right than the one before.
  @Test func rungsShowWhoWasPromoted() throws {
    let log = try EpochGallery.halving("digits")
    let elements = try elements(StudyFigures(log), .rungs)
    var arrivals = [0, 0, 0, 0]
    for trial in log.history.trials {
      for (rung, epoch) in [1, 3, 9, 27].enumerated() where trial.epoch >= epoch {
        arrivals[rung] += 1
      }
    }
    #expect(arrivals[0] == 27 && arrivals[1] >= 9 && arrivals[3] >= 1)
    let legend = 1
    #expect(elements.count { $0.name == "circle" } == arrivals[0] + legend)
    #expect(
      elements.count { $0.name == "rect" || $0.name == "polygon" } >= arrivals[1...].reduce(0, +))
    for epoch in [1, 3, 9, 27] {
      #expect(elements.contains { $0.name == "text" && $0.text == "epoch \(epoch)" })
    }
    let best = try #require(log.specification.incumbent(of: log.history.trials))
    #expect(elements.contains { $0.text == "best: trial \(best.number)" })
    // Where there are no rungs, powers of 3 stand for them.
    let thawed = try EpochGallery.halving("t", scheduler: .init("freeze-thaw"))
    #expect(try StudyFigures(thawed).pictures(.rungs)[0].svg.contains(">epoch 9</text>"))
  }

  /// The line falls from the first regret to the lower edge and goes on to the last epoch.
  @Test func regretFallsToTheEdge() throws {
    let log = try EpochGallery.halving("digits")
    let elements = try elements(StudyFigures(log), .regret)
    let line = try #require(elements.first { $0.name == "polyline" })
    let rows = points(line).map(\.y)
    #expect(rows == rows.sorted() && rows.count > 4, "down the picture")
    let levels = rows.reduce(into: [Double]()) { if $0.last != $1 { $0.append($1) } }
    #expect(levels.count == log.improvements[0].count)
    let best = try #require(log.improvements[0].last)
    let svg = try StudyFigures(log).pictures(.regret)[0].svg
    #expect(svg.contains("0 (at the lower edge) is loss") && svg.contains(": trial \(best.trial)<"))
    // The frame's right edge is 2% beyond the last epoch.
    let frame = try #require(elements.last { $0.name == "rect" })
    let width = try #require(Double(frame.attributes["width"] ?? ""))
    let left = try #require(Double(frame.attributes["x"] ?? ""))
    #expect(try abs(#require(points(line).last).x - left - width) < 0.03 * width)
  }

  /// Several studies fall to the best of all of them.
  @Test func regretsAreCompared() throws {
    let one = StudyFigures(try EpochGallery.halving("one"))
    let other = StudyFigures(
      try EpochGallery.halving("other") { EpochGallery.loss($0, $1) + 0.01 })
    let svg = try one.pictures(.regret, comparedWith: [other])[0].svg
    #expect(svg.contains(">one</text>") && svg.contains(">other</text>"))
    #expect(svg.contains(" of one<"))
    let lines = try XMLReader.elements(of: svg).filter { $0.name == "polyline" }.map(points)
    let ends = lines.compactMap { $0.last?.y }
    #expect(ends.count == 2 && ends[1] < ends[0], "the other one ends above the edge")
    let gain = StudyFigures(try EpochGallery.halving("gain", objective: .maximize("gain")))
    #expect(throws: StudyError.self) { try one.pictures(.regret, comparedWith: [gain]) }
  }

  /// What is not known cannot be drawn, and is not among the pictures that apply.
  @Test func withoutALog() throws {
    let log = try EpochGallery.halving("digits")
    let figures = StudyFigures(log.specification, log.history)
    for plot in [StudyPlot.rungs, .regret] {
      #expect(!figures.applies(plot) && StudyFigures(log).applies(plot))
      do {
        _ = try figures.pictures(plot)
        Issue.record("drawn")
      } catch {
        #expect("\(error)".hasPrefix("it is not known when the trials of study `digits` were"))
      }
    }
    #expect(figures.applies(.curves))
  }

  @Test func namesOfFiles() throws {
    let figures = StudyFigures(try EpochGallery.halving("digits"))
    let names = try StudyPlot.all.filter { figures.applies($0) }
      .flatMap { try figures.pictures($0).map(\.fileName) }
    #expect(names.prefix(4) == ["history.svg", "curves.svg", "rungs.svg", "regret.svg"])
  }
}
