import Foundation
import Testing

/// Studies under way that are stopped, hung up, killed, deleted and joined by others.
@Suite(.serialized) struct InterruptTests {
  private let tool = Tool()
  private static let study = ["--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "7"]

  /// Whether something holds soon.
  private func soon(_ holds: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<600 {
      if try holds() { return true }
      usleep(50_000)
    }
    return false
  }

  /// A study of slow trials; each leaves a mark when it is done.
  private func slow(_ seconds: String, trials: Int = 6, parallel: Int = 2) -> [String] {
    ["tune", "--trials", "\(trials)", "--parallel", "\(parallel)"] + Self.study + [
      "--", "sh", "-c", "sleep \(seconds); echo '{\"loss\": {x}}'",
    ]
  }

  private func count(_ state: String) throws -> Int {
    guard tool.has("outerloop.db") else { return 0 }
    return (try? tool.run(["trials", "--json", "--state", state]).list.count) ?? 0
  }

  @Test func deletedWhileItRuns() throws {
    let running = try tool.start(slow("0.5"))
    #expect(try soon { try count("complete") >= 1 })
    #expect(try tool.run(["delete", "--study", "study", "--yes"]).status == 0)
    let ending = try running.end()
    #expect(ending.status == 1)
    #expect(
      ending.err.contains("error: study `study` was deleted from outerloop.db while it ran\n"))
  }

