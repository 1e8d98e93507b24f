import Foundation
import Testing

/// Checkpoints that are damaged, disks that are full, and programs that keep to nothing, under schedulers.
@Suite(.serialized) struct SchedulerTroubleTests {
  private let tool = Tool()

  /// Goes on from where it was and from nowhere else; words: from, to, folder, size of a checkpoint.
  private static let careful = """
    test $1 -eq 0 || test "$(head -n 1 "$3/state")" = "state $1" || { echo "found $(head -n 1 "$3/state")" >&2; exit 7; }
    epoch=$1
    while [ $epoch -lt $2 ]; do
      epoch=$((epoch + 1))
      echo "{\\"epoch\\": $epoch, \\"loss\\": $5}"
      { echo "state $epoch" && head -c $4 /dev/zero; } > "$3/state.part" && mv "$3/state.part" "$3/state" || exit 8
      echo "{\\"epoch\\": $epoch, \\"checkpoint\\": \\"state\\"}"
    done
    """

  private func tune(_ scheduler: String, _ more: [String]) -> [String] {
    [
      "tune", "--param", "x=float(0, 1)", "--minimize", "loss", "--epochs", "9", "--scheduler",
      scheduler, "--seed", "1", "--json",
    ] + (scheduler == "freeze-thaw" ? [] : ["--sampler", "random"]) + more
  }

  private func run(_ size: Int = 0) throws -> [String] {
    try tool.write(Self.careful, "train.sh")
    return ["--", "sh", tool.file("train.sh"), "{from}", "{to}", "{checkpoint}", "\(size)", "{x}"]
  }

  // MARK: Checkpoints

  /// In the middle of a study the checkpoints of all trials that rest are damaged, each in another way, under both
  /// names: the trials go on from those before, or begin at epoch 0, and none fails.
  @Test(arguments: ["asha", "hyperband", "halving", "freeze-thaw"])
  func damagedCheckpoints(_ scheduler: String) throws {
    _ = try tool.object(
      tune(scheduler, ["--trials", "16", "--total-epochs", "9"]) + run(5000))
    let rests = try tool.trials().filter { $0["state"] as? String == "paused" }
      .compactMap { $0["number"] as? Int }
    #expect(rests.count > 3)
    for (place, number) in rests.enumerated() {
      let folder = "outerloop.trials/study/\(number)"
      let state = tool.file(folder + "/checkpoint/state")
      let file = try #require(FileHandle(forWritingAtPath: state))
      switch place % 3 {
      case 0: try file.truncate(atOffset: 100)
      case 1:
        try file.seek(toOffset: 2000)
        try file.write(contentsOf: Data("other".utf8))
      default: _ = try tool.run([], shell: "rm -rf \(folder)/checkpoint \(folder)/kept/?")
      }
      try file.close()
    }
    let after = try tool.object(["resume", "--total-epochs", "90", "--json"])
    #expect((after["trials"] as? [String: Int])?["failed"] == nil, "\(after)")
    let trials = try tool.trials()
    #expect(trials.contains { $0["state"] as? String == "complete" })
    let logs = try rests.map { try tool.text("outerloop.trials/study/\($0)/log.txt") }
    #expect(logs.contains { $0.contains("is damaged or gone") })
    for state in try tool.states() {
      #expect(["complete", "paused", "pruned"].contains(state))
    }
  }

  /// Where the best trial's checkpoint is, and that it is damaged or gone.
  @Test func bestCheckpoint() throws {
    _ = try tool.object(tune("asha", ["--trials", "4"]) + run())
    func best() throws -> (json: [String: Any], text: String) {
      let json = try #require(try tool.object(["best", "--json"])["checkpoint"] as? [String: Any])
      return (json, try tool.run(["best"]).out)
    }
    let whole = try best()
    let path = try #require(whole.json["path"] as? String)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "state 9\n")
    #expect(whole.json["epoch"] as? Int == 9 && whole.json["state"] as? String == "whole")
    #expect(whole.text.contains("checkpoint of epoch 9: \(path)\n"))
    try "state X\n".write(toFile: path, atomically: false, encoding: .utf8)
    let damaged = try best()
    #expect(damaged.json["path"] is NSNull && damaged.json["state"] as? String == "damaged")
    #expect(damaged.text.contains("checkpoint of epoch 9: it is damaged\n"))
    _ = try tool.run([], shell: "rm -rf outerloop.trials")
    #expect(try best().text.contains("checkpoint of epoch 9: it is gone\n"))
    #expect(try best().json["state"] as? String == "gone")
    let none = ["--", "sh", "-c", "echo '{\"loss\": {x}}'"]
    let plain = try tool.object(
      [
        "tune", "--study", "plain", "--param", "x=float(0, 1)", "--minimize", "loss", "--trials",
        "1",
      ]
        + ["--json"] + none)
    #expect(plain["checkpoint"] is NSNull)
    #expect(!(try tool.run(["best", "--study", "plain"]).out.contains("checkpoint")))
  }

