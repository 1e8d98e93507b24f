import Outerloop
import OuterloopCharts

/// The pictures that apply to a study, as SVG texts by file name.
func studyPictures(of study: Study) async throws -> [String: String] {
  let figures = StudyFigures(study.specification, try await study.trials())
  var texts: [String: String] = [:]
  for plot in StudyPlot.all where figures.applies(plot) {
    for picture in try figures.pictures(plot) { texts[picture.fileName] = picture.svg }
  }
  return texts
}

/// A chart of any numbers.
func lineChart() -> String {
  let losses = (0...20).map { 1 / Double($0 + 1) }
  let chart = LineChart(
    title: "A loss that falls", x: "epoch", y: .log("loss"),
    series: [.init("training", y: losses)])
  return chart.svg(width: 640, height: 400)
}
