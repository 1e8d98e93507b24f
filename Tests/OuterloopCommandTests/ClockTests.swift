import Foundation
import Testing

/// The clock on the wall is set while studies run: nobody who is alive loses a trial, and nothing takes
/// less than no time or a day.
@Suite(.serialized, .enabled(if: PreloadedLibrary.hasCompiler, "needs Linux and a C compiler"))
struct ClockTests {
  private let tool: Tool
  private let environment: [String: String]

  init() throws {
    tool = Tool()
    environment = try PreloadedLibrary.build("clock", PreloadedLibrary.setsClock, in: tool)
      .merging(["CLOCK_OFFSET": tool.file("offset")]) { $1 }
    try set(0)
  }

  private static func slow(_ seconds: String) -> [String] {
    ["--param", "x=float(0, 1)", "--minimize", "loss", "--seed", "7"]
      + ["--", "sh", "-c", "sleep \(seconds); printf '\\173\"loss\": %s\\175\\n' {x}"]
  }

  /// Sets the clock so many seconds off.
  private func set(_ offset: Int) throws {
    try tool.write("\(offset)", "offset")
  }

  private func expectUntroubled(_ count: Int, jump: Double) throws {
    let all = try tool.trials()
    #expect(all.map { $0["number"] as? Int } == Array(0..<count))
    #expect(all.allSatisfy { $0["state"] as? String == "complete" && $0["attempts"] as? Int == 1 })
    let seconds = all.compactMap { $0["seconds"] as? Double }
    #expect(seconds.count == count && seconds.allSatisfy { 0...60 ~= $0 }, "\(seconds)")
    let created = all.compactMap { $0["created"] as? Double }
    #expect(
      (created.max() ?? 0) - (created.min() ?? 0) > abs(jump) - 60, "the clock did not jump")
  }

  /// A day forward, and back again, with a worker beside.
  @Test func forwardAndBack() throws {
    let running = try tool.start(
      ["tune", "--trials", "10", "--parallel", "2", "--lease", "3s"] + Self.slow("0.7"),
      environment: environment)
    running.wait { running.errorText.contains("trial 1  complete") }
    let worker = try tool.start(["worker"], environment: environment)
    usleep(500_000)
    try set(86_400)
    running.wait { running.errorText.contains("trial 5  complete") }
    try set(0)
    #expect(try running.end().status == 0)
    #expect(try worker.end().status == 0)
    try expectUntroubled(10, jump: 86_400)
  }

  /// Whoever comes right after the jump finds leases that have run out, of processes that are alive.
  @Test(arguments: [86_400, -86_400]) func newcomers(_ jump: Int) throws {
    let running = try tool.start(
      ["tune", "--trials", "6", "--parallel", "2", "--lease", "6s"] + Self.slow("1.5"),
      environment: environment)
    running.wait { running.errorText.contains("trial 1  complete") }
    usleep(300_000)
    try set(jump)
    let worker = try tool.start(["worker"], environment: environment)
    #expect(try running.end().status == 0)
    #expect(try worker.end().status == 0)
    try expectUntroubled(6, jump: Double(jump))
  }

  /// A budget of time goes by clocks that nobody sets, in the run of the jump and in those after it.
  @Test(arguments: [86_400, -86_400]) func budgetsOfTime(_ jump: Int) throws {
    let running = try tool.start(
      ["tune", "--trials", "3", "--timeout", "1h"] + Self.slow("1"), environment: environment)
    running.wait { running.errorText.contains("trial 0  complete") }
    usleep(300_000)
    try set(jump)
    let ending = try running.end()
    #expect(ending.status == 0, "\(ending.err)")
    let more = try tool.run(
      ["resume", "--more", "1", "--timeout", "30s"], environment: environment)
    #expect(more.status == 0, "\(more.err)")
    #expect(!more.err.contains("the time is up"), "\(more.err)")
    try expectUntroubled(4, jump: Double(jump))
  }
}
