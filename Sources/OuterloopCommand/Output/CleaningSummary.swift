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
