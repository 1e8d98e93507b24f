internal import OuterloopCharts
internal import OuterloopLearning
internal import OuterloopText

/// The pictures of a search for wrong labels.
struct LabelErrorFigures {
  let data: LabelErrorData
  let report: LabelErrorReport
  let probabilities: [Double]

  /// Histogram of the probabilities, separately for right and wrong labels, if known.
  var histogram: String {
    let indices = Array(data.rows.labels.indices)
    func values(_ chosen: [Int]) -> [Double] { chosen.map { probabilities[$0] } }
    let samples: [Histogram.Sample] =
      data.trueLabels.map { truth in
        [
          .init("right label", values(indices.filter { truth[$0] == data.rows.labels[$0] })),
          .init("wrong label", values(indices.filter { truth[$0] != data.rows.labels[$0] })),
        ]
      } ?? [.init("", values(indices))]
    return Histogram(
      title: "\(report.suspicious) of \(report.examples) rows are suspicious",
      x: .init("probability that the label is wrong", range: 0...1),
      y: .init("rows", scale: .log), samples: samples
    ).svg()
  }

  /// The noise transition matrix: a row for each class, a column for each label.
  var transition: String {
    HeatMap(
      title: "How often a class carries a label", x: "label", y: "class",
      columns: report.classes, rows: report.classes, values: report.transition,
      color: .init("estimated rate", range: 0...1), showsValues: report.classes.count <= 12
    ).svg()
  }

  /// The most suspicious rows as images, with mislabelled ones framed if known; nil if rows are not
  /// images.
  var suspects: String? {
    let shape = data.rows.shape
    guard shape.count == 2, shape.allSatisfy({ $0 > 1 }) else { return nil }
    let size = data.rows.exampleSize
    var place: [Int: Int] = [:]
    for (index, row) in data.rows.rows.enumerated() { place[row] = index }
    let cells = report.suspects.prefix(40).compactMap { suspect -> ImageGrid.Cell? in
      guard let index = place[suspect.row] else { return nil }
      let start = index * size
      let image = GreyImage(
        width: shape[1], height: shape[0],
        values: Array(data.rows.features[start..<(start + size)]))
      let percent = NumberText.fixed(100 * suspect.probability, digits: 0)
      return ImageGrid.Cell(
        image, caption: "\(suspect.label) -> \(suspect.likely)  \(percent) %",
        isMarked: suspect.trueLabel.map { $0 != suspect.label } ?? false)
    }
    let frames = data.trueLabels == nil ? "" : "; framed: the label is wrong"
    return ImageGrid(
      title: "Most suspicious rows: label -> likely class\(frames)", cells: cells
    ).svg(width: 900, height: 640)
  }
}
