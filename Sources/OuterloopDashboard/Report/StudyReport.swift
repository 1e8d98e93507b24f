public import OuterloopCharts
public import OuterloopStudy
internal import OuterloopText

/// A study as one self-contained HTML file: to mail, to attach, to archive.
///
/// It contains the results, the applicable pictures, and a table of trials. Where scripts may run, a picture shows
/// the trial under the pointer, and the table can be sorted. Below 2 MB for 10,000 trials.
public struct StudyReport: Sendable {
  private let figures: StudyFigures
  private let metrics: [String]
  private let command: String?
  private let notes: String

  /// How many rows the table has at most: the best, then the newest.
  private static let mostRows = 200
  /// The largest number of trials for which a picture shows details.
  private static let mostKnown = 3500

  /// - Parameters:
  ///   - metrics: all reported metrics, objectives first.
  ///   - command: the command line of the best trial, for a shell.
  public init(_ figures: StudyFigures, metrics: [String], command: String?, notes: String = "") {
    self.figures = figures
    self.metrics = metrics
    self.command = command
    self.notes = notes
  }

  /// The study in a store, as it is now.
  public init(
    of id: StudyID, in store: any StudyStore, _ environment: Dashboard.Environment
  ) async throws {
    let study = try await FollowedStudy(id, in: store)
    try await study.refresh()
    await self.init(study, environment)
  }

  init(_ study: FollowedStudy, _ environment: Dashboard.Environment) async {
    let (specification, history) = (await study.specification, await study.history)
    let command = specification.objectives.count > 1 ? nil : specification.best(in: history)
    self.init(
      await study.figures, metrics: await study.metrics,
      command: command.flatMap { environment.commandLine(specification, $0) },
      notes: specification.notes())
  }

  private var specification: StudySpecification { figures.specification }
  private var trials: [Trial] { figures.trials }

