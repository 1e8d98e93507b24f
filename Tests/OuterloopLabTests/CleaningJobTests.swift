import Foundation
import OuterloopLearning
import Testing

@testable import OuterloopLab

@Suite final class CleaningJobTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "cleaning-\(UUID().uuidString)"
  ).path

  private func job(_ change: (inout CleaningSettings) -> Void = { _ in }) throws -> CleaningJob {
    var settings = CleaningRunTests.settings
    settings.hyperSteps = 6
    change(&settings)
    return CleaningJob(
      try CleaningRun(
        CleaningData(SampleData.parts(300), settings: settings), settings: settings),
      folder: folder)
  }

  deinit { remove() }

  private func remove() { try? FileManager.default.removeItem(atPath: folder) }

  private func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  @Test func stopsAndGoesOnToTheSameResult() throws {
    guard case .finished(var whole) = try job().perform() else {
      Issue.record("not finished")
      return
    }
    #expect(
      try names() == [
        ".lock", "losses.svg", "result.json", "suspicious.csv", "suspicious.svg", "weights.svg",
      ])
    remove()
    var starts: [Int] = []
    for stop in [1, 3, 3] {
      var updates = 0
      let outcome = try job().perform(
        shouldStop: { updates >= stop },
        onEvent: { event in
          switch event {
          case .began(let count):
            starts.append(count)
            updates = count
          case .updated(let count, _): updates = count
          case .finalTraining: break
          }
        })
      guard case .stopped(let count) = outcome else {
        Issue.record("not stopped")
        return
      }
      #expect(count == stop)
      #expect(try names() == [".lock", "checkpoint"])
    }
    #expect(starts == [0, 1, 3])
    guard case .finished(let resumed) = try job().perform() else {
      Issue.record("not finished")
      return
    }
    whole.seconds = resumed.seconds
    #expect(resumed == whole)
    guard case .foundFinished(let found) = try job().perform() else {
      Issue.record("not found")
      return
    }
    #expect(found == resumed)
  }

  @Test func refusesOtherSettingsAndData() throws {
    _ = try job().perform(shouldStop: { true })
    #expect(cause { try job { $0.seed = 9 }.perform() } == .otherRun)
    let other = CleaningRunTests.settings
    var few = other
    few.hyperSteps = 6
    let run = try CleaningRun(
      CleaningData(SampleData.parts(310), settings: few), settings: few)
    #expect(cause { try CleaningJob(run, folder: folder).perform() } == .otherRun)
    _ = try job().perform()
    #expect(cause { try job { $0.seed = 9 }.perform() } == .otherRun)
    _ = try job { $0.seed = 9 }.perform(restart: true)
  }

  @Test func refusesDamagedFiles() throws {
    _ = try job().perform(shouldStop: { true })
    let file = folder + "/checkpoint"
    let bytes = try #require(FileManager.default.contents(atPath: file))
    try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: file))
    #expect(cause { try job().perform() } == .damaged)
    _ = try job().perform(restart: true)
    try Data("{}".utf8).write(to: URL(fileURLWithPath: folder + "/result.json"))
    #expect(cause { try job().perform() } == .damaged)
    _ = try job().perform(restart: true)
  }

  @Test func onlyOneAtATime() throws {
    var inner: LabError.Cause?
    _ = try job().perform(onEvent: { event in
      if case .began = event { inner = cause { try job().perform() } }
    })
    #expect(inner == .busy)
  }

  /// Files of these names that no run here has written are someone else's, also to a restart.
  @Test(arguments: ["result.json", "checkpoint", "suspicious.csv"], [false, true])
  func filesOfOthersStay(_ name: String, _ restart: Bool) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("mine".utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
    for _ in 0..<2 { #expect(cause { try job().perform(restart: restart) } == .file) }
    #expect(try names() == [".lock", name].sorted())
    #expect(try String(contentsOfFile: folder + "/" + name, encoding: .utf8) == "mine")
  }

  /// Nor is a `.lock` of another program touched.
  @Test func locksOfOthersStay() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data("theirs\n".utf8).write(to: URL(fileURLWithPath: folder + "/.lock"))
    #expect(cause { try job().perform() } == .file)
    #expect(try String(contentsOfFile: folder + "/.lock", encoding: .utf8) == "theirs\n")
  }

  @Test func writesTableFieldsWithCommas() throws {
    guard case .finished(let report) = try job({ $0.hyperSteps = 40 }).perform() else {
      Issue.record("not finished")
      return
    }
    let lines = report.suspectsTable.split(separator: "\n")
    #expect(lines.first == "index,row,label,predicted,weight,true_label")
    #expect(lines.count == report.suspects.count + 1)
    #expect(lines.contains { $0.contains("\"mid,dle\"") })
  }

  private func cause(_ body: () throws -> CleaningJob.Outcome) -> LabError.Cause? {
    do {
      _ = try body()
      return nil
    } catch {
      return (error as? LabError)?.cause
    }
  }
}
