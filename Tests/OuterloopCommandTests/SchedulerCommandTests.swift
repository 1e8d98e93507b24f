import Foundation
import Testing

/// Schedulers at work on real programs.
@Suite struct SchedulerCommandTests {
  private let tool = Tool()

  /// Trains from epoch to epoch with a checkpoint, and notes every epoch that it trains.
  private static let careful = """
    import json, os
    asked = json.load(open(os.environ["OUTERLOOP_TRIAL"]))
    saved = os.path.join(asked["checkpoint"], "state")
    done = int(open(saved).read()) if os.path.exists(saved) else 0
    assert done >= asked["fromEpoch"]
    for epoch in range(asked["fromEpoch"] + 1, asked["toEpoch"] + 1):
        with open("epochs.txt", "a") as file:
            file.write(f"{asked['trial']} {epoch}\\n")
        print(json.dumps({"epoch": epoch, "loss": asked["params"]["x"] + 1 / epoch}), flush=True)
        with open(saved + ".part", "w") as file:
            file.write(str(epoch))
        os.rename(saved + ".part", saved)
        print(json.dumps({"epoch": epoch, "checkpoint": "state"}), flush=True)
    """

  /// Prints its epochs and knows nothing of schedulers; says when it is told to end.
  private static let plain = """
    import json, signal, sys, time
    def stop(*_):
        with open("stopped.txt", "a") as file:
            file.write("SIGTERM\\n")
        sys.exit(3)
    signal.signal(signal.SIGTERM, stop)
    for epoch in range(1, 10):
        print(json.dumps({"epoch": epoch, "loss": float(sys.argv[1]) + 1 / epoch}), flush=True)
        time.sleep(0.05)
    """

  private func tune(_ scheduler: String, trials: Int, _ program: [String]) -> [String] {
    [
      "tune", "--param", "x=float(0, 1)", "--minimize", "loss", "--epochs", "9", "--scheduler",
      scheduler, "--sampler", "random", "--trials", "\(trials)", "--seed", "1", "-q", "--json",
      "--",
    ] + program
  }

  /// No epoch is trained twice, whoever rests and goes on.
  @Test(arguments: ["asha", "hyperband", "halving"])
  func trialsRestAndGoOn(_ scheduler: String) throws {
    try tool.write(Self.careful, "train.py")
    let record = try tool.object(tune(scheduler, trials: 20, ["python3", "train.py"]))
    #expect(record["scheduler"] as? String == scheduler)
    let epochs = try tool.text("epochs.txt").split(separator: "\n")
    #expect(Set(epochs).count == epochs.count)
    let trials = try tool.trials()
    #expect(trials.contains { $0["state"] as? String == "complete" })
    #expect(epochs.count < 20 * 9 / 2, "\(epochs.count) epochs")
    let reached = trials.compactMap { $0["epoch"] as? Int }
    #expect(reached.reduce(0, +) == epochs.count)
    #expect(Set(reached).isSubset(of: [1, 3, 9]))
  }

  /// A program that prints its epochs is stopped early without a change.
  @Test(arguments: ["median:startup=2", "asha:stopping=true"])
  func programsAreStopped(_ scheduler: String) throws {
    try tool.write(Self.plain, "train.py")
    _ = try tool.object(tune(scheduler, trials: 8, ["python3", "train.py", "{x}"]))
    let states = try tool.states()
    let pruned = states.count { $0 == "pruned" }
    #expect(pruned > 0 && pruned + states.count { $0 == "complete" } == 8, "\(states)")
    #expect(try tool.text("stopped.txt").split(separator: "\n").count == pruned)
  }

  /// Scores on folds, easy ones and hard ones; the last line is their mean, which is the result.
  @Test func worseScoresAreStopped() throws {
    let program = """
      import json, sys, time
      scores = []
      for fold in range(1, 10):
          scores.append(float(sys.argv[1]) + fold % 4)
          print(json.dumps({"epoch": fold, "loss": scores[-1]}), flush=True)
          time.sleep(0.05)
      print(json.dumps({"loss": sum(scores) / len(scores)}))
      """
    try tool.write(program, "folds.py")
    let record = try tool.object(tune("wilcoxon", trials: 8, ["python3", "folds.py", "{x}"]))
    // A fold's score is no result, however small it is.
    #expect(record["leading"] is NSNull)
    for trial in try tool.trials() {
      let epoch = try #require(trial["epoch"] as? Int)
      let isComplete = trial["state"] as? String == "complete"
      #expect(isComplete ? epoch == 9 : (4...8).contains(epoch), "\(trial)")
      guard isComplete else { continue }
      let x = try #require((trial["params"] as? [String: Any])?["x"] as? Double)
      let value = try #require((trial["values"] as? [String: Any])?["loss"] as? Double)
      #expect(abs(value - (x + 13.0 / 9)) < 1e-9)
    }
    #expect(try tool.states().contains("pruned"))
  }

  /// One that knows nothing of `{to}` rests when it has gone an epoch too far, and begins again if it is
  /// promoted.
  @Test func programsThatGoTooFarRest() throws {
    try tool.write(Self.plain, "train.py")
    _ = try tool.object(tune("asha", trials: 6, ["python3", "train.py", "{x}"]))
    let trials = try tool.trials()
    let reached = trials.compactMap { $0["epoch"] as? Int }
    #expect(reached.allSatisfy { [2, 4, 9].contains($0) }, "\(reached)")
    #expect(trials.contains { $0["state"] as? String == "complete" })
  }

