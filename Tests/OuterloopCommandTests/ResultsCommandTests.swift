import Foundation
import Testing

/// The folder of a study's results, by `tune --output`, `resume` and `export --format results`.
@Suite struct ResultsCommandTests {
  private let tool = Tool()

  /// Trains from epoch to epoch with a checkpoint of some bytes.
  private static let careful = """
    import json, os
    asked = json.load(open(os.environ["OUTERLOOP_TRIAL"]))
    saved = os.path.join(asked["checkpoint"], "state")
    for epoch in range(asked["fromEpoch"] + 1, asked["toEpoch"] + 1):
        loss = asked["params"]["x"] + 1 / epoch
        print(json.dumps({"epoch": epoch, "loss": loss, "seconds": 0.5}), flush=True)
        with open(saved + ".part", "w") as file:
            file.write(str(epoch).ljust(int(os.environ.get("SIZE", "9"))))
        os.rename(saved + ".part", saved)
        print(json.dumps({"epoch": epoch, "checkpoint": "state"}), flush=True)
    """

  private func tune(_ words: [String], _ program: [String] = ["python3", "train.py"]) -> [String] {
    [
      "tune", "--param", "x=float(0, 1)", "--minimize", "loss", "--epochs", "9", "--scheduler",
      "asha", "--sampler", "random", "--seed", "1", "-q", "--output", "results",
    ] + words + ["--"] + program
  }

