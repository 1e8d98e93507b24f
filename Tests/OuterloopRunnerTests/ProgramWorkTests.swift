import Foundation
import OuterloopStudy
import OuterloopText
import Testing

@testable import OuterloopRunner

/// Real programs, well and badly behaved.
@Suite(.serialized) struct ProgramWorkTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  @Test func reportsAndLog() async throws {
    let bench = try Workbench(epochs: 3)
    let recorder = Recorder()
    let work = try bench.shell(
      """
      echo starting; echo "trouble" >&2
      echo '{"epoch": 1, "loss": 0.5, "seconds": 2}'
      echo '{"epoch": 1, "accuracy": 0.9}'
      echo '{"epoch": 2, "loss": NaN}'
      printf '{"loss": %s}' "$1"
      """, ["{x}"])
    try await work.run(bench.request(), to: recorder)
    #expect(recorder.reports.map(\.epoch) == [1, 2])
    #expect(recorder.reports[0].seconds == 2)
    #expect(recorder.reports[0].values == ["loss": 0.5, "accuracy": 0.9])
    #expect(recorder.reports[1].values == ["loss": 0.5])
    #expect(bench.log().contains("starting\n"))
    #expect(bench.log().contains("trouble\n"))
  }

  @Test func getsItsRequestAsAFile() async throws {
    let bench = try Workbench(epochs: 3)
    let text = """
      import json, os, sys
      r = json.load(open(os.environ["OUTERLOOP_TRIAL"]))
      assert set(r) == set("study trial params fromEpoch toEpoch checkpoint seed slot".split()), r
      assert (r["study"], r["trial"], r["fromEpoch"], r["toEpoch"]) == ("s", 4, 1, 3), r
      assert os.path.isdir(r["checkpoint"]) and r["checkpoint"] == sys.argv[1]
      assert sys.stdin.read() == ""
      print(json.dumps({"loss": r["params"]["x"]}))
      """
    let work = try bench.work(["python3", bench.script(text), "{checkpoint}"])
    let recorder = Recorder()
    try await work.run(bench.request(trial: 4, from: 1), to: recorder)
    #expect(recorder.losses == [0.5])
  }

  @Test(arguments: [
    ("exit 3", FailureReason.error, "exit status 3"),
    (
      "echo '{\"loss\": 1}'; echo a >&2; echo 'the cause' >&2; exit 1", .error,
      "exit status 1: a\nthe cause"
    ),
    ("kill -SEGV $$", .error, "ended by signal 11 (SIGSEGV)"),
    ("true", .invalid, "reported nothing"),
    ("echo '{\"epoch\": 1}'", .invalid, "reported nothing"),
    ("echo '{\"epoch\": 1, \"other\": 2}'", .invalid, "no `loss`"),
    ("echo '{\"loss\": \"high\"}'", .invalid, "`loss` is \"high\", not a number"),
    (
      "echo '{\"loss\": \"0.5\"}'", .invalid,
      "`loss` is \"0.5\", not a number; print it without quotation marks"
    ),
    ("echo '{\"loss\": null}'", .invalid, "`loss` is null, not a number"),
    ("echo '{\"epoch\": 0, \"loss\": 1}'; sleep 100", .invalid, "epochs count from 1"),
    ("echo '{\"loss\": 1}' >&2", .invalid, "reported nothing"),
  ])
  func failures(_ text: String, _ reason: FailureReason, _ message: String) async throws {
    let failure = try #require(try await bench.failure(of: text))
    #expect(failure.reason == reason)
    #expect(failure.message.contains(message), "\(failure.message)")
  }

  /// A value that is a number again makes up for one that was not.
  @Test func correctedValues() async throws {
    #expect(
      try await bench.failure(of: "echo '{\"loss\": null}'; echo '{\"loss\": 2}'") == nil)
  }

  @Test func hangs() async throws {
    let bench = try Workbench(seconds: 0.3)
    let failure = try await bench.failure(of: "exec sleep 4711.1")
    #expect(failure == TrialFailure(.timeout, "it ran longer than 0.3 s"))
    #expect(try await Processes.areGone(with: "4711.1"))
  }

  @Test func ignoresTheSignal() async throws {
    let bench = try Workbench(seconds: 0.3)
    let failure = try await bench.failure(
      of: "trap '' TERM; echo '{\"loss\": 1}'; while true; do sleep 4711.2; done")
    #expect(failure?.reason == .timeout)
    #expect(try await Processes.areGone(with: "4711.2"))
  }

  /// What a program says after SIGTERM still counts, as its last checkpoint.
  @Test func savesWhenAsked() async throws {
    var bench = try Workbench(epochs: 9, seconds: 0.4)
    bench.limits.grace = 20
    let recorder = Recorder()
    let work = try bench.shell(
      """
      trap 'echo x > "$1/model"; echo "{\\"epoch\\": 2, \\"checkpoint\\": \\"model\\"}"; exit 0' TERM
      echo '{"epoch": 2, "loss": 1}'
      while true; do sleep 0.05; done
      """, ["{checkpoint}"])
    #expect(try await bench.failure(of: work, recorder)?.reason == .timeout)
    #expect(recorder.checkpoints == [2])
  }

  @Test func forksAndHangs() async throws {
    // The child holds standard output open, and outlives its parent.
    let failure = try await bench.failure(
      of: "sleep 4711.3 & (trap '' TERM; sleep 4711.3) & echo '{\"loss\": 1}'")
    #expect(failure == nil)
    #expect(try await Processes.areGone(with: "4711.3"))
  }

  @Test func silentChildrenAreEndedToo() async throws {
    let failure = try await bench.failure(
      of: "sleep 4711.4 > /dev/null 2>&1 & echo '{\"loss\": 1}'")
    #expect(failure == nil)
    #expect(try await Processes.areGone(with: "4711.4"))
  }

  /// Output of a child that ends a moment later still arrives.
  @Test func lateOutput() async throws {
    #expect(try await bench.failure(of: "(sleep 0.1; echo '{\"loss\": 1}') & exit 0") == nil)
  }

  @Test func closesOutputEarly() async throws {
    let start = ContinuousClock.now
    let failure = try await bench.failure(
      of: "echo '{\"loss\": 1}'; exec >&- 2>&-; sleep 0.3; exit 7")
    #expect(failure?.message == "exit status 7")
    #expect(start.duration(to: .now) >= .milliseconds(300))
  }

  @Test func memory() async throws {
    var bench = try Workbench()
    bench.limits.memory = 150_000_000
    bench.limits.seconds = 60
    // Two processes, neither of which is too large alone.
    let text = """
      import os, time
      os.fork()
      x = bytearray(b'a') * 110_000_000
      time.sleep(30)
      """
    let failure = try await bench.failure(of: bench.work(["python3", bench.script(text)]))
    #expect(failure?.reason == .memory)
    #expect(failure?.message.contains("more than the 150 MB it may use") == true)
  }

  @Test func memoryThatIsShared() async throws {
    var bench = try Workbench()
    bench.limits.memory = 200_000_000
    // Four processes share what would be 4 x 110 MB.
    let text = """
      import os, time
      x = bytearray(b'a') * 110_000_000
      children = []
      for _ in range(3):
          pid = os.fork()
          if pid == 0:
              time.sleep(1); os._exit(0)
          children.append(pid)
      for pid in children: os.waitpid(pid, 0)
      print('{"loss": 1}')
      """
    #expect(try await bench.failure(of: bench.work(["python3", bench.script(text)])) == nil)
  }

  @Test func muchText() async throws {
    let work = try bench.shell(
      "echo first; head -c 100000000 /dev/zero | tr '\\0' 'a'; echo; echo '{\"loss\": 1}'; echo last"
    )
    #expect(try await bench.failure(of: work) == nil)
    let log = bench.log()
    #expect(log.utf8.count < bench.limits.log + 1000)
    #expect(log.hasPrefix("first\naaa"))
    #expect(log.hasSuffix("{\"loss\": 1}\nlast\n"))
    #expect(log.contains("bytes are left out here"))
  }

  @Test func binaryAndEndlessLines() async throws {
    let recorder = Recorder()
    let work = try bench.shell(
      """
      head -c 3000000 /dev/urandom | tr '\\n' 'x'; echo
      head -c 100000 /dev/urandom; echo
      echo '{"loss": 2}'
      head -c 5000000 /dev/zero
      """)
    #expect(try await bench.failure(of: work, recorder) == nil)
    #expect(recorder.losses == [2])
  }

  /// Reports that come faster than they are kept wait in the pipe, not in memory.
  @Test func slowReader() async throws {
    let recorder = Recorder { count in
      if count == 1 { try await Task.sleep(for: .milliseconds(700)) }
      return true
    }
    let text = "for i in range(30000): print('{\"epoch\": %d, \"loss\": %d}' % (i + 1, i))"
    #expect(
      try await bench.failure(of: bench.work(["python3", bench.script(text)]), recorder) == nil)
    #expect(recorder.losses.count == 30_000)
    #expect(recorder.losses.last == 29_999)
  }

  /// A report that grows by a metric a line: what is handed on grows with the lines, not with their
  /// square, and lines that wait are handed on together.
  @Test func growingReports() async throws {
    let bench = try Workbench(epochs: 40)
    let recorder = Recorder { count in
      if count == 1 { try await Task.sleep(for: .milliseconds(300)) }
      return true
    }
    let text = """
      for e in range(1, 41):
          for m in range(250):
              print('{"epoch": %d, "m%d": %d, "loss": %d}' % (e, m, m, m))
      """
    #expect(
      try await bench.failure(of: bench.work(["python3", bench.script(text)]), recorder) == nil)
    #expect(recorder.reports.map(\.epoch) == Array(1...40))
    #expect(recorder.reports.allSatisfy { $0.values.count == 251 && $0.values["loss"] == 249 })
    // Each line has two values; a whole report for each line would be 1,275,000.
    #expect(recorder.values <= 20_000)
    #expect(recorder.calls < 5000)
  }

  private typealias Reports = [Int: [String: Double]]

  private static let epochless: [(epochs: Int, lines: [String], reports: Reports)] = [
    // The result of the last epoch reported, with all its metrics.
    (
      1,
      [#"{"epoch":1,"loss":1,"acc":0.1}"#, #"{"epoch":2,"loss":0.5}"#, #"{"loss":0.15,"test":7}"#],
      [1: ["loss": 1, "acc": 0.1], 2: ["loss": 0.15, "test": 7]]
    ),
    (
      5,
      [
        #"{"epoch":1,"loss":1}"#, #"{"epoch":3,"loss":0.5,"acc":1}"#, #"{"loss":0.2}"#,
        #"{"test":3,"loss":0.1}"#,
      ],
      [1: ["loss": 1], 3: ["loss": 0.1, "acc": 1, "test": 3]]
    ),
    // Of the last one asked for, if none is named.
    (5, [#"{"loss":1}"#, #"{"loss":0.5,"acc":1}"#], [5: ["loss": 0.5, "acc": 1]]),
    (1, [#"{"loss":1}"#, #"{"epoch":1,"acc":2}"#], [1: ["loss": 1, "acc": 2]]),
    (5, [#"{"loss":9}"#, #"{"epoch":5,"acc":2}"#], [5: ["loss": 9, "acc": 2]]),
    // What came before the first epoch is of none.
    (5, [#"{"loss":9}"#, #"{"epoch":1,"loss":2}"#], [1: ["loss": 2]]),
    // Lines about one epoch are joined, whatever comes between.
    (
      3, [#"{"epoch":1,"loss":1}"#, #"{"epoch":2,"loss":2}"#, #"{"epoch":1,"val":3}"#],
      [1: ["loss": 1, "val": 3], 2: ["loss": 2]]
    ),
  ]

  /// What a line without an epoch is about.
  @Test(arguments: epochless.indices) func linesWithoutEpoch(_ index: Int) async throws {
    let (epochs, lines, reports) = Self.epochless[index]
    let bench = try Workbench(epochs: epochs)
    let recorder = Recorder()
    try await bench.work(["printf", "%s\n"] + lines).run(bench.request(), to: recorder)
    let found = Dictionary(uniqueKeysWithValues: recorder.reports.map { ($0.epoch, $0.values) })
    #expect(found == reports)
    let seconds = recorder.reports.compactMap(\.seconds)
    #expect(seconds.count == reports.count && seconds.allSatisfy { $0 >= 0 && $0 < 60 })
  }

  /// The time of a last line without epoch is not that of the epoch.
  @Test func secondsOfTheLastLine() async throws {
    let bench = try Workbench(epochs: 2)
    let recorder = Recorder()
    try await bench.work([
      "printf", "%s\n", #"{"epoch":1,"loss":1,"seconds":2}"#, #"{"epoch":2,"loss":1,"seconds":3}"#,
      #"{"loss":0.5,"seconds":5}"#,
    ]).run(bench.request(), to: recorder)
    #expect(recorder.reports.map(\.seconds) == [2, 3])
  }

  /// What real training scripts do to their terminal does not hide a report.
  @Test(arguments: [
    "\r 50%|███   | 5/10\r100%|██████| 10/10\r{\"loss\": 3}\n",
    "\r100%|██████| 10/10 [00:01, 9.9it/s]{\"loss\": 3}\n", "\u{1b}[32m{\"loss\": 3}\u{1b}[0m\n",
    "\u{1b}[2K\r{\"loss\": 3}\u{1b}[K", "\u{feff}{\"loss\": 3}\r\n", "{\"loss\": 3}",
    "\n\n {\"loss\":3} \r\n",
    "\u{1b}]0;title\u{7}{\"loss\": 3}\n", "10/10\u{8}\u{8}\u{8}\u{8}\u{8}{\"loss\": 3}\n",
    "\u{1b}[1;31mepoch 1\u{1b}[0m\n\u{1b}(B{\"loss\": 3}\n",
  ])
  func terminals(_ text: String) async throws {
    let recorder = Recorder()
    try await bench.work(["printf", "%s", text]).run(bench.request(), to: recorder)
    #expect(recorder.losses == [3])
  }

  private static let misses = [
    "{'loss': 0.5}": "`{'loss': 0.5}` is not a report: JSON has double quotation marks; in Python",
    "{\"loss\": nan}": "`loss` is nan in {\"loss\": nan}",
    "{\"loss\": -nan}": "`loss` is nan in",
    "{\"loss\": inf}": "`loss` is inf in {\"loss\": inf}",
    "{\"loss\": NaN}": "`loss` is nan in",
    "{\"loss\": .5}": "is not a report: a number begins with a digit in JSON: 0.5",
    "{\"loss\": +0.5}": "is not a report: a number has no plus sign in JSON: 0.5",
    "{\"loss\": 0.5},": "is not a report: `,` follows it; print the object alone on its line",
    "{\"loss\": 0.5,}": "is not a report: a comma precedes the }",
    "{\"loss\": 0.5": "is not a report: its } is missing",
    "{\"loss\": 0.5}{\"epoch\": 1}":
      "two objects are on one line; print each on a line of its own",
    "{\"loss\" 0.5}": "a colon is missing after `loss`",
    "{loss: 0.5}": "names have quotation marks",
    "{\"loss\": 0,5}": "is not a report: ",
    "{\"loss\": 0.5 s}": "does not belong after the value of `loss`",
    "{\"loss\": tensor(0.5, device='cuda')}":
      "`loss` is tensor(0.5, device='cuda'), which is not a JSON number",
    "{\"loss\": None}": "`None` is Python's",
    "INFO: {\"loss\": 0.5}": "`INFO:` precedes it",
    "[{\"loss\": 0.5}]": "it is a list; print the object alone",
    "{\"metrics\": {\"loss\": 0.5}}": "`loss` is inside another object",
    "{\"Loss\": 0.5}": "its JSON lines have Loss; no `loss`; did you mean the metric `Loss`?",
    "{\"los\": 0.5}": "did you mean the metric `los`?",
    "loss: 0.5": "it is not JSON; print {\"loss\": 0.5}",
    "test loss = 1e-3 ok": "it is not JSON; print {\"loss\": 0.001}",
    "{\"epoch\": 1, \"acc\": 0.5}\n{'loss': 1}":
      "its last report has no `loss`, only acc; `{'loss': 1}` is not a report",
    "{\"epoch\": 1, \"Loss\": 0.5}": "no `loss`, only Loss; did you mean the metric `Loss`?",
    "training\nloss fell\nlosses: 3": "it ended well but reported nothing; print a line such as",
    "{\"loss\": \"0.5\"}": "print it without quotation marks",
    "{'loss': \u{1b}[31m0.5}\u{7}": "`{'loss': 0.5} ` is not a report",
  ]

  /// Lines that nearly are reports are told for what they are.
  @Test(arguments: misses) func nearMisses(_ text: String, _ message: String) async throws {
    let failure = try await bench.failure(of: bench.work(["printf", "%s\n", text]))
    #expect(failure?.reason == .invalid)
    #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "none")")
  }

  @Test func checkpoints() async throws {
    let bench = try Workbench(epochs: 3)
    let recorder = Recorder()
    let work = try bench.shell(
      """
      echo '{"epoch": 1, "loss": 3, "checkpoint": "missing"}'
      touch "$1/two"
      echo '{"epoch": 2, "loss": 2}'
      echo '{"checkpoint": "two"}'
      sleep 0.3
      echo "{\\"checkpoint\\": \\"$1/two\\", \\"epoch\\": 3, \\"loss\\": 1}"
      """, ["{checkpoint}"])
    try await work.run(bench.request(), to: recorder)
    #expect(recorder.checkpoints == [2, 3])
    #expect(bench.log().contains("[outerloop] the checkpoint missing of epoch 1 is ignored"))
  }

  /// Of checkpoints that come at once the last that is there counts: if this process ends before the study knows of
  /// them, the one that it knows of is still kept.
  @Test func manyCheckpoints() async throws {
    let bench = try Workbench(epochs: 9)
    let recorder = Recorder()
    let setting = try ProgramSetting(bench.specification, bench.folders, bench.limits)
    let trial = try setting.prepare(bench.request())
    var reporter = Reporter(trial, to: recorder)
    for epoch in 1...4 {
      #expect(FileManager.default.createFile(atPath: trial.checkpoint + "/\(epoch)", contents: nil))
    }
    for epochs in [1...1, 2...5] {
      let lines = epochs.compactMap { epoch in
        ReportLine(
          Array("{\"epoch\": \(epoch), \"loss\": 1, \"checkpoint\": \"\(epoch)\"}".utf8)[...],
          setting.vocabulary(isPersistent: false))
      }
      #expect(try await reporter.take(lines))
    }
    #expect(recorder.checkpoints == [1, 4])
    #expect(recorder.reports.map(\.epoch) == [1, 2, 3, 4, 5])
    #expect(trial.kept.usable(through: 1) { _ in } == 1)
    #expect(trial.kept.usable(through: 4) { _ in } == 4)
  }

  @Test func stopsWhenNobodyWantsMore() async throws {
    let work = try bench.shell("echo '{\"loss\": 1}'; sleep 4711.5")
    await #expect(throws: CancellationError.self) {
      try await work.run(bench.request(), to: Recorder { _ in false })
    }
    #expect(try await Processes.areGone(with: "4711.5"))
  }

  @Test func stopsWhenReportsCannotBeKept() async throws {
    let work = try bench.shell("echo '{\"loss\": 1}'; sleep 4711.6")
    await #expect(throws: StudyError.self) {
      try await work.run(bench.request(), to: Recorder { _ in throw StudyError("full", "empty") })
    }
    #expect(try await Processes.areGone(with: "4711.6"))
  }

  @Test func cancellationEndsTheGroup() async throws {
    let work = try bench.shell("trap '' TERM; sleep 4711.7 & sleep 4711.7; sleep 4711.7")
    let task = Task { try await work.run(bench.request(), to: Recorder()) }
    while Processes.count(with: "4711.7") < 2 { try await Task.sleep(for: .milliseconds(20)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await Processes.areGone(with: "4711.7"))
  }

  @Test(arguments: [
    (["no-such-program-anywhere"], "no-such-program-anywhere: there is no such program in PATH"),
    (["./nothing"], "./nothing: there is no such program"),
    (["/etc/passwd"], "/etc/passwd: it cannot be executed; chmod +x"),
    (["/etc/"], "/etc/: it is a folder; name a program in it"),
    (["python3 train.py"], "do not quote the command as a whole: -- python3 train.py"),
    (["./train.py --fast"], "do not quote the command as a whole: -- ./train.py --fast"),
  ])
  func programsThatCannotRun(_ words: [String], _ what: String) throws {
    let error = try #require(throws: StudyError.self) { try bench.work(words) }
    #expect(error.description.contains(what))
  }

  /// Of a script without interpreter the system says that the script is missing.
  @Test(arguments: [
    ("#!/no/such/python\n", "its first line names /no/such/python, which is not there; correct"),
    ("#! /no/such/python -u\nx", "its first line names /no/such/python, which is not there"),
    ("#!/bin/sh\r\necho\r\n", "its lines end as on Windows, so that its interpreter is not found"),
  ])
  func interpretersThatAreMissing(_ text: String, _ what: String) throws {
    let path = try bench.script(text)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    let error = try #require(throws: StudyError.self) { try bench.work([path]) }
    #expect(error.description.hasPrefix("\(path): "))
    #expect(error.description.contains(what), "\(error)")
  }

  /// A program that vanishes, or was none, stops the study instead of failing all its trials.
  @Test func programsThatVanish() async throws {
    let path = try bench.script("\u{7f}nothing that runs")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    let work = try bench.work([path])
    await #expect(throws: StudyError.self) { try await work.run(bench.request(), to: Recorder()) }
    try FileManager.default.removeItem(atPath: path)
    await #expect(throws: StudyError.self) { try await work.run(bench.request(), to: Recorder()) }
  }

  @Test func leavesNothingBehind() async throws {
    let work = try bench.shell("echo '{\"loss\": 1}'")
    try await work.run(bench.request(), to: Recorder())
    let before = Processes.descriptors
    try await withThrowingTaskGroup { group in
      for trial in 0..<40 {
        group.addTask { try await work.run(bench.request(trial: trial), to: Recorder()) }
      }
      try await group.waitForAll()
    }
    // The threads close what they had a moment after the last message.
    for _ in 0..<100 where Processes.descriptors > before {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(Processes.descriptors <= before)
    #expect(Processes.zombies == 0)
  }

  @Test func runsInItsFolder() async throws {
    _ = try bench.script("echo \"{\\\"loss\\\": $(cat value)}\"", "here.sh")
    _ = try bench.script("0.25", "value")
    let work = try ProgramWork(
      Program(["sh", "./here.sh"], directory: bench.folder.path), of: bench.specification,
      in: bench.folders, limits: bench.limits)
    let recorder = Recorder()
    try await work.run(bench.request(), to: recorder)
    #expect(recorder.losses == [0.25])
  }

  /// What has no end is written when nothing more comes, so that whoever looks sees it.
  @Test func linesWithoutEndAreSeen() async throws {
    let work = try bench.shell(
      """
      printf half; sleep 3
      echo " and half"; echo '{"loss": 1}'
      """)
    async let ending: Void = work.run(bench.request(), to: Recorder())
    var seen = ""
    for _ in 0..<140 where seen.isEmpty {
      try await Task.sleep(for: .milliseconds(20))
      seen = bench.log()
    }
    try await ending
    #expect(seen == "half")
    #expect(bench.log().hasPrefix("half and half\n"))
  }
}
