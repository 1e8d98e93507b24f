import Foundation
import OuterloopCharts
import Testing

/// `outerloop plot` on studies made by `outerloop tune`.
@Suite(.serialized) struct PlotCommandTests {
  private let tool = Tool()

  private func tune(_ study: String, _ words: [String], _ program: String) throws {
    let ending = try tool.run(
      ["tune", "--study", study, "--sampler", "random", "--seed", "1"] + words
        + ["--persistent", "--", "python3", "-c", program])
    #expect(ending.status == 0, "\(ending.err)")
  }

  private func failure(_ words: [String], status: Int32) throws -> String {
    try tool.failure(["plot"] + words, status: status)
  }

  /// `Documentation/plots.md`.
  private func page() throws -> String {
    let page = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../Documentation/plots.md")
    return try String(contentsOf: page, encoding: .utf8)
  }

  private static let single = """
    import json, sys
    for line in sys.stdin:
        p = json.loads(line)["params"]
        print(json.dumps({"loss": (p["x"] - 0.3) ** 2 + p.get("y", 0)}))
        print('{"done": true}')
    """

  private static let double = """
    import json, sys
    for line in sys.stdin:
        p = json.loads(line)["params"]
        print(json.dumps({"loss": p["x"], "size": 1 - p["x"]}))
        print('{"done": true}')
    """

  @Test func drawsStudies() throws {
    let space = ["--param", "x=float(0, 1)", "--param", "y=int(1, 9) if x > 0.5", "--trials", "12"]
    try tune("one", space + ["--minimize", "loss"], Self.single)
    let kinds = [
      "history", "slices", "parallel", "rank", "model", "importance", "timeline", "distribution",
    ]
    #expect(
      try tool.run(["plot"]).out
        == kinds.map { "outerloop-plots/one/\($0).svg\n" }.joined())
    #expect(tool.names("outerloop-plots/one") == kinds.map { "\($0).svg" }.sorted())
    for name in tool.names("outerloop-plots/one") {
      let text = try tool.text("outerloop-plots/one/\(name)")
      #expect(text.hasPrefix("<svg xmlns") && text.contains("</svg>\n<!-- outerloop "))
    }
    // The order of the words says nothing; the same study gives the same bytes.
    let before = try tool.text("outerloop-plots/one/slices.svg")
    #expect(
      try tool.run(["plot", "slices", "history", "--out", "there/and/on"]).out
        == "there/and/on/history.svg\nthere/and/on/slices.svg\n")
    #expect(try tool.text("there/and/on/slices.svg") == before)

    try tune("two", space + ["--minimize", "loss", "--maximize", "size"], Self.double)
    let object = try tool.object(["plot", "--study", "two", "--json", "--out", "o"])
    #expect(Set(object.keys) == ["study", "folder", "files"])
    let files = try #require(object["files"] as? [[String: Any]])
    #expect(files.allSatisfy { Set($0.keys) == ["kind", "objective", "path"] })
    #expect(files.filter { $0["objective"] is NSNull }.count == 4)
    #expect(
      files.compactMap { ($0["path"] as? String)?.dropFirst(2) }.sorted()
        == tool.names("o").map { $0[...] })
    #expect(tool.names("o").contains("slices-size.svg") && tool.names("o").contains("front.svg"))
    #expect(
      try tool.run(["plot", "slices", "--study", "two", "--objective", "size", "--out", "o"]).out
        == "o/slices-size.svg\n")
    // The other study's curve is in the picture.
    #expect(
      try tool.run(["plot", "distribution", "--study", "one", "--compare", "two", "--out", "c"])
        .status
        == 0)
    #expect(try tool.text("c/distribution.svg").contains(">two</text>"))
  }

  /// Errors name the thing and the remedy, and leave no file.
  @Test func refuses() throws {
    try tune(
      "one", ["--param", "x=float(0, 1)", "--minimize", "loss", "--trials", "3"], Self.single)
    #expect(
      try failure(["front"], status: 64)
        == "error: study `one` has one objective, and a front needs two\n\nhint: look at its history\n"
    )
    #expect(
      try failure(["--objective", "los"], status: 64)
        == "error: study `one` has no objective `los`\n\nhint: it has `loss`\n")
    #expect(try failure(["histogram"], status: 64).contains("'histogram'"))
    #expect(
      try failure(["history", "--compare", "one"], status: 64).contains(
        "--compare is for regret or distribution only"))
    #expect(try failure(["--compare", "tow"], status: 1).contains("has no study `tow`"))
    #expect(try failure(["--out", ""], status: 64).contains("--out is empty"))
    try tool.write("", "file")
    #expect(
      try failure(["--out", "file"], status: 1)
        == "error: file: the folder cannot be made\n\nhint: name another one with --out\n")
    #expect(tool.names("outerloop-plots").isEmpty)
    #expect(try failure(["--store", "none.db"], status: 1).hasPrefix("error: "))
    #expect(!tool.has("none.db"))
  }

  /// A new plot is explained on the page.
  @Test func pageExplainsEveryPlot() throws {
    let text = try page()
    for plot in StudyPlot.all { #expect(text.contains("\n**\(plot.name)**: "), "\(plot.name)") }
  }

  /// The commands that `Documentation/plots.md` shows, on studies of those names.
  @Test func commandsOfThePage() throws {
    let parts = try page().components(separatedBy: "```")
    let commands = try #require(parts.dropFirst().first { $0.hasPrefix("sh\n") }).dropFirst(3)
    #expect(commands.split(separator: "\n").count == 4)
    let space = ["--param", "x=float(0, 1)", "--trials", "4", "--minimize", "loss"]
    try tune("digits", space + ["--minimize", "size"], Self.double)
    for name in ["tpe", "random"] { try tune(name, space, Self.single) }
    let ending = try tool.run(script: "set -e\n\(commands)")
    #expect(ending.status == 0, "\(ending.err)")
    #expect(tool.names("outerloop-plots") == ["digits", "tpe"])
    #expect(tool.names("pictures") == ["history.svg", "timeline.svg"])
  }

  /// A store that nobody may write is read all the same.
  @Test func onlyReads() throws {
    try tune(
      "one", ["--param", "x=float(0, 1)", "--minimize", "loss", "--trials", "3"], Self.single)
    let before = try tool.data("outerloop.db")
    #expect(try tool.run(["plot"]).status == 0)
    let after = try tool.data("outerloop.db")
    #expect(before == after)
  }
}
