import Foundation
import Testing

/// The experiments as commands: small settings, real processes.
@Suite struct LabCommandTests {
  private let tool: Tool

  init() throws {
    tool = try Tool()
  }

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
  ]

  @Test(arguments: experiments)
  func leavesItsFiles(_ words: [String], _ name: String, _ column: String) throws {
    defer { tool.remove() }
    let ending = try tool.run(["lab"] + words + ["--out", "results"])
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.out.contains(column))
    let names = tool.names("results")
    #expect(names.contains("result.json") && names.contains("result.md"))
    #expect(names.contains { $0.hasSuffix(".svg") })
    let again = try tool.run(["lab"] + words + ["--out", "results", "--json", "--quiet"])
    let record = try #require(
      JSONSerialization.jsonObject(with: Data(again.out.utf8)) as? [String: Any])
    #expect(record["experiment"] as? String == name)
    #expect(
      Set(record.keys) == [
        "experiment", "claim", "settings", "seconds", "tables", "notes", "figures",
      ])
    #expect(again.err.isEmpty)
  }

  @Test func listsAll() throws {
    defer { tool.remove() }
    let text = try tool.run(["lab"]).out
    let entries = try #require(
      JSONSerialization.jsonObject(with: Data(tool.run(["lab", "list", "--json"]).out.utf8))
        as? [[String: String]])
    #expect(entries.count == Self.experiments.count)
    for experiment in Self.experiments {
      #expect(text.contains(experiment.name))
      #expect(entries.contains { $0["name"] == experiment.name })
    }
  }

  @Test(arguments: [
    (["sinusoid", "--seeds", "0"], "--seeds 0 is out of range"),
    (["sinusoid", "--gamma", "1.5"], "--gamma 1.5 is out of range"),
    (["sinusoid", "--method", "guess"], "--method guess is out of range"),
    (["noisy-labels", "--noise", "2"], "--noise 2.0"),
    (["noisy-labels", "--train", "100000"], "100001 examples are needed"),
    (["noisy-labels", "--choice", "nowhere.csv"], "nowhere.csv"),
    (["estimators", "--steps", "1"], "--steps [1] is out of range"),
  ])
  func complains(_ words: [String], _ what: String) throws {
    defer { tool.remove() }
    let ending = try tool.run(["lab"] + words + ["--out", "results"])
    #expect(ending.status != 0)
    #expect(ending.err.contains(what), "\(ending.err)")
    #expect(ending.err.contains("hint:"))
    #expect(ending.out.isEmpty)
    #expect(tool.names("results").isEmpty)
  }
}
