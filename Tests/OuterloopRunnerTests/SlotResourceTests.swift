import Foundation
import OuterloopStudy
import Testing

@testable import OuterloopRunner

/// Slots and what they have, with real processes.
@Suite(.serialized) struct SlotResourceTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func work(_ words: [String], _ resources: [SlotResources]) throws -> ProgramWork {
    try ProgramWork(
      Program(words), of: bench.specification, in: bench.folders, limits: bench.limits,
      resources: resources)
  }

  private func request(slot: Int, trial: Int = 0) throws -> TrialRequest {
    var request = try bench.request(trial: trial)
    request.slot = slot
    return request
  }

  /// A program has the variables and processors of its slot, those of further slots nothing.
  @Test func environmentAndProcessors() async throws {
    let allowed = Machine.current.processors
    let last = try #require(allowed.last)
    let resources = [
      SlotResources(environment: ["CUDA_VISIBLE_DEVICES": "7"]),
      SlotResources(
        environment: ["CUDA_VISIBLE_DEVICES": "3,4"],
        processors: Machine.current.pins ? [last] : []),
    ]
    let script = try bench.script(
      """
      echo "devices [$CUDA_VISIBLE_DEVICES]"
      grep Cpus_allowed_list /proc/self/status
      echo '{"loss": 1}'
      """)
    let work = try work(["sh", script], resources)
    for (slot, devices) in ["7", "3,4", ""].enumerated() {
      try await work.run(request(slot: slot, trial: slot), to: Recorder())
      #expect(bench.log(slot).contains("devices [\(devices)]\n"))
      #if os(Linux)
        let pinned = bench.log(slot).contains("Cpus_allowed_list:\t\(last)\n")
        #expect(pinned == (slot == 1 || allowed.count == 1), "\(bench.log(slot))")
      #endif
    }
  }

  @Test func persistentPrograms() async throws {
    let script = try bench.script(
      """
      import json, os, sys
      for line in sys.stdin:
          print(json.dumps({"loss": float(os.environ["CUDA_VISIBLE_DEVICES"])}))
          print('{"done": true}', flush=True)
      """)
    let work = try PersistentWork(
      Program(["python3", script], isPersistent: true), of: bench.specification, in: bench.folders,
      limits: bench.limits,
      resources: ["5", "6"].map { SlotResources(environment: ["CUDA_VISIBLE_DEVICES": $0]) })
    for (slot, value) in [(0, 5.0), (1, 6), (0, 5)] {
      let recorder = Recorder()
      try await work.run(request(slot: slot, trial: slot), to: recorder)
      #expect(recorder.losses == [value])
    }
    await work.close()
  }

  #if os(Linux)
    /// A processor that there is not: the study stops, and says which.
    @Test func noSuchProcessor() async throws {
      let work = try work(["true"], [SlotResources(processors: [60_000])])
      await #expect {
        try await work.run(request(slot: 0), to: Recorder())
      } throws: { error in
        (error as? StudyError)?.what.contains("it cannot be pinned to the processors 60000:")
          == true
      }
    }
  #endif

  /// Groups of the current machine are read as the system has them.
  @Test func quotas() throws {
    let root = bench.folder.appendingPathComponent("cgroup")
    try FileManager.default.createDirectory(
      at: root.appendingPathComponent("a/b"), withIntermediateDirectories: true)
    try "max 100000\n".write(
      to: root.appendingPathComponent("a/b/cpu.max"), atomically: true, encoding: .utf8)
    #expect(ControlGroup.unifiedQuota("/a/b", in: root.path) == nil)
    try "250000 100000\n".write(
      to: root.appendingPathComponent("a/cpu.max"), atomically: true, encoding: .utf8)
    #expect(ControlGroup.unifiedQuota("/a/b", in: root.path) == 2.5)
  }
}
