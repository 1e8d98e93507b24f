internal import OuterloopText

/// The page of one experiment: question, results, claims, how to reproduce it.
struct ExperimentPage {
  let about: ExperimentDescription
  let settings: [(name: String, value: String, help: String)]
  let stored: StoredReport

  init(_ experiment: some Experiment, _ stored: StoredReport) {
    about = type(of: experiment).about
    settings = Self.settings(of: experiment)
    self.stored = stored
  }

  private static func settings<E: Experiment>(
    of experiment: E
  ) -> [(name: String, value: String, help: String)] {
    E.settings.map { setting in
      let help = setting.help.components(before: [" (default:", " Default:"])
      return (setting.name, setting.words(experiment), help)
    }
  }

  /// - Throws: `LabError` for mathematics that cannot be read.
  var html: String {
    get throws(LabError) {
      let report = stored.report
      var body = """
        <nav><a href="../index.html">All experiments</a></nav>
        <h1>\(HTML.escape(about.name))</h1>
        <p class="lead">\(try HTML.inline(about.question))</p>
        \(Self.verdict(report.claims))

        """
      body += "<div class=\"figures\">\n"
      for figure in report.figures {
        body +=
          "<figure>\n\(figure.svg)<figcaption>\(try HTML.inline(figure.caption))</figcaption></figure>\n"
      }
      body += "</div>\n<h2>What is done</h2>\n<p>\(try HTML.inline(about.method))</p>\n"
      body += "<h2>The mathematics</h2>\n\(try HTML.paragraphs(about.mathematics))"
      if !report.claims.isEmpty {
        body += "<h2>Known and measured</h2>\n<ul class=\"claims\">\n"
        for claim in report.claims { body += try item(claim) }
        body += "</ul>\n"
      }
      if !report.tables.isEmpty {
        body += "<h2>The numbers</h2>\n" + report.tables.map(HTML.table).joined()
      }
      if !report.notes.isEmpty {
        let notes = report.notes.map { "<li>\(HTML.escape($0))</li>" }
        body += "<ul>\n\(notes.joined(separator: "\n"))\n</ul>\n"
      }
      return HTML.document(
        title: "\(about.name) – Outerloop laboratory", root: "../", body: body + origin)
    }
  }

  /// How many claims hold, for a page or the index.
  static func verdict(_ claims: [Claim]) -> String {
    guard !claims.isEmpty else { return "<p class=\"soft\">No claims at these settings.</p>" }
    let held = claims.count(where: \.holds)
    let isPass = held == claims.count
    let text =
      isPass
      ? "\(held) of \(claims.count) claims hold"
      : "\(claims.count - held) of \(claims.count) claims fail"
    return "<p><span class=\"badge \(isPass ? "pass" : "fail")\">\(text)</span></p>"
  }

  private func item(_ claim: Claim) throws(LabError) -> String {
    let measured = claim.measured.map(NumberText.short) ?? "no number"
    var facts = [("measured", measured)]
    if let expected = claim.expected {
      facts.append((claim.basis.rawValue, NumberText.short(expected)))
    }
    facts.append((claim.expected == nil ? claim.basis.rawValue : "accepted", claim.interval))
    let list = facts.map { "<div><dt>\($0.0)</dt><dd>\(HTML.escape($0.1))</dd></div>" }.joined()
    return """
      <li class="\(claim.holds ? "pass" : "fail")"><span class="verdict">\(claim.holds ? "pass" : "fail")</span>\
      <span>\(try HTML.inline(claim.statement))</span>
      <dl>\(list)</dl><div class="soft">\(HTML.escape(claim.check))</div></li>

      """
  }

  /// Command, settings, time and papers.
  private var origin: String {
    let rows = settings.map { setting in
      "<tr><th scope=\"row\">\(setting.name)</th><td>\(HTML.escape(setting.value))</td>"
        + "<td style=\"text-align:left\">\(HTML.escape(setting.help))</td></tr>"
    }
    let sources = about.sources.map {
      "<li><a href=\"\(HTML.escape($0.link))\">\(HTML.escape($0.title))</a></li>"
    }
    return """
      <h2>How to make it</h2>
      <pre>\(HTML.escape(stored.command))</pre>
      <p class="soft">Its runs took \(NumberText.short(stored.seconds)) s. Numbers in full:
      <a href="result.json">result.json</a>.</p>
      <div class="scroll"><table><caption>Settings</caption><tbody>
      \(rows.joined(separator: "\n"))
      </tbody></table></div>
      <h2>Sources</h2>
      <ul class="sources">
      \(sources.joined(separator: "\n"))
      </ul>

      """
  }
}

extension String {
  /// The text before the first of some words.
  fileprivate func components(before words: [String]) -> String {
    let ends = words.compactMap { range(of: $0)?.lowerBound }
    return String(self[..<(ends.min() ?? endIndex)])
  }

  private func range(of word: String) -> Range<String.Index>? { firstRange(of: word) }
}
