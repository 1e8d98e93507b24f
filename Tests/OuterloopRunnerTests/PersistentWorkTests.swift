import Foundation
import OuterloopStudy
import Testing

@testable import OuterloopRunner

/// Programs that answer one request after the other.
@Suite(.serialized) struct PersistentWorkTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

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
    let work = try bench.python("import sys\nfor line in sys.stdin: print('{\"done\": true}')")
    #expect(try await bench.failure(of: work)?.reason == .invalid)
    await work.close()
  }

  /// It dies during its second trial, once; the trial is run again by a new one.
  @Test func diesAndIsStartedAgain() async throws {
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
    let work = try bench.python("import sys\nsys.stdin.readline()\nsys.exit('broken')", tries: 3)
    let failure = try await bench.failure(of: work)
    #expect(failure?.reason == .error)
    #expect(
      failure?.message
        == "the program ended during the trial 3 times, exit status 1: broken")
  }

  /// Programs that say too much, too early or for another: each trial has its own value, or fails.
  /// The value is the trial's number, so that another's is seen.
  static let talkers: [(name: String, program: String, complete: Int)] = [
    ("done first", "say(done); say(loss)", 0),
    ("done twice", "say(loss); say(done); say(done)", 5),
    ("a late correction", "say(loss); say(done); say({'loss': r['trial'] + 0.5})", 5),
    ("late by a moment", "say(loss); say(done); time.sleep(0.002); say(loss)", 5),
    ("in one piece", "os.write(1, b'\\n'.join(map(text, [loss, done, loss, done, b''])))", 5),
    ("before it reads", "say(loss); say(done); say({'loss': -1}); time.sleep(0.01)", 5),
    ("an unfinished line", "say(loss); say(done); os.write(1, b'{\"loss\": -1')", 5),
    ("in its buffer", "hold.append(text(loss)); say(done); flush()", 0),
    ("echo", "echo(loss); echo(done)", 5),
    (
      "echo of the trial", "say({**loss, 'trial': r['trial']}); say({**done, 'trial': r['trial']})",
      5
    ),
    ("echo, twice done", "echo(loss); echo(done); echo(done)", 5),
    ("echo of the one before", "echo(loss, -1); echo(done)", 0),
    ("another's echo", "say({**loss, 'id': 'mine'}); say(done)", 0),
    ("late, from a thread", "echo(loss); echo(done); later(lambda: echo(loss, -1))", 5),
    ("early, and echoed", "echo(done); echo(loss)", 0),
  ]

  @Test(arguments: talkers)
  func valuesStayWithTheirTrial(_ name: String, _ program: String, _ complete: Int) async throws {
    let work = try bench.python(
      """
      import json, os, sys, threading, time
      ids, hold = [None], []
      def text(x): return x if isinstance(x, bytes) else json.dumps(x).encode()
      def say(x): os.write(1, text(x) + b"\\n")
      def flush():
          if len(hold) > 1: os.write(1, hold.pop(0) + b"\\n")
      def echo(x, which=None): say({**x, "id": ids[-1] if which is None else ids[which - 1]})
      def later(f): threading.Timer(0.001, f).start()
      for line in sys.stdin:
          r = json.loads(line)
          ids.append(r["id"])
          loss, done = {"loss": r["trial"]}, {"done": True}
          \(program)
      """)
    var found = 0
    for trial in 0..<5 {
      let recorder = Recorder()
      do {
        try await work.run(bench.request(trial: trial), to: recorder)
        #expect(recorder.losses == [Double(trial)], "\(name)")
        found += 1
      } catch let failure as TrialFailure {
        #expect([.invalid, .error].contains(failure.reason), "\(name): \(failure)")
        #expect(recorder.losses.allSatisfy { $0 == Double(trial) }, "\(name)")
      }
    }
    await work.close()
    // A thread may answer while the next request is under way, which then goes to another program.
    #expect(complete > 0 ? found >= complete : found == 0, "\(name): \(found)")
  }

  /// What came outside of a request stands in the log of the trial before it.
  @Test func strayLinesAreLogged() async throws {
    let work = try bench.python(
      """
      import sys, time
      for line in sys.stdin:
          print('{"loss": 1}\\n{"done": true}')
          time.sleep(0.05)
          print('{"loss": 2}')
      """)
    try await work.run(bench.request(trial: 0), to: Recorder())
    try await Task.sleep(for: .milliseconds(200))
    let recorder = Recorder()
    try await work.run(bench.request(trial: 1), to: recorder)
    #expect(recorder.losses == [1])
    #expect(bench.log(0).contains("{\"loss\": 2}\n"))
    await work.close()
  }

  /// A report that a program prints while it starts belongs to no request.
  @Test func reportsBeforeTheFirstRequest() async throws {
    let work = try bench.python(
      "import sys\nprint('{\"loss\": 5}')\nfor line in sys.stdin: print('{\"loss\": 1}\\n{\"done\": true}')"
    )
    let recorder = Recorder()
    #expect(
      try await bench.failure(of: work, recorder)
        == TrialFailure(
          .error, "the program printed a report outside of a request 2 times",
          way: "the program printed a report outside of a request"))
    #expect(recorder.reports.isEmpty)
    await work.close()
  }

  @Test func requestsNameThemselves() async throws {
    let work = try bench.python(
      """
      import json, os, sys
      for line in sys.stdin:
          r = json.loads(line)
          assert set(r) == set("study trial params fromEpoch toEpoch checkpoint seed slot id".split()), r
          assert os.path.isdir(r["checkpoint"])
          print(r["id"], r["slot"])
          print('{"loss": 1}\\n{"done": true}')
      """)
    var words: Set<Substring> = []
    for trial in 0..<20 {
      var request = try bench.request(trial: trial)
      request.slot = trial % 3
      try await work.run(request, to: Recorder())
      let line = try #require(bench.log(trial).split(separator: "\n").first).split(separator: " ")
      #expect(line.last == "\(trial % 3)")
      words.insert(line[0])
    }
    #expect(words.count == 20)
    await work.close()
  }

  /// A program stays in its place: what it was started with does not change.
  @Test func aProgramForEachPlace() async throws {
    let script = try bench.script(
      """
      import json, os, sys
      for line in sys.stdin:
          r = json.loads(line)
          print(json.dumps({"loss": 1, "place": int(sys.argv[1]), "slot": r["slot"]}))
          print('{"done": true}')
      """)
    let work = try PersistentWork(
      Program(["python3", script, "{slot}"], isPersistent: true), of: bench.specification,
      in: bench.folders, limits: bench.limits)
    for trial in 0..<9 {
      var request = try bench.request(trial: trial)
      request.slot = trial % 3
      let recorder = Recorder()
      try await work.run(request, to: recorder)
      #expect(recorder.reports.last?.values["place"] == Double(trial % 3))
    }
    #expect(Processes.count(with: bench.folder.path) == 3)
    await work.close()
  }

  /// Trials that printed reports and nothing else leave no files.
  @Test func leavesNoEmptyFolders() async throws {
    let work = try bench.python(
      """
      import json, os, sys
      for line in sys.stdin:
          r = json.loads(line)
          if r["trial"] == 1: open(os.path.join(r["checkpoint"], "model"), "w").close()
          if r["trial"] == 2: print("a remark")
          if r["trial"] == 3: print("trouble", file=sys.stderr)
          print(json.dumps({"loss": 1}) if r["trial"] != 4 else "")
          print('{"done": true}')
      """)
    for trial in 0..<6 { _ = try? await work.run(bench.request(trial: trial), to: Recorder()) }
    await work.close()
    let left = try FileManager.default.contentsOfDirectory(atPath: bench.folders.path).sorted()
    #expect(left == ["1", "2", "3", "4"])
    #expect(bench.log(2).hasPrefix("a remark\n{\"loss\": 1}\n"))
    #expect(bench.log(3).contains("trouble\n"))
    #expect(bench.log(4).contains("{\"done\": true}\n"))
  }

  /// Two streams end in one log, and a line of the one never stands inside a line of the other.
  @Test func linesOfTheLogAreWhole() async throws {
    let work = try bench.python(
      """
      import os, sys
      for line in sys.stdin:
          for i in range(300):
              for stream, part in ((1, b"o"), (2, b"e"), (1, b"ut\\n"), (2, b"rr\\n")): os.write(stream, part)
          os.write(1, b'{"loss": 1}\\n{"done": true}\\n')
      """)
    try await work.run(bench.request(trial: 0), to: Recorder())
    await work.close()
    let lines = bench.log(0).split(separator: "\n")
    #expect(lines.count { $0 == "out" } == 300)
    #expect(lines.count { $0 == "err" } == 300)
  }

  @Test func diesBetweenTrials() async throws {
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
    let bench = try Workbench(seconds: 1.5)
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

  /// What it saves when it is told to stop still counts.
  @Test func lastWords() async throws {
    let work = try bench.python(
      """
      import json, sys
      for line in sys.stdin:
          r = json.loads(line)
          print('{"epoch": 1, "loss": 1}')
          assert json.loads(sys.stdin.readline()) == {"stop": True, "trial": r["trial"], "id": r["id"]}
          open(r["checkpoint"] + "/state", "w").close()
          print('{"epoch": 1, "checkpoint": "state"}')
          print('{"done": true}')
      """)
    for trial in 0..<2 {
      let recorder = Recorder { _ in false }
      await #expect(throws: CancellationError.self) {
        try await work.run(bench.request(trial: trial), to: recorder)
      }
      #expect(recorder.checkpoints == [1])
    }
    await work.close()
  }

  @Test func stubbornProgramsAreEnded() async throws {
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
