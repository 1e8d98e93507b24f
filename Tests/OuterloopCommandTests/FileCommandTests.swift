import Foundation
import Testing

@testable import OuterloopCommand

/// Files of the user's: no command destroys what it was not asked to replace.
@Suite(.serialized) struct FileCommandTests {
  private let tool = Tool()

  private func tune(_ study: String = "one") throws {
    let ending = try tool.run([
      "tune", "--study", study, "--param", "x=float(0, 1)", "--minimize", "loss", "--trials", "3",
      "--seed", "1", "--persistent", "-q", "--", "python3", "-c",
      """
      import json, sys
      for line in sys.stdin:
          print(json.dumps(dict(loss=json.loads(line)["params"]["x"])))
          print(json.dumps(dict(done=True)))
      """,
    ])
    #expect(ending.status == 0, "\(ending.err)")
  }

  private func refused(_ words: [String], _ what: String, status: Int32 = 1) throws {
    let ending = try tool.run(words)
    #expect(ending.status == status, "\(words): \(ending.err)")
    #expect(ending.err.contains(what), "\(words): \(ending.err)")
  }

  @Test(arguments: ["csv", "json", "jsonl", "optuna"])
  func exportsReplaceNothing(_ format: String) throws {
    try tune()
    let export = ["export", "--format", format, "--out"]
    let store = try tool.data("outerloop.db")
    let files = FileManager.default
    try files.createSymbolicLink(atPath: tool.file("link.db"), withDestinationPath: "outerloop.db")
    try files.linkItem(atPath: tool.file("outerloop.db"), toPath: tool.file("hard.db"))
    for name in ["outerloop.db", "./outerloop.db", tool.file("outerloop.db"), "link.db", "hard.db"]
    {
      for force in [[], ["--force"]] { try refused(export + [name] + force, "a store of studies") }
    }
    for name in ["outerloop.db-wal", "outerloop.db-shm", "outerloop.db-journal"] {
      for force in [[], ["--force"]] {
        try refused(export + [name] + force, "belongs to the database")
        #expect(!tool.has(name))
      }
    }
    for name in ["folder", "outerloop.trials/one"] { try tool.makeFolder(name) }
    try refused(export + ["outerloop.trials/one/new"], "in the folder of the trials of")
    try refused(export + ["folder", "--force"], "is a folder")
    try tool.write("mine", "there")
    try refused(export + ["there"], "add --force to replace it, or name another file")
    #expect(try tool.text("there") == "mine")
    #expect(try tool.data("outerloop.db") == store)
    #expect(try tool.run(export + ["there", "--force"]).status == 0)
    #expect(try tool.data("there").count > 20)
    // An error part-way leaves what was there.
    try tool.write("mine", "kept")
    try refused(export + ["kept", "--force", "--study", "none"], "has no study")
    #expect(try tool.text("kept") == "mine")
    #expect(tool.names("").filter { $0.hasSuffix(".part") }.isEmpty)
  }

  @Test func standardOutputIsAFileToo() throws {
    try tune()
    let csv = try tool.run(["export"]).out
    #expect(csv.hasPrefix("number,state"))
    #expect(try tool.run(["export", "--out", "/dev/stdout"]).out == csv)
    #expect(try tool.run(["export", "--out", "/dev/null"]).status == 0)
    let piped = try tool.run([], shell: "\"$0\" export --out /dev/stdout | cat")
    #expect(piped.out == csv)
    let ending = try tool.run(
      [], shell: "mkfifo p; cat p > read & \"$0\" export --out p; wait; cat read")
    #expect(ending.out == csv)
  }

  /// Pictures are drawn anew; what is no picture as it was drawn stays.
  @Test func pictures() throws {
    try tune()
    #expect(try tool.run(["plot"]).status == 0)
    let history = "outerloop-plots/one/history.svg"
    let drawn = try tool.text(history)
    #expect(try tool.run(["plot"]).status == 0)
    #expect(try tool.text(history) == drawn)
    let edited = drawn.replacing("history", with: "my history")
    try tool.write(edited, history)
    try refused(["plot"], "add --force to replace it, or name another file")
    #expect(try tool.text(history) == edited)
    #expect(try tool.run(["plot", "--force"]).status == 0)
    #expect(try tool.text(history) == drawn)
    try tool.write("<svg xmlns='mine'/>", "slices.svg")
    try refused(["plot", "--out", "."], "there is a file `./slices.svg` already")
    // None of the others either.
    #expect(!tool.names("").contains("history.svg"))
    try refused(["plot", "--out", "outerloop.trials/one"], "in the folder of the trials of")
  }

  @Test func pictureMarks() {
    let signed = PictureFile.signed("<svg>\n</svg>\n")
    #expect(PictureFile.isAsDrawn(Data(signed.utf8)))
    for text in [
      "", "\n", "<svg>\n</svg>\n", signed + "\n", " " + signed, String(signed.dropLast()),
    ] {
      #expect(!PictureFile.isAsDrawn(Data(text.utf8)), "\(text)")
    }
  }

  /// Folders of results: only what was written there before is replaced or removed.
  @Test(arguments: [
    ["lab", "estimators", "--out", "d"], ["demo", "--out", "d"],
    ["demo", "--out", "d", "--restart"],
  ])
  func folders(_ words: [String]) throws {
    try tool.makeFolder("d")
    try tool.write("mine", "d/result.json")
    for _ in 0..<2 {
      try refused(words, "there is such a file already, which no earlier run here has written")
    }
    #expect(try tool.text("d/result.json") == "mine")
  }
}
