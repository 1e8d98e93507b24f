import Foundation
import OuterloopStudy
import Testing

@testable import OuterloopRunner

#if os(Linux)
  /// Programs whose processes leave their group, session and parent.
  @Suite(.serialized) struct StrayProcessTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Starts `sleep` under a session of its own, its parent gone.
    private static func stray(_ seconds: String, _ before: String = "") -> String {
      "\(before) setsid sh -c 'sleep \(seconds) & sleep \(seconds)' > /dev/null 2>&1 &"
    }

    @Test func endWithTheirProgram() async throws {
      let failure = try await bench.failure(
        of: Self.stray("4713.1") + "\nsleep 0.2; echo '{\"loss\": 1}'")
      #expect(failure == nil)
      #expect(Processes.count(with: "4713.1") == 0)
    }

    @Test func endAtTheLimit() async throws {
      let bench = try Workbench(seconds: 0.4)
      let failure = try await bench.failure(
        of: Self.stray("4713.2") + "\ntrap '' TERM; while true; do sleep 4713.2; done")
      #expect(failure?.reason == .timeout)
      #expect(Processes.count(with: "4713.2") == 0)
    }

    /// The polite signal reaches them too, and what they then say counts.
    @Test func areAskedFirst() async throws {
      var bench = try Workbench(seconds: 0.4)
      bench.limits.grace = 20
      let inner = try bench.script(
        """
        trap 'echo "{\\"epoch\\": 1, \\"loss\\": 7}"; exit 0' TERM
        while true; do sleep 0.05; done
        """, "inner")
      let recorder = Recorder()
      let failure = try await bench.failure(of: bench.shell("setsid -w sh \(inner)"), recorder)
      #expect(failure?.reason == .timeout)
      #expect(recorder.losses == [7])
    }

    /// A program that runs programs itself ends them in its own way; SIGKILL is for all.
    @Test func innerProgramsAreNotAsked() async throws {
      let bench = try Workbench(seconds: 0.4)
      let inner = try bench.script(
        "trap 'echo asked' TERM\nwhile true; do sleep 0.05; done", "inner")
      let work = try bench.shell(
        "OUTERLOOP_RUN=$OUTERLOOP_RUN/1.2.inner setsid sh \(inner) 4713.7 &\n"
          + "trap 'sleep 0.2; exit 0' TERM; while true; do sleep 0.05; done")
      #expect(try await bench.failure(of: work)?.reason == .timeout)
      #expect(!bench.log().contains("asked"))
      #expect(Processes.count(with: "4713.7") == 0)
    }

    /// Those of other programs, and those that gave up the variable, are left alone.
    @Test func othersGoOn() async throws {
      let other = Process()
      other.executableURL = URL(fileURLWithPath: "/bin/sleep")
      other.arguments = ["4713.3"]
      try other.run()
      let slow = Task {
        try await bench.failure(
          of: bench.work([
            "sh", bench.script(Self.stray("4713.4") + "\nsleep 1.2; echo '{\"loss\": 1}'", "slow"),
          ]))
      }
      while Processes.count(with: "sleep\u{0}4713.4") < 2 {
        try await Task.sleep(for: .milliseconds(20))
      }
      let failure = try await bench.failure(
        of: Self.stray("4713.5", "env -u OUTERLOOP_RUN") + "\nsleep 0.2; echo '{\"loss\": 1}'")
      #expect(failure == nil)
      #expect(other.isRunning)
      #expect(Processes.count(with: "sleep\u{0}4713.4") == 2)
      #expect(Processes.count(with: "sleep\u{0}4713.5") == 2)
      #expect(try await slow.value == nil)
      #expect(Processes.count(with: "4713.4") == 0)
      kill(other.processIdentifier, SIGKILL)
      other.waitUntilExit()
      for pid in Processes.numbers(with: "4713.5") { kill(pid, SIGKILL) }
    }

    @Test func endWithAPersistentProgram() async throws {
      let work = try bench.python(
        """
        import subprocess, sys
        for line in sys.stdin:
            subprocess.Popen(["sleep", "4713.6"], start_new_session=True)
            print('{"loss": 1}')
            print('{"done": true}')
        """)
      for trial in 0..<3 { try await work.run(bench.request(trial: trial), to: Recorder()) }
      while Processes.count(with: "4713.6") < 3 { try await Task.sleep(for: .milliseconds(10)) }
      await work.close()
      #expect(Processes.count(with: "4713.6") == 0)
    }

    /// A program inside of a program has both marks.
    @Test func marksAreInherited() async throws {
      setenv(ProgramMark.variable, "/1.2.outer", 1)
      defer { unsetenv(ProgramMark.variable) }
      let work = try bench.shell(
        "echo \"$OUTERLOOP_RUN\"; echo '{\"loss\": 1}'")
      try await work.run(bench.request(), to: Recorder())
      let namespace = try #require(LocalProcesses.namespace)
      #expect(bench.log().hasPrefix("/1.2.outer/\(namespace).\(getpid())."))
    }

    /// A process that nobody has waited for is gone.
    @Test func zombiesAreGone() async throws {
      let recorder = Recorder()
      let work = try bench.shell(
        "sh -c 'echo {\\\"loss\\\": $$}' & exec sleep 1 > /dev/null")
      let task = Task { try await bench.failure(of: work, recorder) }
      while recorder.losses.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
      let child = Int32(recorder.losses[0] ?? 0)
      for _ in 0..<50 where !LocalProcesses.isGone(child) {
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(LocalProcesses.isGone(child) && kill(child, 0) == 0)
      #expect(!LocalProcesses.isGone(getpid()) && !LocalProcesses.isGone(getppid()))
      #expect(try await task.value == nil)
    }

    /// It leads a session: without terminal nobody is asked for a password and waits forever.
    @Test func leadsASession() async throws {
      let recorder = Recorder()
      let work = try bench.shell(
        "set -- $(cat /proc/$$/stat); echo \"{\\\"loss\\\": $(($6 - $$))}\"")
      try await work.run(bench.request(), to: recorder)
      #expect(recorder.losses == [0])
    }

    /// Bytes that are no text reach the program as they are.
    @Test func environmentIsNotText() async throws {
      let bytes: [CChar] = [-1, 65, -2, 0]
      setenv("OUTERLOOP_TEST_BYTES", bytes, 1)
      defer { unsetenv("OUTERLOOP_TEST_BYTES") }
      let work = try bench.shell(
        "printf %s \"$OUTERLOOP_TEST_BYTES\" | od -An -tx1; echo '{\"loss\": 1}'")
      try await work.run(bench.request(), to: Recorder())
      #expect(bench.log().contains("ff 41 fe"))
    }
  }
#endif
