import Foundation
import OuterloopLab
import Testing

/// The experiments as commands: small settings, real processes.
@Suite struct LabCommandTests {
  private let tool = Tool()

  /// Words, and the columns that its table must have.
  static let experiments: [(words: [String], name: String, column: String)] = [
    (["estimators", "--steps", "5", "--repeats", "1"], "estimators", "norm ratio"),
    (
      [
        "sinusoid", "--seeds", "1", "--trainings", "2", "--test-tasks", "5", "--method", "one-step",
        "distill",
      ], "sinusoid", "published"
    ),
    (
      ["noisy-labels", "--seeds", "1", "--updates", "2", "--train", "60", "--method", "greedy"],
      "noisy-labels", "weight, wrong"
    ),
    (
      [
        "learning-curves", "--problems", "1", "--configurations", "20", "--epochs", "40", "--seeds",
        "1",
      ], "learning-curves", "mean rank"
    ),
  ]

  @Test(arguments: experiments)
  func leavesItsFiles(_ words: [String], _ name: String, _ column: String) throws {
    let ending = try tool.run(["lab"] + words + ["--out", "results"])
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.out.contains(column))
    let names = tool.names("results")
    #expect(names.contains("result.json") && names.contains("result.md"))
    #expect(names.contains { $0.hasSuffix(".svg") })
    let again = try tool.run(["lab"] + words + ["--out", "results", "--json", "--quiet"])
    let record = try again.object
    #expect(record["experiment"] as? String == name)
    #expect(
      Set(record.keys) == [
        "experiment", "question", "command", "key", "settings", "seconds", "tables", "claims",
        "notes", "figures", "captions",
      ])
    #expect(again.err.isEmpty)
  }

  /// Experiments with seeds, long enough to be killed between two of them.
  static let withSeeds: [(words: [String], runs: Int)] = [
    (
      [
        "sinusoid", "--seeds", "6", "--trainings", "12", "--test-tasks", "5", "--method",
        "one-step",
        "distill",
      ], 12
    ),
    (
      [
        "noisy-labels", "--seeds", "15", "--updates", "3", "--train", "60", "--method", "greedy",
        "none",
      ], 30
    ),
    (
      [
        "learning-curves", "--problems", "1", "--configurations", "500", "--epochs", "2000",
        "--seeds", "6", "--method", "none", "one-epoch",
      ], 12
    ),
  ]

  /// Killed without warning again and again, the runs that are done stay, and the report is the same.
  @Test(arguments: withSeeds)
  func survivesBeingKilled(_ words: [String], _ runs: Int) throws {
    #expect(try tool.run(["lab"] + words + ["--out", "whole"]).status == 0)
    let broken = ["lab"] + words + ["--out", "broken"]
    /// Names of the runs that are stored, with what they found.
    func stored() throws -> [String: NSObject] {
      let files = tool.names("broken").filter { $0.hasPrefix("runs-") }
      #expect(files.count <= 1)
      guard let file = files.first else { return [:] }
      let data = try tool.data("broken/" + file)
      let runs = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
      return runs.mapValues { NSDictionary(dictionary: ["run": $0]) }
    }
    for _ in 0..<3 {
      let before = try stored()
      let running = try tool.start(broken)
      running.wait { (try? stored().count) ?? 0 > before.count }
      kill(running.process.processIdentifier, SIGKILL)
      #expect(try running.end().isSignal)
      let after = try stored()
      #expect(before.allSatisfy { after[$0.key] == $0.value })
      #expect(after.count > before.count && after.count < runs)
    }
    let kept = try stored()
    let last = try tool.run(broken)
    #expect(last.status == 0)
    #expect(last.err.contains("\(kept.count) runs were done and stored in broken"))
    let all = try stored()
    #expect(all.count == runs && kept.allSatisfy { all[$0.key] == $0.value })
    /// Tables and notes, without times.
    func report(_ folder: String) throws -> NSDictionary {
      let data = try tool.data(folder + "/result.json")
      var record = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
      for key in ["seconds", "figures"] { record[key] = nil }
      record["tables"] = (record["tables"] as? [[String: Any]])?.map { table in
        var table = table
        let columns = table["columns"] as? [String] ?? []
        table["rows"] = (table["rows"] as? [[String: Any]])?.map { row in
          var row = row
          row["values"] = zip(columns, row["values"] as? [Any] ?? [])
            .filter { !["seconds", "ms per suggestion"].contains($0.0) }
            .map(\.1)
          return row
        }
        return table
      }
      return record as NSDictionary
    }
    #expect(try report("whole") == report("broken"))
    let figure = try #require(tool.names("whole").first { $0.hasSuffix(".svg") })
    #expect(try tool.text("whole/" + figure) == tool.text("broken/" + figure))
  }

  /// More seeds and other methods use the runs that are there; other settings do not; nor does
  /// `--restart`. Damage is found.
  @Test func findsItsRuns() throws {
    func run(_ words: String...) throws -> Tool.Ending {
      try tool.run(
        ["lab", "sinusoid", "--trainings", "1", "--test-tasks", "3", "--out", "results"] + words)
    }
    func taken(_ ending: Tool.Ending) -> Int {
      let line = ending.err.split(separator: "\n").first { $0.contains("runs were done") }
      return line?.split(separator: " ").first.flatMap { Int($0) } ?? 0
    }
    #expect(taken(try run("--seeds", "2", "--method", "one-step")) == 0)
    #expect(taken(try run("--seeds", "3", "--method", "distill", "one-step")) == 2)
    #expect(taken(try run("--seeds", "3", "--method", "one-step", "--outer-rate", "0.002")) == 0)
    #expect(taken(try run("--seeds", "3", "--method", "one-step")) == 3)
    #expect(taken(try run("--seeds", "3", "--method", "one-step", "--restart")) == 0)
    let file = try #require(tool.names("results").first { $0.hasPrefix("runs-") })
    try tool.write("{\"one-step, seed 0\": 3}", "results/" + file)
    let ending = try run("--seeds", "3", "--method", "one-step")
    #expect(ending.status == 1)
    #expect(ending.err.contains("results/\(file): these are not the runs of this experiment"))
  }

  @Test func listsAll() throws {
    let text = try tool.run(["lab"]).out
    let entries = try tool.list(["lab", "list", "--json"])
    #expect(entries.compactMap { $0["name"] as? String } == Laboratory.all.map { $0.name })
    for experiment in Laboratory.all { #expect(text.contains(experiment.name)) }
  }

  @Test(arguments: [
    (["sinusoid", "--seeds", "0"], "--seeds 0 is out of range"),
    (["sinusoid", "--gamma", "1.5"], "--gamma 1.5 is out of range"),
    (["sinusoid", "--method", "guess"], "--method guess is out of range"),
    (["noisy-labels", "--noise", "2"], "--noise 2.0 is out of range"),
    (["noisy-labels", "--train", "100000"], "100001 examples are needed"),
    (["noisy-labels", "--choice", "nowhere.csv"], "nowhere.csv"),
    (["learning-curves", "--workers", "0"], "--workers 0 is out of range"),
    (["learning-curves", "--data", "nowhere"], "nowhere/meta.json: no such file"),
    (["learning-curves", "--method", "guess"], "no method `guess`"),
    (["estimators", "--steps", "1"], "--steps 1 is out of range"),
  ])
  func complains(_ words: [String], _ what: String) throws {
    let ending = try tool.run(["lab"] + words + ["--out", "results"])
    #expect(ending.status != 0)
    #expect(ending.err.contains(what), "\(ending.err)")
    #expect(ending.err.contains("hint:"))
    #expect(ending.out.isEmpty)
    #expect(tool.names("results").isEmpty)
  }

  /// A number with a minus looks like an option: what to write instead is said.
  @Test func negativeNumbers() throws {
    let ending = try tool.run(["lab", "hoag", "--quick", "--lowest", "-14"])
    #expect(ending.status == 64)
    #expect(ending.err.contains("hint: write --lowest=-14\n"), "\(ending.err)")
  }

  /// Each experiment is a command made of its settings.
  @Test(arguments: Laboratory.all.map { $0.name }) func hasACommand(_ name: String) throws {
    let help = try tool.run(["lab", name, "--help"])
    #expect(help.status == 0)
    func names<E: Experiment>(_: E.Type) -> [String] { E.settings.map(\.name) }
    let experiment = try Laboratory.named(name)
    for setting in names(experiment) + ["quick", "restart", "out"] {
      #expect(help.out.contains("--\(setting)"), "\(setting)")
    }
    let wrong = try tool.run(["lab", name, "--no-such-setting", "1", "--out", "results"])
    #expect(wrong.status == 64 && wrong.err.contains("hint:") && tool.names("results").isEmpty)
  }

  /// A site of one experiment; run again it takes what is there.
  @Test func report() throws {
    let words = ["lab", "report", "--out", "site", "--quick", "toy-orders"]
    let ending = try tool.run(words)
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.out.contains("pass  "))
    #expect(tool.names("site") == [".lock", "index.html", "style.css", "toy-orders"])
    let page = try tool.text("site/toy-orders/index.html")
    let again = try tool.run(words + ["--json"])
    let record = try again.object
    #expect((record["experiments"] as? [[String: Any]])?.count == 1)
    #expect(try tool.text("site/toy-orders/index.html") == page)
    let unknown = try tool.run(["lab", "report", "--out", "other", "nothing"])
    #expect(unknown.status == 64 && unknown.err.contains("no experiment `nothing`"))
    #expect(tool.names("other").isEmpty)
  }

  /// A claim that does not hold is named, on the page and by the exit status.
  @Test func reportOfAFailedClaim() throws {
    let words = ["lab", "report", "--out", "site", "--quick", "toy-drmad"]
    #expect(try tool.run(words).status == 0)
    let file = "site/toy-drmad/result.json"
    let data = try tool.data(file)
    var record = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    var claims = try #require(record["claims"] as? [[String: Any]])
    claims[0]["measured"] = 12.5
    record["claims"] = claims
    try tool.write(
      String(decoding: JSONSerialization.data(withJSONObject: record), as: UTF8.self), file)
    let ending = try tool.run(words)
    #expect(ending.status == 1)
    #expect(ending.err.contains("1 claim failed"))
    #expect(ending.err.contains("toy-drmad: FAIL  dE/dh of reverse mode: 12.50"))
    #expect(try tool.text("site/toy-drmad/index.html").contains("1 of 7 claims fail"))
    #expect(try tool.text("site/index.html").contains("1 of 7 claims fail"))
  }
}
