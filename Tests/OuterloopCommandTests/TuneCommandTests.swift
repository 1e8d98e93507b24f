import Foundation
import Testing

/// `outerloop tune` and its kin, with real programs.
@Suite(.serialized) struct TuneCommandTests {
  private let tool: Tool

  init() throws {
    tool = Tool()
    try tool.write("BEGIN { printf \"{\\\"loss\\\": %g}\", (x - 0.3)^2 }", "square.awk")
  }

  /// A program that reports (x - 0.3)^2.
  private static let square = ["--", "awk", "-v", "x={x}", "-f", "square.awk"]
  private static let study = ["--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "7"]

  @Test func tunes() throws {
    let ending = try tool.run(
      ["tune", "--trials", "12", "--parallel", "3", "--json"] + Self.study + Self.square)
    #expect(ending.status == 0, "\(ending.err)")
    let result = try ending.object
    #expect(
      Set(result.keys) == [
        "study", "store", "seed", "sampler", "scheduler", "objectives", "trials", "best", "leading",
        "command", "checkpoint", "front", "ending",
      ])
    #expect(result["seed"] as? Int == 7)
    #expect(result["ending"] as? String == "budget")
    #expect(result["trials"] as? [String: Int] == ["complete": 12])
    let rows = try tool.trials()
    #expect(rows.compactMap { $0["number"] as? Int } == Array(0..<12))
    var losses: [Double] = []
    for row in rows {
      let x = try #require((row["params"] as? [String: Double])?["x"])
      let loss = try #require((row["values"] as? [String: Double])?["loss"])
      #expect(abs(loss - (x - 0.3) * (x - 0.3)) < 1e-5)
      losses.append(loss)
    }
    let best = try #require(result["best"] as? [String: Any])
    #expect((best["values"] as? [String: Double])?["loss"] == losses.min())
    #expect(
      ending.err.contains(
        "study study in outerloop.db, seed 7, auto: gp for one objective and up to 500 trials, "
          + "12 trials, 3 at a time\n"))
    #expect(
      ending.err.split(separator: "\n").filter { $0.contains("  complete  loss ") }.count == 12)
    #expect(try tool.text("outerloop.trials/study/3/log.txt").hasPrefix("{\"loss\": "))
    #expect(
      try tool.text("outerloop.trials/study/3/trial.json").hasPrefix(
        "{\"study\":\"study\",\"trial\":3,"))
    // The same seed, the same configurations.
    _ = try tool.run(["tune", "--trials", "4", "--study", "again"] + Self.study + Self.square)
    let again = try tool.trials(["--study", "again"])
    #expect((again[0]["params"] as? [String: Double]) == (rows[0]["params"] as? [String: Double]))
  }

  @Test func goesOnWithTotals() throws {
    let store = ["OUTERLOOP_STORE": tool.file("there.db")]
    let first = try tool.run(
      ["tune", "--trials", "3", "--quiet"] + Self.study + Self.square, environment: store)
    #expect(first.status == 0)
    #expect(first.err.isEmpty)
    #expect(first.out.hasPrefix("loss "))
    let again = try tool.run(["tune"] + Self.study + Self.square, environment: store)
    #expect(again.status == 1)
    #expect(
      again.err.contains(
        "has a study `study` already\n\nhint: resume it: outerloop resume --study study; or"))
    // From another folder: the program still runs where it was.
    try tool.makeFolder("sub")
    let more = try tool.run(
      ["resume", "--trials", "5", "--json", "--no-progress"], environment: store,
      shell: "cd sub && exec \"$0\" \"$@\"")
    #expect(more.status == 0, "\(more.err)")
    #expect(try more.object["trials"] as? [String: Int] == ["complete": 5])
    let spent = try tool.run(["resume", "--json"], environment: store)
    #expect(spent.status == 0)
    #expect(try spent.object["trials"] as? [String: Int] == ["complete": 5])
  }

  static let refusals: [[String]: String] = [
    ["--sampler", "magic"]: "error: there is no sampler `magic`\n\nhint: the samplers are auto",
    ["--sampler", "random:a=1"]: "error: random has no option `a`",
    ["--param", "y=float(1, 0)"]:
      "error: parameter `y`: the low end 1.0 is above the high end 0.0\n\nhint: exchange them",
    ["--param", "x=int(1, 2)"]: "error: parameter `x`: it is declared twice\n\nhint: ",
    ["--forbid", "x > z"]: "there is no parameter `z`\n\nhint: the parameters are x",
    ["--space", "nowhere.yaml"]: "error: there is no file `nowhere.yaml`\n\nhint: check its name",
    ["--minimize", "loss"]: "error: metric `loss` is an objective twice",
    ["--maximize", "seconds"]: "error: `seconds` means something else in reports",
    ["--epochs", "0"]: "error: 0 epochs cannot be trained\n\nhint: say 1 or more",
    ["--sampler", "tpe:multivariate=false,group=true"]:
      "error: the options multivariate=false and group=true of tpe exclude one another\n\nhint: ",
    ["--sampler", "tpe:candidates=0"]:
      "error: the option candidates of tpe cannot be 0\n\nhint: it is a whole number from 1 to ",
    ["--sampler", "grid:resolution=0"]:
      "error: the option resolution of grid cannot be 0\n\nhint: it is a whole number from 1 to ",
    ["--trials", "-1"]: "error: --trials -1 is below 0\n",
    ["--retries", "-1"]: "error: -1 retries cannot be made\n\nhint: say 0 or more",
    ["--trials", "--parallel", "3"]: "hint: write a whole number from 0 on; see outerloop",
    ["--timeout", "soon"]:
      "error: The value 'soon' is invalid for '--timeout <time>'\n\nhint: write a time as 90s, 10m",
    ["--memory", "lots"]:
      "error: The value 'lots' is invalid for '--memory <size>'\n\nhint: write an amount as 500MB",
    ["--memory", "60"]: "error: --memory 60 means bytes, fewer than any program needs; write",
    ["--parallel", "0"]: "error: --parallel 0 is below 1",
    ["--lease", "0.5s"]: "error: --lease is below 1s",
  ]

  @Test(arguments: refusals) func refuses(_ words: [String], _ text: String) throws {
    try expectRefusal(words, status: 64, text)
  }

  @Test(arguments: [
    ["--forbid", "x >= 0"]: "error: the constraints forbid every configuration of the space",
    ["--forbid", "x >= 0", "--sampler", "grid"]:
      "error: the constraints forbid all of the grid\n\nhint: loosen a constraint",
  ])
  func refusesWhatNothingSatisfies(_ words: [String], _ text: String) throws {
    try expectRefusal(words, status: 1, text)
  }

  private func expectRefusal(_ words: [String], status: Int32, _ text: String) throws {
    let ending = try tool.run(["tune"] + words + Self.study + ["--", "sh", "-c", "echo {x}"])
    #expect(ending.status == status)
    #expect(ending.out.isEmpty)
    #expect(ending.err.contains(text), "\(ending.err)")
    #expect(!tool.has("outerloop.db"))
  }

  @Test func refusesCommands() throws {
    func failure(_ words: [String]) throws -> Tool.Ending {
      let ending = try tool.run(["tune"] + words)
      #expect(ending.out.isEmpty)
      #expect(!tool.has("outerloop.db"))
      return ending
    }
    var ending = try failure(Self.study + ["--", "train", "--seed", "{seeed}", "{x}"])
    #expect(ending.status == 64)
    #expect(
      ending.err
        == "error: `{seeed}` in the command: there is no parameter `seeed`\n\nhint: did you mean "
        + "{seed}? The text itself is written {{seeed}}\n")
    ending = try failure(Self.study + ["--", "no-such-program", "{x}"])
    #expect(ending.status == 1)
    #expect(
      ending.err
        == "error: no-such-program: there is no such program in PATH\n\nhint: check its name\n")
    ending = try failure(Self.study)
    #expect(ending.status == 64)
    #expect(ending.err.contains("there is no command to run; it comes last: -- python train.py"))
    ending = try failure(["--param", "x=float(0, 1)", "--", "true", "{x}"])
    #expect(
      ending.err
        == "error: there is nothing to make small or large\n\nhint: name a metric: --minimize loss\n"
    )
    ending = try failure(["--minimize", "loss", "--", "true"])
    #expect(
      ending.err == "error: there is no parameter\n\nhint: name one: --param 'lr=log(1e-5, 1e-1)'\n"
    )
  }

  @Test func dryRun() throws {
    let words = ["tune", "--dry-run", "--param", "y=int(1, 9)"] + Self.study
    let ending = try tool.run(words + ["--", "echo", "{x}", "a b"])
    #expect(ending.status == 0)
    let lines = ending.out.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines.allSatisfy { $0.hasPrefix("echo 0.") && $0.hasSuffix(" 'a b'") })
    #expect(ending.err.contains("warning: {y} is in no word of the command"))
    #expect(ending.err.contains("  y=int(1, 9)\n"))
    let stays = try tool.run(words + ["--persistent", "--", "cat", "{}"])
    #expect(stays.err.hasSuffix("cat '{}'\nwould be started once; its first trials:\n"))
    #expect(stays.out.hasPrefix("x=0.") && stays.out.split(separator: "\n").count == 3)
    let record = try tool.object(words + ["--json", "--", "echo", "{x}"])
    #expect((record["trials"] as? [Any])?.count == 3)
    #expect(tool.names("").filter { $0.hasPrefix("outerloop") }.isEmpty)
  }

  /// Whoever comes to an end is told how to go on.
  @Test func saysWhatIsNext() throws {
    func last(_ words: [String]) throws -> Substring? {
      try tool.run(words).err.split(separator: "\n").last
    }
    let more = "pictures: outerloop plot --study study; more trials: outerloop resume --study study"
    #expect(try last(["tune", "--trials", "2"] + Self.study + Self.square) == more + " --trials 4")
    #expect(try last(["resume"]) == more + " --trials 4")
    #expect(
      try last(["resume", "--trials", "9", "--total-epochs", "3"]) == more + " --total-epochs 6")
    #expect(
      try last(["resume", "--trials", "9", "--total-epochs", "9", "--timeout", "0.001"])
        == "the time is up; with more of it: outerloop resume --study study --timeout 1s")
    let few =
      ["tune", "--study", "few", "--param", "x=int(0, 1)", "--minimize", "loss"] + Self.square
    #expect(
      try last(few) == "every configuration has been tried; pictures: outerloop plot --study few")
  }

  /// A program that has moved gets a new command; until then nothing changes.
  @Test func programsThatMove() throws {
    let script = "#!/bin/sh\necho \"{\\\"loss\\\": $1}\"\n"
    try tool.write(script, "one")
    _ = try tool.run([], shell: "chmod +x one")
    let tune = ["tune", "--study", "moves", "--trials", "2"] + Self.study
    #expect(try tool.run(tune + ["--", "./one", "{x}"]).status == 0)
    let resume = ["resume", "--study", "moves", "--trials", "3"]
    let gone = try tool.run(resume, shell: "mv one two; exec \"$0\" \"$@\"")
    #expect(gone.status == 1)
    #expect(gone.err.hasPrefix("error: ./one: there is no such program in /"))
    #expect(gone.err.hasSuffix("if it has moved: outerloop resume --study moves -- COMMAND\n"))
    #expect(try tool.trials(["--study", "moves"]).count == 2)
    let words = try tool.run(resume + ["--", "./two", "{X}"])
    #expect(words.status == 64)
    #expect(try tool.run(resume + ["--", "./two", "{x}"]).status == 0)
    #expect(try tool.run(["resume", "--study", "moves", "--trials", "4"]).status == 0)
    #expect(try tool.trials(["--study", "moves"]).count == 4)
  }

  @Test func failuresAndLimits() throws {
    let program = """
      case $OUTERLOOP_MODE in
        hang) sleep 4712.1 ;;
        crash) echo "the cause" >&2; exit 3 ;;
        silent) ;;
      esac
      """
    for (mode, reason, text) in [
      ("hang", "timeout", "it ran longer than 0.5 s"),
      ("crash", "error", "exit status 3: the cause"), ("silent", "invalid", "it ended well but"),
    ] {
      let ending = try tool.run(
        ["tune", "--trials", "2", "--trial-timeout", "0.5", "--study", mode] + Self.study
          + ["--", "sh", "-c", program + " # {x}"], environment: ["OUTERLOOP_MODE": mode])
      #expect(ending.status == 1)
      #expect(ending.out == "no trial is complete yet\n")
      #expect(ending.err.contains("error: no trial is complete; the last failure: \(text)"))
      #expect(ending.err.contains("trial 0  failed (\(reason))"))
      let rows = try tool.trials(["--study", mode])
      #expect(rows.allSatisfy { $0["reason"] as? String == reason })
    }
  }

  @Test func retriesErrors() throws {
    let ending = try tool.run(
      ["tune", "--trials", "2", "--retries", "2"] + Self.study + [
        "--", "sh", "-c",
        "test -e {checkpoint}/two && echo '{\"loss\": {x}}' && exit; test -e {checkpoint}/one && touch {checkpoint}/two; touch {checkpoint}/one; exit 1",
      ])
    #expect(ending.status == 0, "\(ending.err)")
    #expect(try tool.trials().allSatisfy { $0["attempts"] as? Int == 3 })
  }

  @Test func timeBudget() throws {
    let ending = try tool.run(
      ["tune", "--timeout", "2s", "--json"] + Self.study + [
        "--", "sh", "-c", "test {trial} = 0 && echo '{\"loss\": {x}}' && exit; sleep 4712.4",
      ])
    #expect(ending.status == 0, "\(ending.err)")
    let result = try ending.object
    #expect(result["ending"] as? String == "timeout")
    #expect(result["trials"] as? [String: Int] == ["complete": 1, "waiting": 1])
  }

  @Test func persistentPrograms() throws {
    let program = """
      import json, sys
      for line in sys.stdin:
          r = json.loads(line)
          if r["trial"] == 3: sys.exit("no more")
          print(json.dumps({"loss": r["params"]["x"]}))
          print('{"done": true}')
      """
    try tool.write(program, "program.py")
    let ending = try tool.run(
      ["tune", "--trials", "10", "--parallel", "2", "--persistent", "--json"] + Self.study
        + ["--", "python3", "program.py"])
    #expect(ending.status == 0, "\(ending.err)")
    #expect(try ending.object["trials"] as? [String: Int] == ["complete": 9, "failed": 1])
    #expect(try ending.object["command"] is NSNull)
    let words = try tool.run(["tune", "--persistent"] + Self.study + ["--", "p", "{x}"])
    #expect(words.status == 64)
    #expect(words.err.contains("in the command of a persistent program"))
  }
}
