internal import OuterloopText

/// The report: a folder that is a web site of the experiments, with a page and the files of each.
///
/// No page needs a network or a script. Stored results for the same settings are reused, so an interrupted
/// report resumes where it stopped.
public final class LaboratorySite: Sendable {
  /// An experiment in the site.
  public struct Entry: Sendable, Encodable {
    public var name: String
    public var question: String
    /// Path of its page.
    public var page: String
    public var claims: [Claim]
    /// The claims that do not hold.
    public var failed: [Claim] { claims.filter { !$0.holds } }
    /// Of its first picture, in its folder.
    var picture: String?

    enum CodingKeys: CodingKey { case name, question, page, claims }
  }

  public var path: String { folder.path }
  private let folder: RunFolder

  /// - Throws: `LabError` for a folder that cannot be written or is in use by another process.
  public init(_ path: String) throws(LabError) {
    folder = try RunFolder(path)
    try folder.require(free: ["index.html", "style.css"])
  }

  /// Adds an experiment to the site: the stored report, or otherwise the result of `run`.
  /// - Throws: `LabError` for a folder that cannot be written, and what `run` throws.
  public func add<E: Experiment>(
    _ experiment: E, run: (E, ExperimentFolder) throws -> ExperimentReport
  ) throws -> Entry {
    let own = try ExperimentFolder(folder.joined(E.name))
    if try own.stored(experiment) == nil {
      try own.store(try run(experiment, own), of: experiment)
    }
    guard let stored = try own.stored(experiment) else {
      throw LabError(
        .damaged, "\(own.path): what was stored there cannot be read", remedy: "remove the folder")
    }
    try own.write(page: ExperimentPage(experiment, stored).html)
    return Entry(
      name: E.name, question: E.about.question, page: "\(own.path)/index.html",
      claims: stored.report.claims, picture: stored.report.figures.first?.name)
  }

  /// Writes the index of all experiments in the site.
  /// - Throws: `LabError` for a folder that cannot be written.
  public func finish(_ entries: [Entry]) throws {
    let claims = entries.flatMap(\.claims)
    let cards = try entries.map { entry in
      let picture = entry.picture.map {
        "<a href=\"\(entry.name)/index.html\"><img src=\"\(entry.name)/\($0)\" alt=\"\"></a>\n"
      }
      return """
        <li>
        \(picture ?? "")<h2><a href="\(entry.name)/index.html">\(HTML.escape(entry.name))</a></h2>
        <p>\(try HTML.inline(entry.question))</p>
        \(ExperimentPage.verdict(entry.claims))
        </li>
        """
    }
    let body = """
      <h1>The laboratory of Outerloop</h1>
      <p class="lead">Hyperparameters tuned by gradient and by search: each page asks one question, shows what \
      happened, and checks the numbers against known results.</p>
      \(ExperimentPage.verdict(claims))
      <ul class="cards">
      \(cards.joined(separator: "\n"))
      </ul>

      """
    try folder.write(Stylesheet.text, to: "style.css")
    let page = HTML.document(title: "The laboratory of Outerloop", root: "", body: body)
    try folder.write(page.replacing("<body>", with: "<body class=\"index\">"), to: "index.html")
  }
}