  /// What `--keep` keeps.
  @Test func keptCheckpoints() throws {
    func withCheckpoints(_ state: String) throws -> Int {
      try tool.trials().count { trial in
        trial["state"] as? String == state
          && tool.has("outerloop.trials/study/\(trial["number"] as? Int ?? -1)/checkpoint/state")
      }
    }
    let first = try tool.object(
      tune("asha", ["--trials", "12", "--keep", "1"]) + run(50_000))
    let resting = (first["trials"] as? [String: Int])?["paused"] ?? 0
    #expect(try withCheckpoints("paused") == resting && resting > 6)
    #expect(try withCheckpoints("complete") == 1)
    // A size that holds a few of them.
    let less = try tool.run(["resume", "--keep", "350kB", "--more", "1"])
    #expect(less.err.contains("its checkpoint is removed (--keep)"), "\(less.err)")
    #expect(try withCheckpoints("paused") < resting)
    #expect(try withCheckpoints("complete") == 1)
    #expect(
      (try tool.object(["best", "--json"])["checkpoint"] as? [String: Any])?["path"] is String)
    // Who goes on begins at epoch 0 again, and does well.
    let more = try tool.object(["resume", "--keep", "all", "--more", "30", "--json"])
    #expect((more["trials"] as? [String: Int])?["failed"] == nil)
    for (words, text) in [
      (["--keep", "0"], "--keep 0 is below 1"), (["--keep", "1", "--keep", "2"], "given twice"),
      (["--keep", "all", "--keep", "2"], "given twice"),
      (["--keep", "some"], "write a number of trials"),
      (["--keep", "-1"], "--keep -1 is below 1"),
    ] {
      let error = try tool.failure(["resume"] + words, status: 64)
      #expect(error.contains(text), "\(error)")
    }
  }

  // MARK: Disks

  /// A disk that fills up while programs save their checkpoints: what was told is kept, and the study goes on from
  /// the checkpoints that are there when there is space again.
  @Test(
    .enabled(if: getuid() == 0, "needs the right to mount a small disk"),
    arguments: ["asha", "hyperband", "freeze-thaw"])
  func fullDisk(_ scheduler: String) throws {
    func shell(_ script: String) throws -> Int32 { try tool.run([], shell: script).status }
    guard try shell("mkdir disk && mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null") == 0 else {
      return
    }
    let disk = tool.file("disk")
    defer { _ = try? shell("umount disk") }
    let store = ["--store", disk + "/a.db"]
    let full = try tool.run(
      tune(scheduler, ["--trials", "12", "--parallel", "2"] + store) + run(60_000))
    #expect(full.status == 1 && !full.isSignal)
    #expect(
      full.err.contains("No space left on device") || full.err.contains("is full"), "\(full.err)")
    let before = try tool.trials(store)
    let told = before.compactMap { $0["epoch"] as? Int }.reduce(0, +)
    #expect(told > 2)
    #expect(try shell("mount -o remount,size=64m disk") == 0)
    let failed = before.contains { $0["state"] as? String == "failed" }
    let after = try tool.run((failed ? ["retry", "--failed"] : ["resume"]) + ["--json"] + store)
    #expect(after.status == 0, "\(after.err)")
    let trials = try tool.trials(store)
    #expect(trials.map { $0["number"] as? Int } == Array(0..<12))
    for (old, new) in zip(before, trials) {
      #expect(["complete", "paused", "pruned"].contains(new["state"] as? String), "\(new)")
      #expect(new["epoch"] as? Int ?? 0 >= old["checkpoint"] as? Int ?? 0)
    }
    #expect(trials.contains { $0["state"] as? String == "complete" })
  }

  // MARK: Programs

  /// Programs that keep to nothing; words: from, to, folder, x. Whether they have a result.
  static let programs: [(name: String, text: String, works: Bool)] = [
    ("skips epochs", "for e in 3 6 9; do test $e -le $1 || say $e; done", true),
    ("reports backwards", "e=$2; while [ $e -gt $1 ]; do say $e; e=$((e - 1)); done", true),
    (
      "does not know where to stop", "for e in 1 2 3 4 5 6 7 8 9; do say $e; sleep 0.02; done", true
    ),
    (
      "counts anew", "e=1; while [ $e -le $(($2 - $1)) ]; do say $e; save $e; e=$((e + 1)); done",
      true
    ),
    (
      "stops short", "e=$1; while [ $((e + 1)) -lt $2 ]; do e=$((e + 1)); say $e; save $e; done",
      false
    ),
    ("goes too far at once", "say 1000; save 1000", true),
    ("says nothing", "true", false),
    ("says nothing more", "test $1 -gt 0 || { say 1; save 1; }", true),
  ]

  /// Whatever a program does, the study comes to an end, and no trial is left under way.
  @Test(arguments: programs, ["asha", "hyperband", "freeze-thaw", "median:startup=2"])
  func unrulyPrograms(_ program: (name: String, text: String, works: Bool), _ scheduler: String)
    throws
  {
    try tool.write(
      """
      say() { echo "{\\"epoch\\": $1, \\"loss\\": $x}"; }
      save() { echo $1 > "$folder/state"; echo "{\\"epoch\\": $1, \\"checkpoint\\": \\"state\\"}"; }
      folder=$3; x=$4
      \(program.text)
      """, "program.sh")
    let ending = try tool.run(
      tune(scheduler, ["--trials", "6", "--timeout", "60s", "--max-failures", "0"])
        + ["--", "sh", "program.sh", "{from}", "{to}", "{checkpoint}", "{x}"])
    #expect(!ending.isSignal)
    #expect(try ending.object["ending"] as? String == "budget", "\(program.name): \(ending.err)")
    for trial in try tool.trials() {
      let state = trial["state"] as? String
      #expect(
        ["complete", "paused", "pruned", "failed"].contains(state), "\(program.name): \(trial)")
      if state == "failed" { #expect(trial["reason"] as? String == "invalid") }
    }
    if !program.works, !scheduler.hasPrefix("median") { #expect(ending.status == 1) }
  }

  // MARK: Spaces

  /// Who begins a study of that name with another space is told what is different, and how to go on.
  @Test func otherSpaces() throws {
    func tune(_ params: [String]) -> [String] {
      ["tune", "--minimize", "loss", "--trials", "2"] + params.flatMap { ["--param", $0] }
        + ["--", "echo", "{\"loss\": 1}"]
    }
    let lr = "lr=log(1e-4, 1e-2)"
    let opt = "opt=choice(sgd, adam)"
    #expect(try tool.run(tune([lr, opt])).status == 0)
    for (params, text, hint) in [
      (
        ["lr=log(1e-5, 1e-2)", opt], "its parameter `lr` is float(0.0001, 0.01, log), not",
        "widen it: outerloop extend --study study --param 'lr=float("
      ),
      (
        ["lr=log(1e-3, 1e-2)", opt], "its parameter `lr` is", "--study, to which --start-from study"
      ),
      ([lr, opt, "n=int(1, 5)"], "it has no parameter `n`", "name another with --study"),
      ([lr], "it has the parameter `opt` too", "name another with --study"),
      (["lr=log(1e-4, 1e-2) if opt == sgd", opt], "`lr` is active always, not if", "--study"),
    ] {
      let error = try tool.failure(tune(params))
      #expect(error.contains("has a study `study` already with another space: "), "\(error)")
      #expect(error.contains(text) && error.contains(hint), "\(error)")
    }
    let error = try tool.failure(["resume", "--param", lr], status: 64)
    #expect(error.contains("--param belongs to a new study") && error.contains("outerloop extend"))
  }
}
