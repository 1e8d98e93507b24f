import Foundation
import OuterloopStudy
import Synchronization
import Testing

@testable import OuterloopRunner

/// A folder, a study of one parameter, and a program in it.
struct Workbench {
  /// Gone with the last reference to it.
  private final class Folder: Sendable {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "runner-\(UUID().uuidString)")

    init() throws {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
  }

  private let ownFolder: Folder
  let specification: StudySpecification
  var limits = ProgramLimits()

  init(
    _ parameters: [String] = ["x=float(0, 1)"], objectives: [Objective] = [.minimize("loss")],
    epochs: Int = 1, seconds: Double? = nil
  ) throws {
    ownFolder = try Folder()
    specification = try StudySpecification(
      name: "s", space: SearchSpace(parameters.map { try ParameterDeclaration(parsing: $0) }),
      objectives: objectives, method: MethodDescription("none"), seed: 1, epochs: epochs)
    limits.seconds = seconds
    limits.grace = 0.5
    limits.hurriedGrace = 0.3
    limits.drain = 0.4
  }

  var folder: URL { ownFolder.url }

  var folders: TrialFolders { TrialFolders(in: folder.path, study: "s") }

  func request(
    _ values: [String: ParameterValue] = ["x": 0.5], trial: Int = 0, from: Int = 0,
    through: Int? = nil
  ) throws -> TrialRequest {
    var record = Trial(
      number: trial, assignment: try specification.space.assignment(values),
      through: through ?? specification.epochs, seen: nil, created: 0)
    record.checkpoint = from
    return TrialRequest(
      Claim(study: StudyID(rawValue: 1), trial: record, attempt: 1), of: specification)
  }

  /// A script in the folder, for `sh` or `python3`.
  func script(_ text: String, _ name: String = "program") throws -> String {
    let path = folder.appendingPathComponent(name).path
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  func shell(_ text: String, _ words: [String] = []) throws -> ProgramWork {
    try work(["sh", try script(text)] + words)
  }

  func work(_ words: [String]) throws -> ProgramWork {
    try ProgramWork(Program(words), of: specification, in: folders, limits: limits)
  }

  func python(_ text: String, tries: Int = 2) throws -> PersistentWork {
    try PersistentWork(
      Program(["python3", try script(text)], isPersistent: true), of: specification, in: folders,
      limits: limits, tries: tries)
  }

  func log(_ trial: Int = 0) -> String {
    let data = FileManager.default.contents(atPath: folders.log(ofTrial: trial)) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  /// What a shell program says, and how it fails.
  func failure(of text: String) async throws -> TrialFailure? {
    try await failure(of: shell(text))
  }

  func failure(of work: some TrialWork, _ recorder: Recorder = Recorder()) async throws
    -> TrialFailure?
  {
    do {
      try await work.run(request(), to: recorder)
      return nil
    } catch let failure as TrialFailure { return failure }
  }
}

/// Remembers reports, joined as a store joins them.
final class Recorder: ReportSink {
  private struct State {
    var reports: [Report] = []
    var epochs: Set<Int> = []
    var checkpoints: [Int] = []
    var calls = 0
    /// Values as they came: what a store has to write.
    var values = 0
  }
  private let state = Mutex(State())
  private let answer: @Sendable (Int) async throws -> Bool

  /// - Parameter answer: to the call of that number, from 1.
  init(_ answer: @escaping @Sendable (Int) async throws -> Bool = { _ in true }) {
    self.answer = answer
  }

  var reports: [Report] { state.withLock { $0.reports } }
  var checkpoints: [Int] { state.withLock { $0.checkpoints } }
  var calls: Int { state.withLock { $0.calls } }
  var values: Int { state.withLock { $0.values } }
  var losses: [Double?] { reports.map { $0.values["loss"] } }

  func keep(_ news: [TrialNews]) async throws -> Bool {
    let count = state.withLock { state in
      for one in news {
        switch one {
        case .checkpointed(let epoch): state.checkpoints.append(epoch)
        case .reported(let report):
          state.values += report.values.count
          if !state.epochs.insert(report.epoch).inserted {
            state.reports.removeAll { $0.epoch == report.epoch }
          }
          state.reports.append(report)
        case .extended(let report):
          state.values += report.values.count
          let place = state.reports.lastIndex { $0.epoch == report.epoch }
          if let place { state.reports[place].extend(by: report) }
        }
      }
      state.calls += 1
      return state.calls
    }
    return try await answer(count)
  }
}

/// Processes of this machine, as `/proc` has them.
enum Processes {
  /// Those that run with `word` in their command line, zombies not counted.
  static func numbers(with word: String) -> [pid_t] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { pid in
      let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
      return String(decoding: line, as: UTF8.self).contains(word)
    }
  }

  static func count(with word: String) -> Int { numbers(with: word).count }

  /// Whether none is left, after a moment if need be.
  static func areGone(with word: String) async throws -> Bool {
    for _ in 0..<100 {
      if count(with: word) == 0 { return true }
      try await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  /// Descriptors that this process has open.
  static var descriptors: Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count ?? 0
  }

  /// Children of this process that have ended and were not reaped.
  static var zombies: Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { name in
      guard let data = FileManager.default.contents(atPath: "/proc/\(name)/stat") else {
        return false
      }
      let text = String(decoding: data, as: UTF8.self)
      guard let end = text.lastIndex(of: ")") else { return false }
      let fields = text[end...].split(separator: " ")
      return fields.count > 2 && fields[1] == "Z" && fields[2] == "\(getpid())"
    }.count
  }
}
