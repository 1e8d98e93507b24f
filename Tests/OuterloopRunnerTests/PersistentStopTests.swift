import Foundation
import OuterloopStudy
import Testing

@testable import OuterloopRunner

/// Trials that are to stop, of programs that answer one request after the other.
@Suite(.serialized) struct PersistentStopTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  /// Trains 200 epochs if nobody stops it. How it looks for a line is the text's own.
  private static func trainer(_ look: String) -> String {
    """
    import json, os, select, sys, time
    def asked(): return select.select([sys.stdin], [], [], 0)[0] and json.loads(sys.stdin.readline())
    for line in sys.stdin:
        r = json.loads(line)
        if "stop" in r: continue
        for epoch in range(1, 201):
            print(json.dumps({"epoch": epoch, "loss": r["trial"] + epoch / 1000, "pid": os.getpid()}))
            time.sleep(0.01)
            \(look)
        print('{"done": true}')
    """
  }

  /// Runs trials that are to stop at their second report, and one after them that is not.
  private func stopThree(_ work: PersistentWork) async throws -> (pids: [Double], seconds: [Double])
  {
    var (pids, seconds): ([Double], [Double]) = ([], [])
    for trial in 0..<4 {
      let recorder = Recorder { trial == 3 || $0 < 2 }
      let start = ContinuousClock.now
      do {
        try await work.run(bench.request(trial: trial), to: recorder)
        #expect(trial == 3)
      } catch is CancellationError { #expect(trial < 3) }
      seconds.append(start.duration(to: .now) / .seconds(1))
      #expect(recorder.losses.allSatisfy { Int($0 ?? -1) == trial })
      #expect(recorder.reports.last?.epoch == 200 || trial < 3)
      pids.append(try #require(recorder.reports.first?.values["pid"]))
    }
    await work.close()
    #expect(try await Processes.areGone(with: bench.folder.path))
    return (pids, seconds)
  }

  /// A program that reads while it trains is done with its trial, and stays.
  @Test func listenersStay() async throws {
    let mine = "stop = asked()\n        if stop and stop['stop'] and stop['id'] == r['id']: break"
    let (pids, _) = try await stopThree(bench.python(Self.trainer(mine)))
    #expect(Set(pids).count == 1)
    for trial in 0..<4 { #expect(bench.log(trial).isEmpty) }
  }

  /// One that does not is ended when its grace is over, the next ones at once: the trial after them has another.
  @Test func whoDoesNotListenIsEnded() async throws {
    let work = try bench.python(Self.trainer("pass"))
    let (pids, seconds) = try await stopThree(work)
    #expect(Set(pids).count == 4)
    #expect(seconds[0] >= bench.limits.grace, "\(seconds)")
    let note = "[outerloop] the program was ended, as its trial is to stop"
    #expect((0..<3).map { bench.log($0).contains(note) } == [true, false, false])
  }

  /// One that has read the line and trains on is ended too.
  @Test func whoHearsAndGoesOnIsEnded() async throws {
    let (pids, seconds) = try await stopThree(bench.python(Self.trainer("asked()")))
    #expect(Set(pids).count == 4)
    #expect(seconds.prefix(3).allSatisfy { $0 >= bench.limits.grace }, "\(seconds)")
  }

  /// A program that is done and ends before anyone looks is not waited for.
  @Test(.timeLimit(.minutes(1))) func doneAndGone() async throws {
    let work = try bench.python(
      """
      import json, sys, time
      r = json.loads(sys.stdin.readline())
      x = r['params']['x']
      print(json.dumps({"epoch": 1, "loss": x}), flush=True)
      sys.stdin.readline()
      print(json.dumps({"epoch": 2, "loss": x}), flush=True)
      print('{"done": true}', flush=True)
      """)
    // Whoever takes reports takes long over the second one.
    let recorder = Recorder { call in
      if call == 2 { try await Task.sleep(for: .milliseconds(500)) }
      return false
    }
    await #expect(throws: CancellationError.self) {
      try await work.run(bench.request(["x": .float(0.5)], trial: 0), to: recorder)
    }
    #expect(recorder.losses == [0.5, 0.5])
    await work.close()
  }

  /// A line that comes when the trial is done is taken for a request by programs that do not know it: whatever
  /// they make of it, no value counts for another trial.
  @Test(arguments: ["r['params']['x']", "r.get('params', {}).get('x', 7)"])
  func lateStops(_ loss: String) async throws {
    let work = try bench.python(
      """
      import json, sys, time
      for line in sys.stdin:
          r = json.loads(line)
          x = \(loss)
          print(json.dumps({"epoch": 1, "loss": x}))
          time.sleep(0.02)
          print(json.dumps({"epoch": 2, "loss": x}))
          print('{"done": true}')
      """)
    for trial in 0..<6 {
      let isStopped = trial % 2 == 0
      let recorder = Recorder { _ in !isStopped }
      do {
        try await work.run(
          bench.request(["x": .float(Double(trial) / 8)], trial: trial), to: recorder)
        #expect(!isStopped)
      } catch is CancellationError { #expect(isStopped) }
      #expect(recorder.losses == [Double(trial) / 8, Double(trial) / 8])
    }
    await work.close()
  }
}
