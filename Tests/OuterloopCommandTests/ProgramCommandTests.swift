import Foundation
import Testing

/// What goes between the command and the programs it tunes: words, reports, and programs that are
/// broken.
@Suite(.serialized) struct ProgramCommandTests {
  private let tool = Tool()

  private static let study = ["--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "7"]

  private func write(_ name: String, _ text: String) throws { try tool.write(text, name) }

  /// Small negative numbers are no options, with and without an equals sign.
  @Test func negativeNumbers() throws {
    try write(
      "t.py",
      """
      import argparse, json
      p = argparse.ArgumentParser(); p.add_argument("--shift", type=float); a = p.parse_args()
      print(json.dumps({"loss": a.shift}))
      """)
    for (name, words) in [("word", ["--shift", "{shift}"]), ("equals", ["--shift={shift}"])] {
      let ending = try tool.run(
        [
          "tune", "--study", name, "--param", "shift=float(-1e-4, 1e-4)", "--minimize", "loss",
          "--trials", "12", "--seed", "1", "--", "python3", "t.py",
        ] + words)
      #expect(ending.status == 0, "\(ending.err)")
      let rows = try tool.trials(["--study", name])
      #expect(rows.count == 12)
      for row in rows {
        let shift = try #require((row["params"] as? [String: Double])?["shift"])
        #expect((row["values"] as? [String: Double])?["loss"] == shift)
      }
    }
  }

  /// A flag that is not set takes nothing with it, however it is written.
  @Test func flags() throws {
    for (parameters, word) in [
      (["amp=choice(true, false)"], "{--amp}"), (["amp=choice(true, false)"], "{amp?--amp}"),
      (["amp=choice(true, false)", "flag=constant('--amp') if amp"], "{flag}"),
      (["amp=choice('', '--amp')"], "{amp}"),
    ] {
      let plan = try tool.object(
        ["tune", "--dry-run", "--json", "--trials", "3"] + Self.study
          + parameters.flatMap { ["--param", $0] } + ["--sampler", "random"]
          + ["--", "echo", "train", "--deterministic", word, "--x", "{x}"])
      let rows = try #require(plan["trials"] as? [[String: Any]])
      #expect(rows.count == 3)
      for row in rows {
        let command = try #require(row["command"] as? [String])
        let amp = (row["params"] as? [String: Any])?["amp"]
        let isSet = amp as? Bool ?? (amp as? String == "--amp")
        #expect(Array(command[1...2]) == ["train", "--deterministic"])
        #expect(command.contains("--amp") == isSet && command.contains("--x"), "\(row)")
      }
    }
  }

  @Test func warnsOfShellText() throws {
    let ending = try tool.run(
      ["tune", "--dry-run", "--param", "name=choice('a b', c)"] + Self.study
        + ["--", "sh", "-c", "echo {name} {x}"])
    #expect(ending.status == 0)
    #expect(ending.err.contains("warning: {name} is part of a shell command"), "\(ending.err)")
    try write(
      "space.json",
      "{\"parameters\": {\"x\": {\"type\": \"choice\", \"choices\": [\"a\\u0000b\", \"c\"]}}}")
    let nul = try tool.run([
      "tune", "--space", "space.json", "--minimize", "loss", "--", "echo", "{x}",
    ])
    #expect(nul.status == 64)
    #expect(nul.err.contains("the choice \"a\\u0000b\" has a NUL character"), "\(nul.err)")
  }

  /// The last line of a program, without epoch, is its result.
  @Test(arguments: [[], ["--epochs", "5"], ["--epochs", "9"]]) func lastLine(_ epochs: [String])
    throws
  {
    try write(
      "p.py",
      """
      import json
      for e in range(1, 6):
          print(json.dumps({"epoch": e, "loss": 1 / e, "acc": e / 10}))
      print(json.dumps({"loss": 0.15, "acc": 0.99, "test": 7}))
      """)
    let ending = try tool.run(
      ["tune", "--trials", "1"] + epochs + Self.study + ["--", "python3", "p.py"])
    #expect(ending.status == 0, "\(ending.err)")
    let trial = try tool.object(["export", "--format", "jsonl"])
    #expect(trial["values"] as? [String: Double] == ["loss": 0.15, "acc": 0.99, "test": 7])
    let reports = try #require(trial["reports"] as? [[String: Any]])
    #expect(reports.compactMap { $0["epoch"] as? Int } == [1, 2, 3, 4, 5])
    #expect(reports[0]["values"] as? [String: Double] == ["loss": 1, "acc": 0.1])
    #expect(reports[4]["values"] as? [String: Double] == ["loss": 0.15, "acc": 0.99, "test": 7])
  }

  /// A program that is broken stops the study, and its budget stays.
  @Test func brokenPrograms() throws {
    try write(
      "train.py",
      """
      import os, sys
      print("loading", flush=True)
      if os.path.exists("fixed"): print('{"loss": 1}'); sys.exit()
      import no_such_module_anywhere
      """)
    let program = ["--", "python3", "train.py", "{x}"]
    let first = try tool.run(["tune", "--trials", "20", "--json"] + Self.study + program)
    #expect(first.status == 1)
    let record = try first.object
    #expect(record["ending"] as? String == "failures")
    #expect(record["trials"] as? [String: Int] == ["failed": 3])
    #expect(
      first.err.contains(
        "error: the first 3 trials failed the same way, so the study was stopped: exit status 1: "
          + "ModuleNotFoundError: No module named 'no_such_module_anywhere'\n\n"), "\(first.err)")
    // Two streams end in one log: what comes first is not known where both come at once.
    let end = try #require(first.err.split(separator: "log.txt ends with\n").last)
    #expect(end.contains("  loading\n") && end.contains("\n  ModuleNotFoundError: "), "\(end)")
    #expect(
      first.err.contains(
        "\n\nhint: when the program is fixed: outerloop retry --study study --failed;"))
    // Each run has a chance of its own.
    for words in [["resume"], ["worker"]] {
      let again = try tool.run(words)
      #expect(again.status == 1)
      #expect(again.err.contains("the first 3 trials failed the same way"), "\(again.err)")
    }
    #expect(try tool.trials().count == 9)
    let some = try tool.run(["resume", "--max-failures", "5"])
    #expect(some.status == 1)
    #expect(some.err.contains("error: 5 trials in a row failed, so the study was stopped"))
    #expect(try tool.trials().count == 14)
    try write("fixed", "")
    // What was said about failures stays with the study, as other ways of running do.
    let fixed = try tool.run(["resume"])
    #expect(fixed.status == 0, "\(fixed.err)")
    #expect(try tool.trials().count == 20)
  }

  /// Failures that differ stop a study after ten in a row; 0 never stops it.
  @Test func failuresThatDiffer() throws {
    let program = ["--", "sh", "-c", "echo \"no {trial}$(date +%N)\" >&2; exit 1", "{x}"]
    let ten = try tool.run(["tune", "--trials", "14"] + Self.study + program)
    #expect(ten.status == 1)
    #expect(
      ten.err.contains("error: 10 trials in a row failed, so the study was stopped: exit status 1"))
    let all = try tool.run(
      ["tune", "--study", "all", "--trials", "14", "--max-failures", "0"] + Self.study + program)
    #expect(all.status == 1)
    #expect(all.err.contains("error: no trial is complete"))
    #expect(try tool.trials(["--study", "all"]).count == 14)
    let value = try tool.run(
      ["tune", "--study", "value"] + Self.study
        + ["--", "sh", "-c", "echo \"unknown option --x=$1\" >&2; exit 2", "sh", "{x}"])
    #expect(value.err.contains("the first 3 trials failed the same way"), "\(value.err)")
    #expect(try tool.run(["tune", "--max-failures", "-1"] + Self.study + program).status == 64)
  }

  /// Programs that say too much never give a trial another's value.
  @Test func persistentProgramsThatSayTooMuch() throws {
    let head = "import sys, json\nfor line in sys.stdin:\n    x = json.loads(line)['params']['x']\n"
    let report = "print(json.dumps({'loss': x}), flush=True)"
    let done = "print('{\"done\": true}', flush=True)"
    for (name, body, status) in [
      ("early", "\(done); \(report)", Int32(1)), ("twice", "\(report); \(done); \(done)", 0),
      ("late", "\(report); \(done); \(report)", 0), ("good", "\(report); \(done)", 0),
    ] {
      try write("\(name).py", head + "    " + body)
      let ending = try tool.run(
        ["tune", "--study", name, "--trials", "12", "--parallel", "2", "--persistent"] + Self.study
          + ["--", "python3", "\(name).py"])
      #expect(ending.status == status, "\(name): \(ending.err)")
      let rows = try tool.trials(["--study", name])
      for row in rows where row["state"] as? String == "complete" {
        #expect(
          (row["values"] as? [String: Double])?["loss"]
            == (row["params"] as? [String: Double])?["x"])
      }
      let complete = rows.count { $0["state"] as? String == "complete" }
      #expect(complete == (status == 0 ? 12 : 0), "\(name): \(complete)")
    }
    #expect(tool.names("outerloop.trials/good").isEmpty)
    #expect(try tool.run(["trials", "--study", "early"]).out.contains("failed"))
  }
}
