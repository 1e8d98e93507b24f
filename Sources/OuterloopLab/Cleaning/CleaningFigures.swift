internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopText

/// The pictures of a cleaning run.
struct CleaningFigures {
  let data: CleaningData
  let report: CleaningReport

  /// Validation loss before each update.
  var losses: String {
    LineChart(
      title: "Learning the weights of \(report.examples) examples",
      x: "update of the weights", y: "validation loss",
      series: [.init("", y: report.validationLosses, markers: false)]
    ).svg()
  }

  /// The distribution of the learned weights, separately for clean and corrupted examples, if
  /// known.
  var weights: String {
    let corrupted = data.corrupted
    let indices = Array(report.weights.indices)
    func values(_ chosen: [Int]) -> [Double] { chosen.map { Double(report.weights[$0]) } }
    let samples: [Histogram.Sample] =
      data.trueLabels == nil
      ? [.init("", values(indices))]
      : [
        .init("right label", values(indices.filter { !corrupted.contains($0) })),
        .init("wrong label", values(indices.filter { corrupted.contains($0) })),
      ]
    return Histogram(
      title: "Weights after \(report.updates) updates", x: .init("weight of example", range: 0...1),
      y: "examples", samples: samples
    ).svg()
  }

  /// The most suspicious examples as images, with mislabelled ones framed; nil if the examples are
  /// not images.
  var suspects: String? {
    guard data.isPictures else { return nil }
    let shape = data.train.shape
    let size = data.train.exampleSize
    let cells = report.suspects.prefix(40).map { suspect in
      let start = suspect.index * size
      let image = GreyImage(
        width: shape[1], height: shape[0],
        values: Array(data.train.features[start..<(start + size)]))
      let weight = NumberText.fixed(Double(suspect.weight), digits: 2)
      return ImageGrid.Cell(
        image, caption: "\(suspect.label) -> \(suspect.predicted)  w=\(weight)",
        isMarked: suspect.trueLabel.map { $0 != suspect.label } ?? false)
    }
    let frames = data.trueLabels == nil ? "" : "; framed: the label is wrong"
    return ImageGrid(
      title: "Most suspicious examples: label -> prediction\(frames)", cells: Array(cells)
    ).svg(width: 900, height: 640)
  }
}
