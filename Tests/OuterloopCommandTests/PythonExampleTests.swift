import Foundation
import Testing

/// The programs in Python of `Examples/`, where `Examples/install.sh` has installed what they need.
@Suite struct PythonExampleTests {
  private static let examples = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Examples").standardizedFileURL.path

  private let tool = Tool()

  /// The interpreter of an environment; nil where it is not installed.
  private static func python(_ environment: String) -> String? {
    let path = "\(examples)/.venv/\(environment)/bin/python"
    let stamp = "\(examples)/.venv/\(environment)/.requirements"
    return FileManager.default.fileExists(atPath: stamp) ? path : nil
  }

  /// One thread each, so that numbers do not depend on the machine's load.
  private let environment = ["OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"]

  /// The reports of a trial's log, of all its attempts in order.
  private func reports(_ trial: Int, _ place: [String]) throws -> [[String: Any]] {
    let log = try tool.object(["log", "--json", "--trial", "\(trial)"] + place)
    let text = try #require(log["text"] as? String)
    return text.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  /// No epoch of any trial was reported twice; all of them are as many as the trials' epochs.
  private func checkEpochs(_ place: [String]) throws {
    for trial in try tool.trials(place) {
      let number = try #require(trial["number"] as? Int)
      let epochs = try reports(number, place).compactMap { $0["epoch"] as? Int }
      #expect(epochs == Array(1..<epochs.count + 1), "trial \(number): \(epochs)")
      #expect(epochs.count == trial["epoch"] as? Int)
    }
  }

  // MARK: scikit-learn

  private static let space = [
    "--param", "lr=log(1e-4, 1e-1)", "--param", "solver=choice(sgd, adam)", "--param",
    "momentum=float(0, 0.95) if solver == sgd", "--param", "hidden=int(8, 64, log)", "--maximize",
    "accuracy", "--epochs", "9", "--seed", "1", "-q", "--json", "--",
  ]
  private static let words = [
    "\(examples)/sklearn_partial_fit.py", "--epochs", "{to}", "--lr", "{lr}", "--solver",
    "{solver}", "--momentum", "{momentum}", "--hidden", "{hidden}", "--seed", "{seed}",
  ]

  /// A trial that rested and went on has the values of a training in one go, to the last bit.
  @Test(.enabled(if: python("sklearn") != nil, "Examples/install.sh sklearn"))
  func partialFitGoesOnFromCheckpoints() throws {
    let python = try #require(Self.python("sklearn"))
    let record = try tool.run(
      ["tune", "--scheduler", "asha", "--trials", "9"] + Self.space + [python] + Self.words + [
        "--from", "{from}", "--checkpoint", "{checkpoint}",
      ], environment: environment
    ).object
    try checkEpochs([])
    let best = try #require(record["best"] as? [String: Any])
    let number = try #require(best["number"] as? Int)
    #expect(best["epoch"] as? Int == 9)
    let shown = try tool.object(["trials", "--json", "--trial", "\(number)"])
    #expect((shown["runs"] as? [Any])?.count == 3)
    let command = try #require(record["command"] as? [String])
    let from = try #require(command.firstIndex(of: "--from"))
    let checkpoint = try #require(command.firstIndex(of: "--checkpoint"))
    var whole = command
    (whole[from + 1], whole[checkpoint + 1]) = ("0", tool.file("whole"))
    try tool.makeFolder("whole")
    let ending = try tool.run(whole, environment: environment, shell: "exec \"$@\"")
    #expect(ending.status == 0, "\(ending.err)")
    let losses = { (reports: [[String: Any]]) in reports.compactMap { $0["loss"] as? Double } }
    let lines = ending.out.split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    #expect(lines.count == 9)
    #expect(losses(lines) == losses(try reports(number, [])))
  }

  /// The same script as it would be without a word about checkpoints.
  @Test(.enabled(if: python("sklearn") != nil, "Examples/install.sh sklearn"))
  func partialFitInOneGoIsStoppedEarly() throws {
    let python = try #require(Self.python("sklearn"))
    let words = Self.words.map { $0 == "{to}" ? "9" : $0 }
    let ending = try tool.run(
      ["tune", "--trials", "12"] + Self.space + [python] + words, environment: environment)
    #expect(ending.status == 0, "\(ending.err)")
    let states = try tool.states()
    #expect(states.contains("complete"))
    #expect(states.contains("pruned"))
  }

  // MARK: timm

  /// SIGKILL at any moment, and the same command: no epoch that was reported is trained again.
  @Test(.enabled(if: python("timm") != nil, "Examples/install.sh timm"))
  func timmGoesOnAfterAKill() throws {
    let python = try #require(Self.python("timm"))
    let outerloop = try #require(Tool.path)
    try SamplePictures.write(90, to: tool.file("idx"))
    func run(_ words: [String]) throws -> Tool.Running {
      try tool.start(
        [python] + words, environment: environment, shell: "exec \"$@\"")
    }
    let made = try run([
      "\(Self.examples)/idx_to_folders.py", "idx", "images", "--train", "48", "--validation", "24",
    ]).end()
    #expect(made.status == 0, "\(made.err)")
    let command = [
      "\(Self.examples)/timm_main.py", "--dataset", "folder", "--data-dir", "images", "--models",
      "test_resnet.r160_in1k", "--img-size", "32", "--batch-size", "16", "--workers", "0",
      "--device", "cpu", "--optimizer", "asha", "--max-epochs", "3", "--max-budget", "6",
      "--output-dir", "results", "--outerloop", outerloop,
    ]
    let first = try run(command)
    // PyTorch takes its time to start.
    for _ in 0..<3 { first.wait { first.errorText.contains("trial 0") } }
    kill(first.process.processIdentifier, SIGKILL)
    _ = try first.end()
    let place = ["--store", "results.study/outerloop.db", "--study", "timm"]
    let before = try tool.trials(place).compactMap { $0["epoch"] as? Int }.reduce(0, +)
    #expect((1..<6).contains(before))

    let other = try run(command + ["--seed", "7"]).end()
    #expect(other.status == 1)
    #expect(other.err.contains("--seed was 42"))

    let second = try run(command).end()
    #expect(second.status == 0, "\(second.err)")
    try checkEpochs(place)
    let after = try tool.trials(place).compactMap { $0["epoch"] as? Int }.reduce(0, +)
    #expect(after >= 6)
    #expect(tool.names("results").contains("best.json"))
  }
}