  /// A study that is paused begins no trial, and goes on where it runs; so does a budget that grows or shrinks.
  @Test func pausedWhileItRuns() throws {
    let running = try tool.start(slow("1", trials: 3, parallel: 1))
    #expect(try soon { try count("complete") >= 1 })
    let paused = try tool.run(["pause"])
    #expect(paused.out == "study `study` is paused: no trial starts\n")
    #expect(paused.err == "\nto resume it: outerloop pause --study study --off\n")
    #expect(try tool.object(["pause", "--json"])["paused"] as? Bool == true)
    #expect(try soon { try count("running") == 0 })
    let done = try count("complete")
    #expect(done < 3)
    usleep(1_000_000)
    #expect(try count("complete") == done && count("running") == 0)
    #expect(try tool.run(["watch", "--once"]).out.contains("paused: no trial starts\n"))
    let refused = try tool.run(["ask"])
    #expect(refused.status == 1 && refused.err.contains("study `study` is paused\n"))
    // The budget grows while it waits.
    #expect(try tool.run(["pause", "--off"]).out == "study `study` is resumed\n")
    let asked = try tool.run(["ask", "--trials", "5", "--json"])
    #expect(asked.status == 0)
    #expect(
      try tool.run(["tell", "--trial", "\(asked.object["number"] as? Int ?? -1)", "loss=0.5"])
        .status
        == 0)
    let ending = try running.end()
    #expect(ending.status == 0, "\(ending.err)")
    #expect(
      ending.err.contains("the study is paused; to resume: outerloop pause --study study --off\n"))
    #expect(ending.err.contains("the study is resumed\n"))
    #expect(try count("complete") == 5)
    // Who resumes means it.
    _ = try tool.run(["pause"])
    #expect(try tool.run(["resume", "--trials", "6"]).status == 0)
    #expect(try count("complete") == 6)
  }

  /// On a terminal an error does not hang on to the line of progress.
  @Test func errorsHaveTheirOwnLine() throws {
    let script = "#!/bin/sh\nsleep 0.5; rm \"$0\"; echo \"{\\\"loss\\\": $1}\"\n"
    try tool.write(script, "once")
    let ending = try tool.run(
      ["tune", "--trials", "3"] + Self.study + ["--", "./once", "{x}"],
      environment: ["TERM": "xterm"],
      shell:
        "chmod +x once; exec python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' \"$0\" \"$@\"")
    let end = try #require(ending.out.range(of: "error:"))
    let start = ending.out[..<end.lowerBound]
    #expect(start.contains("\rtrial 0/3  running 1"))
    #expect(start.split(separator: "\r").last?.contains("trial") == false, "\(ending.out)")
  }

  @Test func firstInterruptFinishesTrials() throws {
    let running = try tool.start(slow("1.0"))
    #expect(try soon { try count("running") == 2 })
    running.process.interrupt()
    let ending = try running.end()
    #expect(ending.status == 130)
    #expect(!ending.isSignal)
    #expect(ending.err.contains("finishing the running trials; press again to stop them\n"))
    #expect(ending.err.hasSuffix("\n\nhint: outerloop resume --study study\n"))
    let done = try count("complete")
    #expect(done >= 2 && done < 6)
    #expect(try count("running") + count("waiting") == 0)
    let more = try tool.run(["resume"])
    #expect(more.status == 0)
    #expect(try count("complete") == 6)
  }

  @Test func secondInterruptStopsAtOnce() throws {
    let running = try tool.start(slow("4712.2"))
    #expect(try soon { try count("running") == 2 })
    running.process.interrupt()
    usleep(200_000)
    running.process.interrupt()
    let ending = try running.end()
    #expect(ending.status == 130)
    #expect(ending.err.contains("stopping the running trials\n"))
    #expect(try count("waiting") == 2)
    #expect(try tool.run([], shell: "! pgrep -f 4712[.]2").status == 0)
  }

  /// The end of the terminal stops them, unless `nohup` says that it does not matter.
  @Test func hangupStopsAtOnce() throws {
    let running = try tool.start(slow("4712.5"))
    #expect(try soon { try count("running") == 2 })
    kill(running.process.processIdentifier, SIGHUP)
    kill(running.process.processIdentifier, SIGHUP)
    #expect(try running.end().status == 129)
    #expect(try count("waiting") == 2)
    let deaf = try tool.start(
      ["resume", "--trials", "2", "--", "sh", "-c", "sleep 1; echo '{\"loss\": {x}}'"],
      shell: "trap '' HUP; exec \"$0\" \"$@\"")
    #expect(try soon { try count("running") == 2 })
    kill(deaf.process.processIdentifier, SIGHUP)
    #expect(try deaf.end().status == 0)
    #expect(try count("complete") == 2)
  }

  /// Also where whoever started the command does not want to hear of its end.
  @Test func statusesAreSeen() throws {
    let start = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
    let ending = try tool.run(
      ["tune", "--trials", "1"] + Self.study + ["--", "sh", "-c", "sleep 0.2; exit 4 # {x}"],
      shell: "exec python3 -c '\(start); os.execv(sys.argv[1], sys.argv[1:])' \"$0\" \"$@\"")
    #expect(ending.err.contains("the last failure: exit status 4\n"), "\(ending.err)")
  }

  @Test func politeSignalStopsAtOnce() throws {
    let running = try tool.start(slow("4712.3"))
    #expect(try soon { try count("running") == 2 })
    running.process.terminate()
    #expect(try running.end().status == 143)
    #expect(try count("waiting") == 2)
  }

  /// Whoever was killed is noticed by the one who goes on; no number is given twice.
  @Test func survivesBeingKilled() throws {
    let running = try tool.start(slow("0.7"))
    #expect(try soon { try count("complete") >= 1 && count("running") == 2 })
    kill(running.process.processIdentifier, SIGKILL)
    _ = try running.end()
    let start = Date()
    let more = try tool.run(["resume"])
    #expect(more.status == 0, "\(more.err)")
    #expect(Date().timeIntervalSince(start) < 60)
    #expect(try count("complete") == 6)
    #expect(try tool.trials().compactMap { $0["number"] as? Int } == Array(0..<6))
  }

  @Test func workersShareAStudy() throws {
    let first = try tool.start(slow("0.2", trials: 16))
    #expect(try soon { try count("running") >= 1 })
    let others = try (0..<2).map { _ in try tool.start(["worker", "--parallel", "2"]) }
    #expect(try first.end().status == 0)
    for other in others { #expect(try other.end().status == 0) }
    let rows = try tool.trials()
    #expect(rows.count == 16)
    #expect(rows.allSatisfy { $0["state"] as? String == "complete" && $0["attempts"] as? Int == 1 })
  }

  #if os(Linux)
    /// What the programs of a killed process started is gone before their trials run again.
    @Test func endsWhatTheKilledLeft() throws {
      let find = "pgrep -c -x -f 'sleep 4712[.]6'"
      let running = try tool.start(
        ["tune", "--trials", "2"] + Self.study + [
          "--", "sh", "-c",
          "test -e once || { touch once; sleep 4712.6 & setsid sleep 4712.6 & sleep 4712.6; }; "
            + "\(find) && exit 1; echo '{\"loss\": {x}}'",
        ])
      #expect(try soon { try tool.run([], shell: find).out == "3\n" })
      kill(running.process.processIdentifier, SIGKILL)
      // Nobody waits for the killed one yet: a zombie.
      usleep(300_000)
      #expect(try tool.run([], shell: find).out == "3\n")
      #expect(try tool.run(["resume"]).status == 0)
      #expect(try tool.run([], shell: find).out == "0\n")
      #expect(try running.end().isSignal)
      #expect(try tool.trials().allSatisfy { $0["state"] as? String == "complete" })
    }
  #endif
}