  /// Killed again and again, a study ends as one that was left alone: every trial through its epochs.
  @Test func killedAndResumed() throws {
    try tool.write(Self.careful + "\nimport time; time.sleep(0.02)\n", "train.py")
    let words = tune("asha", trials: 12, ["python3", "train.py"])
    let first = try tool.start(Array(words.prefix(15)) + ["--parallel", "2"] + words.dropFirst(15))
    first.wait { (try? tool.text("epochs.txt").count) ?? 0 > 20 }
    kill(first.process.processIdentifier, SIGKILL)
    _ = try first.end()
    for round in 1...3 {
      let next = try tool.start(["resume", "-q", "--json", "--lease", "1s"])
      let goal = 20 + 25 * round
      next.wait { (try? tool.text("epochs.txt").count) ?? 0 > goal }
      if round < 3 { kill(next.process.processIdentifier, SIGKILL) }
      let ending = try next.end()
      if round == 3 { #expect(ending.status == 0, "\(ending.err)") }
    }
    let trials = try tool.trials()
    #expect(trials.count == 12)
    #expect(trials.allSatisfy { ["paused", "complete"].contains($0["state"] as? String) })
    #expect(trials.contains { $0["state"] as? String == "complete" })
    #expect(trials.allSatisfy { [1, 3, 9].contains($0["epoch"] as? Int) })
  }

  /// A training that is killed while it replaces its checkpoint goes on from the one before.
  @Test func damagedCheckpoint() throws {
    let program = """
      import json, os, signal, time
      asked = json.load(open(os.environ["OUTERLOOP_TRIAL"]))
      saved = os.path.join(asked["checkpoint"], "state")
      if asked["fromEpoch"]:
          assert open(saved).read() == f"state {asked['fromEpoch']}", open(saved).read()
      for epoch in range(asked["fromEpoch"] + 1, asked["toEpoch"] + 1):
          print(json.dumps({"epoch": epoch, "loss": 1 / epoch}), flush=True)
          time.sleep(0.2 if epoch < 5 else 0)
          if epoch == 4 and not os.path.exists("killed"):
              open("killed", "w").close()
              open(saved, "w").write("sta")
              os.kill(os.getppid(), signal.SIGKILL)
              os.kill(os.getpid(), signal.SIGKILL)
          with open(saved + ".part", "w") as file:
              file.write(f"state {epoch}")
          os.rename(saved + ".part", saved)
          print(json.dumps({"epoch": epoch, "checkpoint": "state"}), flush=True)
      """
    try tool.write(program, "train.py")
    let first = try tool.run(tune("none", trials: 1, ["python3", "train.py"]))
    #expect(first.isSignal)
    let second = try tool.run(["resume", "-q", "--json", "--lease", "1s"])
    #expect(second.status == 0, "\(second.err)")
    #expect(try tool.states() == ["complete"])
    #expect(try tool.text("outerloop.trials/study/0/log.txt").contains("epoch 2"))
  }

  /// Who runs trials by hand is told by the trial's state.
  @Test func toldByHand() throws {
    let begin = [
      "ask", "--param", "x=float(0, 1)", "--minimize", "loss", "--epochs", "9", "--scheduler",
      "asha:stopping=true", "--json",
    ]
    for (number, words) in [begin, ["ask", "--json"]].enumerated() {
      #expect(try tool.object(words)["toEpoch"] as? Int == 9)
      let told = try tool.object([
        "tell", "--trial", "\(number)", "--running", "--epoch", "1", "loss=\(number + 1)", "--json",
      ])
      #expect(told["state"] as? String == ["running", "pruned"][number])
    }
  }

  /// While no trial is complete, the best of those that were trained for a while is shown.
  @Test func bestWithoutACompleteTrial() throws {
    try tool.write(Self.careful, "train.py")
    let words = tune("asha", trials: 2, ["python3", "train.py"])
    // Two epochs in all: no trial gets to the end.
    _ = try tool.object(Array(words.prefix(11)) + ["--total-epochs", "2"] + words.dropFirst(11))
    #expect(try tool.states() == ["paused", "paused"])
    let best = try tool.object(["best", "--json"])
    #expect(best["best"] is NSNull)
    #expect((best["leading"] as? [String: Any])?["epoch"] as? Int == 1)
    let text = try tool.run(["best"]).out
    #expect(text.contains("after 1 of 9 epochs"), "\(text)")
  }

  @Test func wrongUsage() throws {
    let words = ["tune", "--param", "x=float(0, 1)", "--minimize", "loss"]
    let cases: [([String], String)] = [
      (["--scheduler", "asha"], "--epochs 27"),
      (["--scheduler", "ahsa", "--epochs", "9"], "did you mean `asha`?"),
      (["--scheduler", "asha:factor=1", "--epochs", "9"], "a whole number from 2 to 1000"),
      (["--scheduler", "threshold", "--epochs", "9"], "threshold:bound=2.5"),
      (["--scheduler", "priorband", "--epochs", "9"], "--prior lr=0.001"),
      (["--scheduler", "freeze-thaw", "--epochs", "9", "--prior", "x=0.5"], "priorband"),
    ]
    for (more, text) in cases {
      let error = try tool.failure(words + more + ["--", "true"], status: 64)
      #expect(error.contains(text), "\(error)")
    }
    #expect(!tool.has("outerloop.db"))
  }
}
