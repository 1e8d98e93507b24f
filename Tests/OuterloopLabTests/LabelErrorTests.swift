import Foundation
import OuterloopBilevel
import OuterloopLearning
import Testing

@testable import OuterloopLab

@Suite final class LabelErrorTests {
  private let folder = NSTemporaryDirectory() + "label-errors-\(UUID().uuidString)"

  deinit { remove() }

  private func remove() { try? FileManager.default.removeItem(atPath: folder) }

  private func job(_ change: (inout LabelErrorSettings) -> Void = { _ in }) throws -> LabelErrorJob
  {
    var settings = LabelErrorSettings()
    settings.corrupt = 0.2
    settings.model = .linear
    change(&settings)
    return try LabelErrorJob(
      LabelErrorData(SampleData.parts(240), settings: settings), settings: settings,
      folder: folder)
  }

  @Test func examinesEveryRow() throws {
    guard case .finished(let report) = try job().perform() else {
      Issue.record("not finished")
      return
    }
    let detection = try #require(report.detection)
    #expect(detection.f1 > 0.95)
    #expect(detection.truePositives + detection.falseNegatives == 48)
    #expect(try #require(report.averagePrecision) > 0.97)
    let rows = try String(contentsOfFile: report.files.rows, encoding: .utf8).split(separator: "\n")
    #expect(rows.count == 241)
    #expect(
      rows[0] == "row,line,label,likely,probability,label_prediction,likely_prediction,flip_rate,"
        + "suspicious,true_label")
    #expect(rows[1].hasPrefix("1,,"))
    #expect(rows[240].hasPrefix("240,,"))
    let suspicious = try String(contentsOfFile: report.files.suspicious, encoding: .utf8)
      .split(separator: "\n")
    #expect(suspicious.count == report.suspicious + 1)
    #expect(suspicious.contains { $0.contains("\"mid,dle\"") })
    #expect(report.flips.reduce(0) { $0 + $1.count } == report.suspicious)
    for row in report.transition { #expect(abs(row.reduce(0, +) - 1) < 1e-9) }
  }

  @Test func foundAgainAndNotMixedUp() throws {
    guard case .finished(let report) = try job().perform(),
      case .foundFinished(let again) = try job().perform()
    else {
      Issue.record("not found again")
      return
    }
    #expect(report == again)
    #expect(throws: LabError.self) { try job { $0.seed = 8 }.perform() }
    guard case .finished = try job({ $0.seed = 8 }).perform(restart: true) else {
      Issue.record("not run again")
      return
    }
  }

  @Test func stoppedRunsLeaveNothing() throws {
    guard case .stopped = try job().perform(shouldStop: { true }) else {
      Issue.record("not stopped")
      return
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [".lock"])
  }

  @Test func averagePrecisionBySteps() {
    let mixed = LabelErrorReport.averagePrecision([0.9, 0.8, 0.7], [true, false, true])
    #expect(abs(mixed - 5.0 / 6) < 1e-12)
    // Equal probabilities count at once, in whatever order they stand.
    #expect(LabelErrorReport.averagePrecision([0.5, 0.5], [true, false]) == 0.5)
    #expect(LabelErrorReport.averagePrecision([0.5, 0.5], [false, true]) == 0.5)
    #expect(LabelErrorReport.averagePrecision([0.5], [false]) == 0)
  }

  @Test func dataThatHasNoWrongLabels() throws {
    let settings = LabelErrorSettings()
    func cause(_ labels: [Int32], _ names: [String]) throws -> LabError.Cause? {
      let data = try LabeledData(
        shape: [1], features: labels.indices.map { Float($0) }, labels: labels, classNames: names,
        source: "table")
      do {
        _ = try LabelErrorData(DataParts(train: data, test: nil), settings: settings)
        return nil
      } catch {
        return (error as? LabError)?.cause
      }
    }
    #expect(try cause([0, 0, 0], ["only"]) == .data)
    #expect(try cause([0, 1, 2, 3], ["a", "b", "c", "d"]) == .data)
    #expect(try cause([0, 1, 0], ["a", "b"]) == nil)
  }

  @Test func trustedRowsOfAnotherFile() throws {
    var settings = LabelErrorSettings()
    settings.corrupt = 0.3
    settings.model = .linear
    let data = try LabelErrorData(
      SampleData.parts(120), trustedRows: SampleData.pictures(30), settings: settings)
    guard
      case .finished(let report) = try LabelErrorJob(data, settings: settings, folder: folder)
        .perform()
    else {
      Issue.record("not finished")
      return
    }
    #expect(report.trusted == 30)
    #expect(report.examples == 120)
    #expect(report.suspects.allSatisfy { $0.row <= 120 })
    #expect(try #require(report.detection).f1 > 0.93)
  }
}
