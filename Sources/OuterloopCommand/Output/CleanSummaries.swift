internal import OuterloopLab
internal import OuterloopText

/// What `clean --method published` prints.
struct CleaningSummary {
  let report: CleaningReport

  var text: String {
    func number(_ value: Double) -> String { NumberText.fixed(value, digits: 4) }
    let (accuracy, files) = (report.accuracy, report.files)
    var rows: [(String, String)] = []
    if let oracle = accuracy.oracle {
      rows.append(("oracle accuracy", "\(number(oracle))  without the wrong labels"))
    }
    rows.append(("baseline accuracy", "\(number(accuracy.baseline))  with all labels as they are"))
    rows.append(("cleaned accuracy", "\(number(accuracy.cleaned))  with the learned weights"))
    rows.append(
      (
        "suspicious",
        "\(report.suspicious) of \(report.examples) examples, of weight below"
          + " \(report.settings.threshold)"
      ))
    let trusted = report.validationExamples + report.testExamples
    rows.append(
      (
        "not examined",
        "\(trusted) examples for validation and test"
          + (report.leftOut > 0 ? ", \(report.leftOut) left out" : "")
          + "; --method auto examines every row"
      ))
    if let detection = report.detection {
      rows.append(("precision", "\(number(detection.precision))  of the suspicious are wrong"))
      rows.append(("recall", "\(number(detection.recall))  of the wrong are suspicious"))
      rows.append(("F1", number(detection.f1)))
    }
    rows.append(
      (
        "updates",
        "\(report.updates) in \(Progress.time(report.seconds)), seed \(report.settings.seed)"
      ))
    let paths = [files.suspicious, files.losses, files.weights, files.images, files.result]
    for (index, path) in paths.compactMap({ $0 }).enumerated() {
      rows.append((index == 0 ? "files" : "", path))
    }
    return CommandText.table(rows)
  }
}

/// What `clean` prints.
struct LabelErrorSummary {
  let report: LabelErrorReport

  var text: String {
    func number(_ value: Double, _ digits: Int = 4) -> String {
      NumberText.fixed(value, digits: digits)
    }
    let examined = report.examples
    var rows: [(String, String)] = [
      ("suspicious", "\(report.suspicious) of \(examined) rows"),
      (
        "expected",
        "\(number(report.expectedWrong, report.expectedWrong < 10 ? 1 : 0)) wrong labels,"
          + " \(number(100 * report.expectedWrong / Double(max(1, examined)), 1)) %"
      ),
    ]
    if report.trusted > 0 { rows.append(("trusted", "\(report.trusted) rows")) }
    for (index, flip) in report.flips.prefix(3).enumerated() {
      rows.append(
        (
          index == 0 ? "most frequent" : "",
          "\(flip.label), probably \(flip.likely): \(flip.count)"
        ))
    }
    if let detection = report.detection {
      rows.append(("precision", "\(number(detection.precision))  of the suspicious are wrong"))
      rows.append(("recall", "\(number(detection.recall))  of the wrong are suspicious"))
      rows.append(("F1", number(detection.f1)))
    }
    if let averagePrecision = report.averagePrecision {
      rows.append(("average precision", "\(number(averagePrecision))  of the order of all rows"))
    }
    rows.append(("time", "\(Progress.lapse(report.seconds)), seed \(report.settings.seed)"))
    let files = report.files
    rows.append(("files", "\(files.suspicious)  rows to look at, the most probable first"))
    rows.append(("", "\(files.rows)  every row"))
    let others = [files.probabilities, files.transition, files.images, files.result]
    for path in others.compactMap({ $0 }) { rows.append(("", path)) }
    rows.append(
      ("columns", "row: number of the row in its file, from 1; all of them: outerloop clean --help")
    )
    return CommandText.table(rows)
  }
}
