import Foundation
import OuterloopLearning
import OuterloopStudy
import Testing

@testable import OuterloopLab

/// Reading curves-v1, sound and broken.
@Suite struct CurveFolderTests {
  @Test func readsCurves() throws {
    let files = try CurveSamples.Folder([
      "meta.json": CurveSamples.meta, "one.jsonl": CurveSamples.lines,
    ])
    let folder = try CurveFolder(files.path)
    #expect(folder.objective == .minimize("loss"))
    #expect(folder.untrainedCount == 0)
    let table = try folder.table(try folder.task("one"))
    #expect(table.space.parameters.map(\.name) == ["lr", "units", "act"])
    #expect(table.candidates.map(\.id) == [7, 8])
    #expect(table.candidates[0].values.prefix(2) == [0.9, 0.5])
    #expect(table.candidates[0].values[2].isNaN)
    #expect(table.candidates[1].values == [0.8] && table.candidates[1].epochCost == 2.5)
    #expect(table.candidates[1].assignment["act"] == "tanh")
    #expect(table.epochs == 3)
    #expect(try folder.table(folder.tasks[0], limit: 1).candidates.count == 1)
  }

  /// The first value of `taskset` is that of the untrained model, and so is that of any family that says so.
  @Test func dropsWhatPrecedesTraining() throws {
    for meta in [
      CurveSamples.meta.replacing("toy", with: "taskset"),
      CurveSamples.meta.replacing("\"minimize\"", with: "\"untrained_values\": 1, \"minimize\""),
    ] {
      let files = try CurveSamples.Folder([
        "meta.json": meta, "one.jsonl": String(CurveSamples.lines.split(separator: "\n")[0]),
      ])
      let folder = try CurveFolder(files.path)
      let candidate = try folder.table(folder.tasks[0]).candidates[0]
      #expect(candidate.untrained == 0.9)
      #expect(candidate.values.count == 2 && candidate.values[0] == 0.5)
    }
  }

  /// Lines, or parts of the description, that are wrong, and what the error says.
  static let broken: [(meta: String, lines: String, message: String)] = [
    ("{", "", "this is not JSON"),
    ("[]", "", "is not an object"),
    (CurveSamples.meta.replacing("curves-v1", with: "v2"), "", "format: \"v2\" is not"),
    (CurveSamples.meta.replacing("\"metric\"", with: "\"metrik\""), "", "there is no `metric`"),
    (CurveSamples.meta.replacing("true,\n", with: "1,\n"), "", "minimize: 1 is not true or false"),
    (CurveSamples.meta.replacing("\"int\"", with: "\"whole\""), "", "parameters[1].type"),
    (CurveSamples.meta.replacing("\"lower\": 0.001", with: "\"lower\": 2"), "", "parameters[0]"),
    (CurveSamples.meta.replacing("\"lower\": 1,", with: "\"lower\": \"a\","), "", "lower"),
    (CurveSamples.meta.replacing("\"lower\": 0.001, ", with: ""), "", "there is no `lower`"),
    (CurveSamples.meta, "", "there is no learning curve"),
    (CurveSamples.meta, "{\"id\": 1", "one.jsonl:1: this is not JSON"),
    (CurveSamples.meta, "{\"id\": 1}", "one.jsonl:1: there is no `loss`"),
    (CurveSamples.meta, "{\"loss\": 1}", "loss: 1 is not a list of numbers"),
    (CurveSamples.meta, "{\"loss\": [1, \"x\"]}", "loss[1]: \"x\" is not a number or null"),
    (CurveSamples.meta, "{\"loss\": []}", "the curve has 0 values"),
    (CurveSamples.meta, "{\"loss\": [1]}", "there is no `config`"),
    (CurveSamples.meta, "{\"loss\": [1], \"config\": 3}", "config: 3 is not an object"),
    (CurveSamples.meta, "{\"loss\": [1], \"config\": {\"lr\": [1]}}", "lr: [1] is not a number"),
    (CurveSamples.meta, "{\"loss\": [1], \"config\": {\"lr\": 0.1}}", "`units` has no value"),
    (CurveSamples.meta, "{\"loss\": [1], \"config\": {\"depth\": 1}}", "no parameter `depth`"),
    (
      CurveSamples.meta,
      CurveSamples.lines.replacing("\"lr\": 0.1,", with: "\"lr\": 1.5,"), "one.jsonl:2: config"
    ),
    (
      CurveSamples.meta, CurveSamples.lines.replacing("\"id\": 8", with: "\"id\": 1.5"),
      "one.jsonl:2: id"
    ),
    (CurveSamples.meta, CurveSamples.lines.replacing("2.5", with: "-1"), "costs -1.0"),
  ]

