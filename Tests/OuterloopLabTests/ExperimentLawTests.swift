import Foundation
import Synchronization
import Testing

@testable import OuterloopLab

/// What holds for every experiment: a new row of the registry is tested by being there.
@Suite struct ExperimentLawTests {
  static let names = Laboratory.all.map { $0.name }

  /// Experiments whose numbers contain no times.
  static let timeless = Set(Laboratory.all.filter { !$0.about.measuresTime }.map { $0.name })

  /// Those whose quick runs take longest. All keep their runs the same way, so these are not run once more.
  static let long: Set = ["hoag", "learning-to-learn", "model-selection", "sinusoid"]

  /// The quick run keeps its claims and draws its pictures. Run again in the same folder, nothing is computed
  /// and every file stays as it was, bit for bit. Stopped half-way and resumed in another, it leaves the same
  /// files; only how long it took may differ.
  @Test(arguments: names) func quickRunHoldsStaysAndResumes(_ name: String) throws {
    let folder = TemporaryFolder()
    let counter = Counter()
    let (report, first) = try run(name, in: folder, shouldStop: { counter.next() < 0 })
    #expect(!report.claims.isEmpty, "an experiment without claims")
    for claim in report.claims { #expect(claim.holds, "\(claim.text)") }
    #expect(!report.figures.isEmpty && !report.tables.isEmpty)
    for figure in report.figures {
      #expect(figure.svg.hasPrefix("<svg") && figure.name.hasSuffix(".svg"))
      #expect(!figure.caption.isEmpty)
    }
    #expect(Set(report.figures.map(\.name)).count == report.figures.count)
    let asked = counter.count
    #expect(asked > 0, "it is never asked whether to stop")

    let before = folder.files
    let (_, again) = try run(name, in: folder)
    #expect(again > 0 && again == max(again, first), "runs were made again")
    #expect(folder.files == before)

    guard Self.timeless.contains(name), !Self.long.contains(name) else { return }
    let broken = TemporaryFolder()
    let calls = Counter()
    #expect(throws: ExperimentContext.Stopped.self) {
      try run(name, in: broken, shouldStop: { calls.next() >= asked / 2 })
    }
    #expect(!broken.files.keys.contains("result.json"), "half a result")
    _ = try run(name, in: broken)
    #expect(Set(before.keys) == Set(broken.files.keys))
    for (file, text) in before {
      #expect(masked(text, folder) == masked(broken.files[file] ?? "", broken), "\(file)")
    }
  }

  /// Every setting refuses what it cannot be, by its name.
  @Test(arguments: names) func refusesSettings(_ name: String) throws {
    func check<E: Experiment>(_: E.Type) throws {
      func refuses(_ setting: Setting<E>, _ change: (inout E) -> Void) {
        var experiment = E.quick
        change(&experiment)
        let error = #expect(throws: LabError.self) { try experiment.check() }
        #expect(error?.what.contains("--\(setting.name)") ?? false, "\(error as Any)")
        #expect(error?.cause == .setting && error?.remedy.isEmpty == false)
      }
      for setting in E.settings {
        switch setting.storage {
        case .int(let path): refuses(setting) { $0[keyPath: path] = .min }
        case .number(let path):
          for value in [.nan, .infinity, -.infinity] as [Double] {
            refuses(setting) { $0[keyPath: path] = value }
          }
        case .ints(let path):
          refuses(setting) { $0[keyPath: path] = [] }
          refuses(setting) { $0[keyPath: path] = [.min] }
        case .numbers(let path):
          refuses(setting) { $0[keyPath: path] = [] }
          refuses(setting) { $0[keyPath: path] = [.nan] }
        case .text(let path): refuses(setting) { $0[keyPath: path] = "" }
        case .seed, .words: break
        }
      }
      try E.quick.check()
      try E().check()
      #expect(Set(E.settings.map(\.name)).count == E.settings.count)
    }
    try check(try Laboratory.named(name))
  }

  /// Pages can be written: formulas are in the part of TeX that is known, and texts are sentences.
  @Test(arguments: names) func describesItself(_ name: String) throws {
    let about = try Laboratory.named(name).about
    #expect(about.question.hasSuffix("?"))
    #expect(about.method.hasSuffix("."))
    #expect(!about.sources.isEmpty && about.sources.allSatisfy { $0.link.hasPrefix("https://") })
    let page = try HTML.paragraphs(about.mathematics)
    #expect(page.contains("<math"))
    #expect(!page.contains("\\"), "TeX that was not read")
  }

  @Test func namesAreUnique() { #expect(Set(Self.names).count == Self.names.count) }

  /// Runs the quick version, and returns how many of its runs were there before.
  @discardableResult
  private func run(
    _ name: String, in folder: TemporaryFolder,
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) throws -> (report: ExperimentReport, taken: Int) {
    func run<E: Experiment>(_: E.Type) throws -> (ExperimentReport, Int) {
      let place = try ExperimentFolder(folder.path)
      let report = try E.quick.run(ExperimentContext(folder: place, shouldStop: shouldStop))
      try place.store(report, of: E.quick)
      return (report, place.takenRuns)
    }
    return try run(try Laboratory.named(name))
  }

  /// Without the folder's name and the seconds that runs took.
  private func masked(_ text: String, _ folder: TemporaryFolder) -> String {
    text.replacing(folder.path, with: "FOLDER")
      .split(separator: "\n").filter { !$0.contains("\"seconds\"") }.joined(separator: "\n")
  }
}

/// How often something was asked.
private final class Counter: Sendable {
  private let value = Mutex(0)
  var count: Int { value.withLock { $0 } }

  /// Calls before this one.
  func next() -> Int {
    value.withLock {
      $0 += 1
      return $0 - 1
    }
  }
}

/// A folder that is gone with the last reference to it.
final class TemporaryFolder: Sendable {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent(
    "outerloop-lab-\(UUID().uuidString)"
  ).path

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The text of each file.
  var files: [String: String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let texts = names.filter { $0 != ".lock" }.map { name in
      (name, (try? String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)) ?? "")
    }
    return Dictionary(texts) { first, _ in first }
  }
}
