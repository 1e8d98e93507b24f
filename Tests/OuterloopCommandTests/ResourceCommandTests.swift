import Foundation
import Testing

/// GPUs and processors of trials that run at the same time, with real processes.
@Suite(.serialized) struct ResourceCommandTests {
  private let tool = Tool()
  private static let study = ["--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "7"]

  /// A program that holds a folder for each of its GPUs while it runs: who finds one that is held fails
  /// with status 9. Of its first run each trial of an even number fails.
  private func write() throws {
    try tool.write(
      """
      import json, os, sys, time
      held = []
      for gpu in os.environ["CUDA_VISIBLE_DEVICES"].split(","):
          try:
              os.mkdir("held." + gpu)
          except FileExistsError:
              print("GPU", gpu, "is held already", file=sys.stderr)
              os._exit(9)
          held.append(gpu)
      time.sleep(0.15)
      with open("runs.txt", "a") as file:
          file.write(",".join(held) + "\\n")
      for gpu in held:
          os.rmdir("held." + gpu)
      trial = json.load(open(os.environ["OUTERLOOP_TRIAL"]))["trial"]
      mark = f"failed.{trial}"
      if trial % 2 == 0 and not os.path.exists(mark):
          open(mark, "w").close()
          sys.exit(1)
      print(json.dumps({"loss": float(sys.argv[1])}))
      """, "hold.py")
  }

  private func runs() throws -> [String] {
    try tool.text("runs.txt").split(separator: "\n").map(String.init)
  }

  /// As many trials as GPUs; no GPU is ever held twice, retries included.
  @Test func devicesAreHeldOnce() throws {
    try write()
    let ending = try tool.run(
      ["tune", "--trials", "12", "--gpus", "0,2,3", "--retries", "1"] + Self.study
        + ["--", "python3", "hold.py", "{x}"], environment: ["CUDA_VISIBLE_DEVICES": "4,5,6,7"])
    #expect(ending.status == 0, "\(ending.err)")
    #expect(ending.err.contains("3 at a time, each with 1 GPU\n"), "\(ending.err)")
    #expect(Set(try runs()) == ["4", "6", "7"])
    #expect(try runs().count == 18)
    #expect(try tool.states().allSatisfy { $0 == "complete" })
  }

  /// Also after a runner was killed, whose trials run again, and with two GPUs a trial.
  @Test func resumedTrialsGetFreeSlots() throws {
    try write()
    let words = ["tune", "--trials", "8", "--gpus", "4", "--gpus-per-trial", "2", "--retries", "1"]
    let running = try tool.start(
      words + Self.study + ["--", "python3", "hold.py", "{x}"],
      environment: ["CUDA_VISIBLE_DEVICES": "0,1,2,3"])
    running.wait { (try? runs().count) ?? 0 >= 3 }
    kill(running.process.processIdentifier, SIGKILL)
    _ = try running.end()
    // Its programs were killed with it: they have not let go.
    for name in try FileManager.default.contentsOfDirectory(atPath: tool.folder.path)
    where name.hasPrefix("held.") {
      rmdir(tool.file(name))
    }
    let more = try tool.run(["resume"], environment: ["CUDA_VISIBLE_DEVICES": "0,1,2,3"])
    #expect(more.status == 0, "\(more.err)")
    #expect(more.err.contains("2 at a time, each with 2 GPUs\n"))
    #expect(Set(try runs()) == ["0,1", "2,3"])
    #expect(try tool.states().allSatisfy { $0 == "complete" })
    // On a machine with fewer of them it says what to do, and `none` does it.
    let fewer = try tool.failure(
      ["resume", "--more", "1"], status: 64, environment: ["CUDA_VISIBLE_DEVICES": "0"])
    #expect(fewer.contains("CUDA_VISIBLE_DEVICES is set, and leaves 1 GPU (0)"))
    let none = try tool.run(
      ["resume", "--more", "1", "--gpus", "none"], environment: ["CUDA_VISIBLE_DEVICES": "0"])
    #expect(none.status == 0, "\(none.err)")
    #expect(try runs().last == "0")
  }

  @Test func moreTrialsThanDevices() throws {
    let text = try tool.failure(
      ["tune", "--gpus", "0,1", "--parallel", "3"] + Self.study + ["--", "true", "{x}"], status: 64,
      environment: ["CUDA_VISIBLE_DEVICES": "0,1"])
    #expect(
      text == """
        error: --parallel 3: --gpus 0,1 is enough for 2 trials with 1 GPU each

        hint: say --parallel 2; trials share a GPU by --gpus-per-trial 0.5

        """)
    #expect(!tool.has("outerloop.db"))
    let fewer = try tool.run(
      ["tune", "--gpus", "3", "--parallel", "2", "--trials", "1"] + Self.study
        + ["--", "sh", "-c", "echo '{\"loss\": {x}}'"],
      environment: ["CUDA_VISIBLE_DEVICES": "0,1,2"])
    let note = "2 at a time, each with 1 GPU, the GPUs are enough for 3 (--parallel 3)\n"
    #expect(fewer.err.contains(note), "\(fewer.err)")
    let noGPUs = try tool.failure(
      ["tune", "--gpus-per-trial", "2"] + Self.study + ["--", "true", "{x}"], status: 64)
    #expect(noGPUs.contains("hint: name them: --gpus 4, or --gpus all\n"))
    let word = try tool.failure(
      ["tune", "--gpus", "a,b"] + Self.study + ["--", "true"], status: 64)
    #expect(word.contains("write a number of GPUs, their numbers as 0,2,3"), "\(word)")
  }