  @Test(arguments: broken)
  func saysWhatIsWrong(_ meta: String, _ lines: String, _ message: String) throws {
    let files = try CurveSamples.Folder(["meta.json": meta, "one.jsonl": lines])
    let error = #expect(throws: (any Error).self) {
      let folder = try CurveFolder(files.path)
      _ = try folder.table(folder.tasks[0])
    }
    let text = "\(try #require(error))"
    #expect(text.contains(message), "\(text)")
    #expect(text.contains("; "), "no remedy: \(text)")
  }

  @Test func filesThatAreNotThere() throws {
    let files = try CurveSamples.Folder(["meta.json": CurveSamples.meta])
    #expect(throws: DataError.self) { try CurveFolder(files.path + "/none") }
    let folder = try CurveFolder(files.path)
    #expect(throws: DataError.self) { try folder.table(folder.tasks[0]) }
    let error = #expect(throws: LabError.self) { try folder.task("two") }
    #expect(error?.remedy == "use one of one")
  }

  /// A gzip file that breaks off.
  @Test func truncatedGzip() throws {
    let files = try CurveSamples.Folder(["meta.json": CurveSamples.meta])
    // gzip of "{\"id\": 1}\n" without its last ten bytes.
    let bytes: [UInt8] = [
      0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0xAB, 0x56, 0xCA, 0x4C, 0x51, 0xB2, 0x52,
    ]
    try files.write(Data(bytes), to: "one.jsonl")
    let folder = try CurveFolder(files.path)
    let error = #expect(throws: DataError.self) { try folder.table(folder.tasks[0]) }
    #expect(error?.cause == .truncated)
  }

  @Test func scores() throws {
    let table = try CurveSamples.table([[1, 0.5], [2, .nan], [4, 8], [3, 0]]).normalized()
    // The median first loss is 2.5.
    #expect(table.candidates.map(\.values) == [[0.6, 0.8], [0.2, 0], [0, 0], [0, 1]])
    #expect(table.objective == .maximize("score"))
    let rising = try CurveSamples.table([[1, 3], [3, 1]], objective: .maximize("bleu"))
    #expect(try rising.normalized().candidates.map(\.values) == [[0, 0.5], [0.5, 0]])
    #expect(throws: LabError.self) { try CurveSamples.table([[.nan]]).normalized() }
  }

  /// Every published table, where a checkout has them beside it.
  @Test(
    .enabled(if: CurveSamples.shared("taskset") != nil),
    arguments: ["taskset", "lcbench", "nmtlc", "lcdb11"])
  func publishedTables(_ family: String) throws {
    let folder = try CurveFolder(try #require(CurveSamples.shared(family)))
    let table = try folder.table(folder.tasks[0])
    let lengths = ["taskset": 50, "lcbench": 51]
    if let length = lengths[family] {
      #expect(table.candidates.allSatisfy { $0.values.count == length })
    }
    let counts = ["taskset": 1_000, "lcbench": 2_000]
    if let count = counts[family] { #expect(table.candidates.count == count) }
    let scores = try table.normalized().candidates.flatMap(\.values)
    #expect(scores.allSatisfy { $0 >= 0 && $0.isFinite })
    #expect((scores.max() ?? 0) > 0)
  }
}
