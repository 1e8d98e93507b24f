import Foundation
import Testing

/// `outerloop clean --method published` as a process. One after another: some of it measures what happens in time.
@Suite(.serialized) struct CleanCommandTests {
  private let tool: Tool

  init() throws {
    tool = Tool()
    try SamplePictures.write(400, to: tool.file("pictures"))
  }

  private func clean(_ more: String...) -> [String] {
    ["clean", "--data", "pictures", "--train", "150", "--validation", "100", "--corrupt", "0.4"]
      + more
  }

  private static let quick = [
    "--steps", "20", "--hyper-steps", "30", "--rate", "1", "--outer-rate", "0.05",
  ]

  @Test func leavesFilesAndPrintsATable() throws {
    let ending = try tool.run(clean("--out", "deep/out") + Self.quick)
    #expect(ending.status == 0)
    #expect(
      ending.err.hasPrefix(
        "--train belongs to --method published, which is taken\nreading pictures\n"
          + "cleaning 150 examples by 30 updates of 20"))
    #expect(ending.err.contains("update 30/30  validation loss "))
    #expect(ending.out.contains("cleaned accuracy   "))
    #expect(ending.out.contains("F1                 "))
    #expect(
      tool.names("deep/out") == [
        ".lock", "losses.svg", "result.json", "suspicious.csv", "suspicious.svg", "weights.svg",
      ])
    #expect(try tool.text("deep/out/weights.svg").contains("wrong label"))
    let again = try tool.run(clean("--out", "deep/out") + Self.quick)
    #expect(!again.err.contains("hint:"))
    #expect(again.out == ending.out)
    #expect(again.err.contains("holds the finished run"))
  }

  @Test func jsonHasItsKeys() throws {
    let ending = try tool.run(clean("--json", "--quiet") + Self.quick)
    #expect(ending.err.isEmpty)
    let summary = try ending.object
    #expect(
      Set(summary.keys) == [
        "accuracy", "dataFingerprint", "detection", "examples", "files", "firstLoss", "format",
        "lastLoss", "leftOut", "method", "seconds", "settings", "source", "suspects", "suspicious",
        "testExamples", "updates", "validationExamples", "validationLosses", "weights",
      ])
    let detection = try #require(summary["detection"] as? [String: Any])
    #expect((detection["f1"] as? Double ?? 0) > 0.85)
    let files = try #require(summary["files"] as? [String: String])
    #expect(Set(files.keys) == ["images", "losses", "result", "suspicious", "weights"])
    for path in files.values { #expect(tool.has(path)) }
    let result = try JSONSerialization.jsonObject(with: tool.data("outerloop-clean/result.json"))
    #expect(Set((result as? [String: Any] ?? [:]).keys) == Set(summary.keys))
    let plain = try tool.run(
      ["clean", "--data", "pictures", "--json", "-q", "--out", "plain"] + Self.quick)
    let unknown = try plain.object
    #expect(unknown["detection"] is NSNull)
    #expect((unknown["accuracy"] as? [String: Any])?["oracle"] is NSNull)
  }

  /// Killed without warning again and again, the run ends with the same result.
  @Test func survivesBeingKilled() throws {
    // Long enough for several checkpoints, on any machine.
    var long: [String] = []
    for updates in [3000, 6000, 12_000, 24_000, 48_000] {
      long = ["--steps", "100", "--hyper-steps", "\(updates)", "--restart"]
      let start = ContinuousClock.now
      #expect(try tool.run(clean("--out", "whole") + long).status == 0)
      if start.duration(to: .now) > .seconds(3) { break }
    }
    long.removeLast()
    let checkpoint = tool.file("broken/checkpoint")
    func stamp() -> Date? {
      (try? FileManager.default.attributesOfItem(atPath: checkpoint))?[.modificationDate] as? Date
    }
    var kills = 0
    for round in 0..<3 {
      let running = try tool.start(clean("--out", "broken") + long)
      let before = stamp()
      // Once before the first checkpoint can stand, then after each.
      if round == 0 {
        running.wait { running.errorText.contains("update 0/") }
      } else {
        running.wait { stamp() != before }
      }
      kill(running.process.processIdentifier, SIGKILL)
      if try running.end().isSignal { kills += 1 }
    }
    #expect(kills == 3)
    let last = try tool.run(clean("--out", "broken") + long)
    #expect(last.status == 0)
    #expect(last.err.contains("continuing after update "))
    func timeless(_ folder: String) throws -> [Substring] {
      try tool.text(folder + "/result.json").split(separator: "\n").filter {
        // The folder is in the paths of the files.
        !$0.contains("\"seconds\"") && !$0.contains(folder + "/") && !$0.contains(folder + "\\/")
      }
    }
    #expect(try timeless("whole") == timeless("broken"))
    #expect(try tool.text("whole/suspicious.csv") == tool.text("broken/suspicious.csv"))
    #expect(tool.names("whole") == tool.names("broken"))
  }

  @Test func stopsWhenInterrupted() throws {
    let long = ["--steps", "100", "--hyper-steps", "100000"]
    let running = try tool.start(clean() + long)
    running.wait { running.errorText.contains("update 0/") }
    kill(running.process.processIdentifier, SIGINT)
    let ending = try running.end()
    #expect(!ending.isSignal)
    #expect(ending.status == 130)
    #expect(ending.out.isEmpty)
    #expect(ending.err.contains("stopping after this update; press again to stop at once\n"))
    #expect(ending.err.contains("error: interrupted after update "))
    #expect(ending.err.contains("hint: continue with: outerloop clean --data pictures --train 150"))
    #expect(tool.names("outerloop-clean") == [".lock", "checkpoint"])
  }

  @Test func secondInterruptStopsAtOnce() throws {
    // One update takes minutes.
    let running = try tool.start(clean("--steps", "1000000", "--estimator", "reverse:1GB"))
    running.wait { running.errorText.contains("update 0/") }
    kill(running.process.processIdentifier, SIGINT)
    running.wait { running.errorText.contains("press again") }
    kill(running.process.processIdentifier, SIGINT)
    let ending = try running.end()
    #expect(ending.status == 130)
    #expect(!ending.err.contains("error:"))
  }

  @Test func twoAtOnce() throws {
    let long = ["--steps", "100", "--hyper-steps", "100000"]
    let first = try tool.start(clean() + long)
    first.wait { first.errorText.contains("update 0/") }
    let second = try tool.run(clean() + long)
    #expect(second.status == 1)
    #expect(
      second.err.contains("error: outerloop-clean: another process is working in this folder"))
    let third = try tool.run(clean("--restart") + long)
    #expect(third.status == 1)
    kill(first.process.processIdentifier, SIGKILL)
    _ = try first.end()
  }

  @Test func refusesAnotherRunsFolder() throws {
    _ = try tool.run(clean() + Self.quick)
    let other = try tool.run(clean("--seed", "7") + Self.quick)
    #expect(other.status == 1)
    #expect(other.err.contains("a finished run with other settings: --seed 0, here 7"))
    #expect(other.err.contains("hint: use its settings, start again with --restart"))
    let restarted = try tool.run(clean("--seed", "7", "--restart") + Self.quick)
    #expect(restarted.status == 0)
  }

  @Test func damagedCheckpoint() throws {
    try tool.makeFolder("outerloop-clean")
    try tool.write("OLCLEAN1 and then something else", "outerloop-clean/checkpoint")
    // A folder of a version that kept no list of its files: all of these names are its own.
    try tool.write("", "outerloop-clean/.lock")
    let ending = try tool.run(clean() + Self.quick)
    #expect(ending.status == 1)
    #expect(ending.err.contains("checkpoint is damaged or cut off"))
    #expect(ending.err.contains("--restart"))
    #expect(tool.names("outerloop-clean") == [".lock", "checkpoint"])
  }

  @Test func foldersThatCannotBeWritten() throws {
    try tool.write("", "plain")
    for out in ["plain", "plain/in/it", "/proc/nothing"] {
      let ending = try tool.run(clean("--out", out) + Self.quick)
      #expect(ending.status == 1)
      #expect(ending.err.contains("error: \(out): "))
      #expect(ending.err.contains("\n\nhint: "))
    }
  }

  @Test func fullDisk() throws {
    // Files of 512 bytes at most, after which writing fails.
    let small = try tool.run(
      clean() + Self.quick, shell: "ulimit -f 1; exec \"$0\" \"$@\" 2>&1 | cat")
    #expect(small.out.contains("may not grow so large"))
    #expect(tool.names("outerloop-clean") == [".lock"])
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let shown = try tool.run(clean() + Self.quick, shell: "exec \"$0\" \"$@\" > /dev/full")
    #expect(shown.status == 1)
    #expect(shown.err.contains("error: standard output: "))
  }

  @Test func saysWhyNothingIsSuspicious() throws {
    let ending = try tool.run(clean("--steps", "5", "--hyper-steps", "2"))
    #expect(ending.status == 0)
    #expect(ending.out.contains("suspicious         0 of 150 examples"))
    #expect(ending.err.contains("\nhint: no weight fell below 0.001"))
  }

  @Test func dataByName() throws {
    let ending = try tool.run(
      ["clean", "--data", "mnist"], environment: ["OUTERLOOP_CACHE": tool.file("cache")])
    #expect(ending.status == 1)
    #expect(ending.err.contains("hint: outerloop data fetch mnist"))
  }
}