  #if os(Linux)
    /// Trials are pinned to processors of their own, and told how many threads to use.
    @Test func processorsAreShared() throws {
      let script = """
        echo "$(grep Cpus_allowed_list /proc/self/status | cut -f2) $OPENBLAS_NUM_THREADS" >>seen.txt
        sleep 0.2; echo '{"loss": {x}}'
        """
      let count = ProcessInfo.processInfo.activeProcessorCount
      let ending = try tool.run(
        ["tune", "--trials", "6", "--cpus", "all", "--parallel", "2"] + Self.study
          + ["--", "sh", "-c", script])
      if count < 2 {
        #expect(ending.status == 64 && ending.err.contains("cannot each have a processor"))
        return
      }
      #expect(ending.status == 0, "\(ending.err)")
      let seen = Set(try tool.text("seen.txt").split(separator: "\n").map(String.init))
      #expect(seen.count == 2)
      #expect(Set(seen.map { $0.split(separator: " ")[0] }).count == 2)
      if count == 2 { #expect(seen == ["0 1", "1 1"]) }
    }
  #endif

  /// Several trials at once do not use more threads than there are processors, unless the user says so.
  @Test func threadsByDefault() throws {
    let script = "echo \"$OMP_NUM_THREADS/$MKL_NUM_THREADS\" >>seen.txt; echo '{\"loss\": {x}}'"
    func seen(_ words: [String], _ environment: [String: String] = [:]) throws -> Set<String> {
      let before = (try? tool.text("seen.txt").count) ?? 0
      let ending = try tool.run(
        words + ["--trials", "2"] + Self.study + ["--", "sh", "-c", script],
        environment: environment)
      #expect(ending.status == 0, "\(ending.err)")
      let lines = try tool.text("seen.txt").dropFirst(before).split(separator: "\n")
      return Set(lines.map(String.init))
    }
    let share = max(ProcessInfo.processInfo.activeProcessorCount / 2, 1)
    #expect(
      try seen(["tune", "--study", "a", "--parallel", "2"], ["OUTERLOOP_CPUS": "2"]) == ["1/1"])
    let usual = try seen(["tune", "--study", "b", "--parallel", "2"])
    #expect(usual.allSatisfy { Int($0.split(separator: "/")[0]) ?? 0 <= share }, "\(usual)")
    #expect(
      try seen(["tune", "--study", "c", "--parallel", "2"], ["OMP_NUM_THREADS": "5"]) == ["5/"])
  }

  /// The last epoch that trial 0 has reported.
  private func epoch() -> Int? {
    guard tool.has("outerloop.db") else { return nil }
    return (try? tool.run(["trials", "--json"]).list)?.first?["epoch"] as? Int
  }

  /// A program that gets SIGTERM together with its worker, as from Slurm, has not failed: its trial waits.
  @Test func signalledTogether() throws {
    let running = try tool.start(
      ["tune", "--trials", "1", "--epochs", "9", "--scheduler", "none"] + Self.study + [
        "--", "sh", "-c", "echo '{\"epoch\": 1, \"loss\": {x}}'; exec sleep 4713.1",
      ])
    running.wait { epoch() == 1 }
    let program = try #require(
      try tool.run([], shell: "pgrep -f 'sleep 4713[.]1'").out.split(separator: "\n").first.flatMap
      { pid_t($0) })
    kill(program, SIGTERM)
    running.process.terminate()
    // Its script hands it on: that is no reason to leave trials behind.
    running.process.terminate()
    #expect(try running.end().status == 143)
    #expect(try tool.states() == ["waiting"])
  }

  /// What a program announces while it is told to stop counts: its trial goes on from there.
  @Test func parkedAtTheLastCheckpoint() throws {
    try tool.write(
      """
      import json, os, signal, sys, time
      request = json.load(open(os.environ["OUTERLOOP_TRIAL"]))
      epoch = request["fromEpoch"]
      def stop(*_):
          time.sleep(1.5)
          open(request["checkpoint"] + "/model", "w").write(str(epoch))
          print(json.dumps({"checkpoint": "model", "epoch": epoch}), flush=True)
          sys.exit(0)
      signal.signal(signal.SIGTERM, stop)
      while epoch < request["toEpoch"]:
          epoch += 1
          print(json.dumps({"epoch": epoch, "loss": 1 / epoch}), flush=True)
          if epoch == 3 and request["fromEpoch"] == 0:
              time.sleep(1000)
      """, "saving.py")
    let running = try tool.start(
      ["tune", "--trials", "1", "--epochs", "5", "--scheduler", "none", "--grace", "20s"]
        + Self.study + ["--", "python3", "saving.py"])
    running.wait { epoch() == 3 }
    running.process.terminate()
    #expect(try running.end().status == 143)
    let row = try #require(try tool.trials().first)
    #expect(row["state"] as? String == "paused" && row["checkpoint"] as? Int == 3, "\(row)")
    #expect(try tool.run(["worker"]).status == 0)
    #expect(try tool.states() == ["complete"])
    #expect(try tool.text("outerloop.trials/study/0/trial.json").contains("\"fromEpoch\":3"))
  }
}