  /// The document.
  ///
  /// - Complexity: that of the pictures.
  public var html: String {
    let name = Self.escaped(specification.name)
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(name)</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <main>
      <h1>\(name)</h1>
      \(summary)
      \(found)
      \(noted)
      \(pictures)
      \(table)
      </main>
      <div id="tip" role="status" hidden></div>
      <script type="application/json" id="trials">\(data)</script>
      <script>
      \(Self.script)
      </script>
      </body>
      </html>

      """
  }

  // MARK: Parts

  private var summary: String {
    var counts: [(String, Int)] = []
    for kind in [TrialState.Kind.complete, .pruned, .failed, .running, .paused, .waiting] {
      let count = trials.count { $0.state.kind == kind }
      if count > 0 { counts.append((kind.rawValue, count)) }
    }
    let rows: [(String, String)] = [
      (
        "objective",
        specification.objectives.map { "\($0.direction.rawValue) \($0.metric)" }
          .joined(separator: ", ")
      ),
      ("trials", counts.map { "\($0.1) \($0.0)" }.joined(separator: ", ")),
      ("method", specification.method.description), ("seed", "\(specification.seed)"),
      ("parameters", specification.space.parameters.map(\.description).joined(separator: "; ")),
    ]
    return "<dl>"
      + rows.map { "<dt>\($0.0)</dt><dd>\(Self.escaped(Self.clipped($0.1)))</dd>" }.joined()
      + "</dl>"
  }

  private var found: String {
    guard specification.objectives.count == 1 else { return "" }
    guard let trial = specification.best(of: trials), let value = trial.values?.first else {
      return "<p>No trial is complete yet.</p>"
    }
    let params = trial.assignment.active.map {
      "<dt>\(Self.escaped($0.name))</dt><dd>\(Self.escaped(Self.clipped($0.value.description)))</dd>"
    }.joined()
    let line = command.map { "<pre><code>\(Self.escaped($0))</code></pre>" } ?? ""
    return """
      <h2>Best: trial \(trial.number)</h2>
      <p class="best">\(Self.escaped(specification.objectives[0].metric)) <strong>\
      \(NumberText.short(value))</strong></p>
      <dl>\(params)</dl>
      \(line)
      """
  }

  private var noted: String {
    notes.isEmpty ? "" : "<h2>Notes</h2><pre class=\"notes\">\(Self.escaped(notes))</pre>"
  }

  private var pictures: String {
    var figures = figures
    figures.detail = .compact
    var text = ""
    for plot in StudyPlot.all where figures.applies(plot) {
      // A picture that cannot be drawn, such as a model of an objective that always fails, is left
      // out.
      guard let drawn = try? figures.pictures(plot) else { continue }
      for picture in drawn {
        let title = picture.objective.map { "\(plot.name): \($0)" } ?? plot.name
        text += """
          <figure>\(picture.svg)<figcaption><b>\(Self.escaped(title))</b> \
          \(Self.escaped(plot.summary))</figcaption></figure>

          """
      }
    }
    return text.isEmpty ? "" : "<h2>Pictures</h2>\n\(text)"
  }

  private var table: String {
    guard !trials.isEmpty else { return "" }
    let shown = rows
    let parameters = specification.space.parameters.map(\.name)
    let head = (["trial", "state"] + metrics + parameters + ["seconds"])
      .map { "<th scope=\"col\"><button>\(Self.escaped(Self.clipped($0)))</button></th>" }.joined()
    let body = shown.map { trial in
      var cells = [String(trial.number), trial.state.name]
      cells += metrics.enumerated().map { place, metric in
        let objective = place < specification.objectives.count ? place : nil
        return trial.value(of: metric, objective: objective).map(NumberText.short) ?? ""
      }
      cells += trial.assignment.values.map { value in
        value.map { $0.number.map(NumberText.short) ?? Self.clipped($0.description, to: 80) } ?? ""
      }
      cells.append(NumberText.short(trial.workingSeconds))
      return "<tr>" + cells.map { "<td>\(Self.escaped($0))</td>" }.joined() + "</tr>"
    }.joined(separator: "\n")
    let title =
      shown.count < trials.count
      ? "The best \(shown.count) of \(trials.count) trials" : "Trials"
    return """
      <h2>\(title)</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="\(title)"><table><thead><tr>\(head)</tr></thead>
      <tbody>
      \(body)
      </tbody></table></div>
      """
  }

  /// The best by the first objective; those without a value last.
  private var rows: [Trial] {
    guard trials.count > Self.mostRows else { return trials }
    let objective = specification.objectives[0]
    let loss = { (trial: Trial) -> Double in
      let value = trial.value(of: objective.metric, objective: 0) ?? .nan
      return value.isNaN ? .infinity : objective.loss(value)
    }
    return Array(
      trials.map { (loss($0), $0) }.sorted { ($0.0, $0.1.number) < ($1.0, $1.1.number) }
        .prefix(Self.mostRows).map(\.1))
  }

  /// The trial data for the script, by column, with rounded numbers: `{"trials": [0, 1], "state":
  /// ["complete", …], "columns": [{"name": "loss", "values": [0.31, …]}, …]}`.
  private var data: String {
    let known = StudyFigures.evenSample(of: trials, most: Self.mostKnown)
    var columns: [(name: String, values: [String])] = []
    for (place, metric) in metrics.enumerated() {
      let objective = place < specification.objectives.count ? place : nil
      columns.append(
        (
          metric,
          known.map {
            Self.cell($0.value(of: metric, objective: objective).map(ParameterValue.float))
          }
        ))
    }
    for (place, parameter) in specification.space.parameters.enumerated() {
      columns.append((parameter.name, known.map { Self.cell($0.assignment.values[place]) }))
    }
    let parts = columns.map { column in
      "{\"name\":\(JSON.text(Self.clipped(column.name, to: 80))),\"values\":[\(column.values.joined(separator: ","))]}"
    }
    let json =
      "{\"trials\":[\(known.map { String($0.number) }.joined(separator: ","))],"
      + "\"states\":\(JSON.array(known.map { .text($0.state.name) })),"
      + "\"columns\":[\(parts.joined(separator: ","))]}"
    // Nothing in it may close the element.
    return json.replacing("<", with: "\\u003c")
  }

  /// A value as JSON.
  private static func cell(_ value: ParameterValue?) -> String {
    guard let value else { return "null" }
    if let number = value.number, number.isFinite {
      let short = NumberText.short(number)
      return JSON(word: short)?.number == nil ? JSON.text(short).description : short
    }
    return JSON.text(clipped(value.number.map(NumberText.short) ?? value.description, to: 60))
      .description
  }

  private static func clipped(_ text: String, to count: Int = 2000) -> String {
    text.count > count ? text.prefix(count - 1) + "…" : text
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  private static let style =
    Asset(named: "report.css")?.text ?? ""
  private static let script =
    Asset(named: "report.js")?.text ?? ""
}