  private func record(_ name: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: tool.data(name)) as? [String: Any])
  }

  private func rows(_ name: String) throws -> [[String]] {
    try tool.text(name).split(separator: "\n").dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// What the folder has to say, all of it.
  private func checkWhole(_ folder: String = "results", epochs: Int? = nil) throws {
    let study = try record("\(folder)/study.json")
    let log = try rows("\(folder)/log.csv")
    #expect(study["totalEpochs"] as? Int == log.count)
    if let epochs { #expect(log.count == epochs) }
    let best = try record("\(folder)/best.json")
    let losses = log.compactMap { Double($0[3]) }
    let trajectory = try rows("\(folder)/trajectory.csv").compactMap { Double($0[4]) }
    #expect(trajectory.last == losses.min() && trajectory == trajectory.sorted(by: >))
    let place = try #require(best["checkpoint"] as? String)
    let state = try tool.text("\(folder)/\(place)/state").trimmingCharacters(in: .whitespaces)
    #expect(best["epoch"] as? Int == Int(state))
    #expect(tool.names("\(folder)/checkpoints").count == 1)
    let isTrainedOn = log.contains { $0[2] != "1" }
    #expect(tool.names("\(folder)/plots").contains("rungs.svg") == isTrainedOn)
    let parts = FileManager.default.enumerator(atPath: tool.file(folder))?
      .compactMap { $0 as? String }.filter { $0.hasSuffix(".part") }
    #expect(parts == [])
  }

  @Test func tuneAndResume() throws {
    try tool.write(Self.careful, "train.py")
    let first = try tool.object(tune(["--trials", "9", "--json"]))
    let folder = try #require(first["output"] as? String)
    #expect(folder.hasPrefix("/") && folder.hasSuffix("/results"))
    try checkWhole()
    #expect(
      tool.names("results") == [
        ".outerloop-folder.json", "best.json", "checkpoints", "log.csv", "plots", "study.json",
        "trajectory.csv",
      ])
    let best = try tool.object(["best", "--json"])
    let leader = (best["leading"] as? [String: Any]) ?? (best["best"] as? [String: Any])
    #expect(try record("results/best.json")["trial"] as? Int == leader?["number"] as? Int)

    // The study knows its folder; what is not its own stays.
    try tool.write("mine", "results/notes.txt")
    let before = try tool.text("results/log.csv")
    _ = try tool.object(["resume", "--trials", "20", "-q", "--json"])
    try checkWhole()
    #expect(try tool.text("results/log.csv").hasPrefix(before))
    #expect(try tool.text("results/notes.txt") == "mine")

    // One that was changed stops nothing but is not replaced.
    try tool.write("edited", "results/best.json")
    let ending = try tool.run(["resume", "--trials", "21", "--json"])
    #expect(ending.status == 1)
    #expect(try ending.object["ending"] as? String == "budget")
    #expect(ending.err.contains("/results/best.json` was changed since it was written"))
    #expect(
      ending.err.contains("outerloop export --study study --format results --out FOLDER"))
    #expect(try tool.text("results/best.json") == "edited")

    // Another folder from here on.
    _ = try tool.object(["resume", "--trials", "22", "-q", "--json", "--output", "other"])
    try checkWhole("other")
    _ = try tool.object(["resume", "--trials", "23", "-q", "--json"])
    try checkWhole("other")
    #expect(try record("other/study.json")["totalEpochs"] as? Int ?? 0 > 23)
  }

  /// Killed at any moment, also while the folder is written, the study goes on and the folder is whole.
  @Test(arguments: ["results/.outerloop-folder.json", "results/checkpoints", "results/plots"])
  func killed(_ sign: String) throws {
    try tool.write(Self.careful, "train.py")
    // Checkpoints that take a while to copy.
    let running = try tool.start(
      tune(["--trials", "4", "--json"]), environment: ["SIZE": "20000000"])
    running.wait { tool.has(sign) && tool.has("outerloop.trials/study/0/log.txt") }
    kill(running.process.processIdentifier, SIGKILL)
    _ = try running.end()
    let ending = try tool.run(["resume", "--json", "-q"], environment: ["SIZE": "20000000"])
    #expect(ending.status == 0, "\(ending.err)")
    try checkWhole()
  }

  /// Ctrl-C while trials run: what there is by then.
  @Test func interrupted() throws {
    try tool.write(
      Self.careful.replacing("import json, os", with: "import json, os, time; time.sleep(0.2)"),
      "train.py")
    let running = try tool.start(tune(["--trials", "200"]))
    running.wait { tool.names("outerloop.trials/study").count > 3 }
    kill(running.process.processIdentifier, SIGINT)
    #expect(try running.end().status == 130)
    try checkWhole()
  }

  /// A folder that cannot be used ends the command before there is a study.
  @Test func folders() throws {
    try tool.write(Self.careful, "train.py")
    try tool.write("text", "file")
    try tool.makeFolder("full")
    try tool.write("text", "full/thesis.tex")
    let cases = [
      ("file", "`file` is not a folder", "name another folder"),
      ("file/below", "/file` is not a folder", "name another folder"),
      (
        "full", "the folder `full` holds other files, such as `thesis.tex`", "name a folder that is"
      ),
      ("outerloop.trials/x", "is in the folder of the trials of", "name another"),
    ]
    // The trials of a store that is there.
    _ = try tool.run(
      [
        "tune", "--study", "a", "--param", "x=int(1, 1)", "--minimize", "loss", "--trials", "1",
        "-q",
      ]
        + ["--", "echo", "{\"loss\": 1}"])
    for (folder, what, hint) in cases {
      var words = tune(["--trials", "3"])
      words[words.firstIndex(of: "results") ?? 0] = folder
      let error = try tool.failure(words)
      #expect(error.contains(what) && error.contains("hint: \(hint)"), "\(error)")
    }
    let studies = try tool.list(["studies", "--json"])
    #expect(studies.map { $0["study"] as? String } == ["a"])
    #expect(tool.names("full") == ["thesis.tex"])
    #expect(
      try tool.failure(tune(["--output", "", "--trials", "3"]), status: 64).contains(
        "--output is empty"))

    #expect(
      try tool.failure(
        ["retry", "--failed", "--no-run", "--output", "results"], status: 64
      ).contains("--output is for a run, and --no-run makes none"))

    // Two studies do not share one.
    #expect(try tool.run(tune(["--trials", "3"])).status == 0)
    let error = try tool.failure(tune(["--trials", "3", "--study", "b"]))
    #expect(
      error.contains("/results` holds what was written for study `study` with seed 1"))
  }

  /// Where nobody may write, that is said before anything is trained.
  @Test(.enabled(if: getuid() != 0, "root may write everywhere")) func writeProtected() throws {
    try tool.makeFolder("results")
    chmod(tool.file("results"), 0o555)
    let error = try tool.failure(tune(["--trials", "3"]))
    #expect(error.contains("Permission denied") && !tool.has("outerloop.db"), "\(error)")
  }

  /// No trial is complete: the one that leads is the best there is.
  @Test func noCompleteTrial() throws {
    try tool.write(Self.careful, "train.py")
    _ = try tool.object(tune(["--trials", "2", "--total-epochs", "2", "--json"]))
    try checkWhole(epochs: 2)
    #expect(try record("results/best.json")["state"] as? String == "paused")
  }

  /// No trial has a value: tables without rows.
  @Test func nothingFound() throws {
    let ending = try tool.run(tune(["--trials", "2"], ["false"]))
    #expect(ending.status == 1)
    #expect(try rows("results/log.csv").isEmpty && rows("results/trajectory.csv").isEmpty)
    #expect(!tool.has("results/best.json"))
    let counts = try record("results/study.json")["trials"] as? [String: Int]
    #expect(counts == ["failed": 2])
  }

  @Test func export() throws {
    try tool.write(Self.careful, "train.py")
    #expect(try tool.run(tune(["--trials", "9"])).status == 0)
    let words = ["export", "--format", "results", "--out", "there/and/on"]
    let ending = try tool.run(words)
    #expect(ending.status == 0, "\(ending.err)")
    let paths = ending.out.split(separator: "\n").map(String.init)
    #expect(paths.first == "there/and/on/study.json" && paths.allSatisfy(tool.has))
    #expect(paths.last?.hasPrefix("there/and/on/checkpoints/trial-") == true)
    try checkWhole("there/and/on")
    // The same study gives the same bytes, and a folder that is there is filled again.
    for name in ["study.json", "best.json", "log.csv", "trajectory.csv"] {
      #expect(try tool.data("there/and/on/\(name)") == tool.data("results/\(name)"))
    }
    #expect(try tool.run(words).out == ending.out)

    #expect(
      try tool.failure(["export", "--format", "results"], status: 64).contains(
        "--format results writes a folder: name it by --out"))
    #expect(
      try tool.failure(words + ["--force"], status: 64).contains("nothing else is replaced"))
    try tool.write("mine", "there/and/on/log.csv")
    #expect(try tool.failure(words).contains("/there/and/on/log.csv` was changed"))
    #expect(try tool.text("there/and/on/log.csv") == "mine")
  }

  /// A checkpoint that is gone or damaged is not copied, and that is said.
  @Test func damagedCheckpoints() throws {
    try tool.write(Self.careful, "train.py")
    #expect(try tool.run(tune(["--trials", "9"])).status == 0)
    let best = try #require(try record("results/best.json")["trial"] as? Int)
    try FileManager.default.removeItem(atPath: tool.file("outerloop.trials/study/\(best)"))
    let ending = try tool.run(["export", "--format", "results", "--out", "new"])
    #expect(ending.status == 0)
    #expect(
      ending.err.contains("note: the checkpoint of trial \(best) at epoch 9 is gone"),
      "\(ending.err)")
    #expect(try record("new/best.json")["checkpoint"] is NSNull)
  }

  @Test func severalObjectives() throws {
    let program = """
      import json, sys
      x = float(sys.argv[1])
      for epoch in (1, 2, 3):
          print(json.dumps({"epoch": epoch, "loss": x, "size": 1 - x}))
      """
    try tool.write(program, "train.py")
    let ending = try tool.run([
      "tune", "--param", "x=float(0, 1)", "--minimize", "loss", "--minimize", "size", "--epochs",
      "3", "--scheduler", "none", "--trials", "4", "--seed", "1", "--output", "results", "--",
      "python3", "train.py", "{x}",
    ])
    #expect(ending.status == 0 && ending.err.contains("; results in "), "\(ending.err)")
    let front = try #require(
      try JSONSerialization.jsonObject(with: tool.data("results/front.json")) as? [[String: Any]])
    #expect(front.count == 4 && front.allSatisfy { $0["checkpoint"] is NSNull })
    #expect(!tool.has("results/best.json"))
    let header = try tool.text("results/trajectory.csv").split(separator: "\n").first
    #expect(header == "totalEpochs,totalSeconds,trial,epoch,best.loss,best.size")
  }

  /// The quick start of the page runs as it stands there, with a smaller budget; its Swift is the example.
  @Test func quickStartOfThePage() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    func page(_ name: String) throws -> String {
      try String(contentsOf: root.appending(path: "Documentation/\(name)"), encoding: .utf8)
    }
    let blocks = try page("from-hpo4dl.md").components(separatedBy: "```")
    func block(_ language: String, _ start: String = "") throws -> String {
      let block = try #require(blocks.first { $0.hasPrefix("\(language)\n\(start)") })
      return String(block.dropFirst(language.count + 1))
    }
    let example = try String(
      contentsOf: root.appending(path: "Examples/Sources/Tuner/main.swift"), encoding: .utf8)
    #expect(try block("swift") == example)
    try tool.write(try block("python", "# train.py"), "train.py")
    let command = try block("sh")
    #expect(command.contains("--total-epochs 1000"))
    let ending = try tool.run(
      script: command.replacing("--total-epochs 1000", with: "--total-epochs 40"))
    #expect(ending.status == 0, "\(ending.err)")
    #expect(try record("results/study.json")["totalEpochs"] as? Int ?? 0 >= 40)
    let best = try record("results/best.json")
    let place = try #require(best["checkpoint"] as? String)
    #expect(try tool.text("results/\(place)/model.json").contains("\(best["epoch"] ?? 0)"))
    // Every file that the page names is there.
    let found = try page("training-by-epochs.md").components(separatedBy: "\n## What was found\n")
    let table = try #require(found.last)
    for name in ["best.json", "checkpoints", "trajectory.csv", "log.csv", "study.json", "plots"] {
      #expect(table.contains("| `\(name)") && tool.has("results/\(name)"))
    }
    for key in best.keys { #expect(table.contains("`\(key)`"), "\(key)") }
    for key in try record("results/study.json").keys {
      #expect(table.contains("`\(key)`"), "\(key)")
    }
  }
}
