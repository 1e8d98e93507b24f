import Foundation
import OuterloopStudy
import Testing

@testable import OuterloopRunner

/// Programs that answer one request after the other.
@Suite(.serialized) struct PersistentWorkTests {
  private static let echo = """
    import json, os, sys
    print("hello from", os.getpid())
    for line in sys.stdin:
        r = json.loads(line)
        print("trial", r["trial"])
        print(json.dumps({"loss": r["params"]["x"] + r["trial"], "pid": os.getpid()}))
        print('{"done": true}')
    """

  @Test func answersManyTrials() async throws {
    let bench = try Workbench()
    defer { bench.remove() }
    let work = try bench.python(Self.echo)
    var pids: Set<Double> = []
    for trial in 0..<200 {
      let recorder = Recorder()
      try await work.run(bench.request(trial: trial), to: recorder)
      #expect(recorder.losses == [0.5 + Double(trial)])
      pids.insert(recorder.reports.first?.values["pid"] ?? 0)
    }
    #expect(pids.count == 1)
    await work.close()
    #expect(try await Processes.areGone(with: bench.folder.path))
    #expect(bench.log(0).contains("hello from"))
    #expect(
      bench.log(7)
        == "trial 7\n{\"loss\": 7.5, \"pid\": \(Int(pids.first ?? 0))}\n{\"done\": true}\n")
  }

  @Test func oneProgramForEachTrialAtOnce() async throws {
    let bench = try Workbench()
    defer { bench.remove() }
    let work = try bench.python(
      Self.echo.replacingOccurrences(
        of: "print(\"trial\"", with: "import time; time.sleep(0.3); print(\"trial\""))
    let pids = try await withThrowingTaskGroup(of: Double?.self) { group in
      for trial in 0..<3 {
        group.addTask {
          let recorder = Recorder()
          try await work.run(bench.request(trial: trial), to: recorder)
          return recorder.reports.first?.values["pid"]
        }
      }
      return try await group.reduce(into: Set<Double?>()) { $0.insert($1) }
    }
    #expect(pids.count == 3)
    await work.close()
  }

  @Test func failuresAreTold() async throws {
    let bench = try Workbench()
    defer { bench.remove() }
    let work = try bench.python(
      """
      import sys
      for line in sys.stdin: print('{"done": true, "error": "it diverged"}')
      """)
    #expect(try await bench.failure(of: work) == TrialFailure(.error, "it diverged"))
    #expect(try await bench.failure(of: work) == TrialFailure(.error, "it diverged"))
    await work.close()
  }

  @Test func silentAnswersAreInvalid() async throws {
    let bench = try Workbench()
    defer { bench.remove() }
    let work = try bench.python("import sys\nfor line in sys.stdin: print('{\"done\": true}')")
    #expect(try await bench.failure(of: work)?.reason == .invalid)
    await work.close()
  }

  /// It dies during its second trial, once; the trial is run again by a new one.
  @Test func diesAndIsStartedAgain() async throws {
    let bench = try Workbench()
    defer { bench.remove() }
    let work = try bench.python(
      """
      import json, os, sys
      for line in sys.stdin:
          r = json.loads(line)
          print(json.dumps({"loss": 100}))
          mark = os.path.join(r["checkpoint"], "died")
          if r["trial"] == 1 and not os.path.exists(mark):
              open(mark, "w").close()
              os.kill(os.getpid(), 9)
          print(json.dumps({"loss": r["trial"]}))
          print('{"done": true}')
      """)
    for trial in 0..<4 {
      let recorder = Recorder()
      try await work.run(bench.request(trial: trial), to: recorder)
      #expect(recorder.losses.last == Double(trial))
    }
    #expect(
      bench.log(1).contains("[outerloop] the program ended during the trial, ended by signal 9"))
    await work.close()
  }

  @Test func givesUpOnATrialThatKills() async throws {
    let bench = try Workbench()
    defer { bench.remove() }
    let work = try bench.python("import sys\nsys.stdin.readline()\nsys.exit('broken')", tries: 3)
    let failure = try await bench.failure(of: work)
    #expect(failure?.reason == .error)
    #expect(
      failure?.message
        == "the program ended during the trial 3 times, exit status 1: broken")
  }

  @Test func diesBetweenTrials() async throws {
    let bench = try Workbench()
    defer { bench.remove() }
    let work = try bench.python(
      """
      import sys
      sys.stdin.readline()
      print('{"loss": 1}')
      print('{"done": true}')
      """, tries: 1)
    for trial in 0..<3 {
      try await work.run(bench.request(trial: trial), to: Recorder())
      #expect(try await Processes.areGone(with: bench.folder.path))
    }
  }

  @Test func hangsAndIsReplaced() async throws {
    var bench = try Workbench()
    defer { bench.remove() }
    bench.limits.seconds = 1.5
    let work = try PersistentWork(
      Program(
        [
          "sh",
          try bench.script(
            """
            while read -r line; do
              case "$line" in *'"trial":0,'*) sleep 1000 ;; esac
              echo '{"loss": 1}'; echo '{"done": true}'
            done
            """),
        ], isPersistent: true), of: bench.specification, in: bench.folders, limits: bench.limits)
    #expect(try await bench.failure(of: work)?.reason == .timeout)
    try await work.run(bench.request(trial: 1), to: Recorder())
    // The limit is for trials, not for the time between them.
    try await Task.sleep(for: .milliseconds(1700))
    try await work.run(bench.request(trial: 2), to: Recorder())
    await work.close()
  }

  @Test func stubbornProgramsAreEnded() async throws {
    let bench = try Workbench()
    defer { bench.remove() }
    let work = try bench.python(
      """
      import signal, sys, time
      signal.signal(signal.SIGTERM, signal.SIG_IGN)
      sys.stdin.readline()
      print('{"loss": 1}')
      print('{"done": true}')
      while True: time.sleep(1)
      """)
    try await work.run(bench.request(), to: Recorder())
    await work.close()
    #expect(try await Processes.areGone(with: bench.folder.path))
  }

  @Test func cancellationEndsIt() async throws {
    let bench = try Workbench()
    defer { bench.remove() }
    let work = try bench.python("import time\ntime.sleep(1000)")
    let task = Task { try await work.run(bench.request(), to: Recorder()) }
    while Processes.count(with: bench.folder.path) < 1 {
      try await Task.sleep(for: .milliseconds(20))
    }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await Processes.areGone(with: bench.folder.path))
  }
}
