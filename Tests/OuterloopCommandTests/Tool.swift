import Foundation
import Testing

/// The built executable, run as a process in a folder that is gone with the last reference to it.
final class Tool: Sendable {
  /// Beside the bundle with these tests.
  static let path: String? = {
    let places = CommandLine.arguments + Bundle.allBundles.map(\.bundlePath)
    for place in places {
      guard let bundle = place.range(of: ".xctest") else { continue }
      let url = URL(fileURLWithPath: String(place[..<bundle.upperBound]))
      let candidate = url.deletingLastPathComponent().appendingPathComponent("outerloop").path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
    }
    return nil
  }()

  /// How a process ended and what it said.
  struct Ending {
    var status: Int32
    /// Whether a signal ended it; `status` is its number then.
    var isSignal: Bool
    var out, err: String

    /// What was printed, as JSON.
    func json<T>(as type: T.Type = T.self) throws -> T {
      try #require(try JSONSerialization.jsonObject(with: Data(out.utf8)) as? T)
    }

    var object: [String: Any] { get throws { try json() } }
    var list: [[String: Any]] { get throws { try json() } }
  }

  /// A folder of this test alone.
  let folder: URL

  init() {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "outerloop-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch { Issue.record(error) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  // MARK: Files

  func file(_ name: String) -> String { folder.appendingPathComponent(name).path }

  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  func data(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: file(name)))
  }

  func text(_ name: String) throws -> String {
    try String(contentsOfFile: file(name), encoding: .utf8)
  }

  func write(_ text: String, _ name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
  }

  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
  }

  func names(_ name: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: file(name))) ?? []).sorted()
  }

  // MARK: Processes

  /// A process under way, its streams going to files.
  final class Running {
    let process = Process()
    private let out, err: URL

    init(_ words: [String], in folder: URL, environment: [String: String], shell: String?) throws {
      let path = try #require(Tool.path, "the executable is not beside the tests")
      let name = UUID().uuidString
      out = folder.appendingPathComponent(name + ".out")
      err = folder.appendingPathComponent(name + ".err")
      for url in [out, err] { try Data().write(to: url) }
      if let shell {
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", shell, path] + words
      } else {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = words
      }
      process.currentDirectoryURL = folder
      process.environment = ProcessInfo.processInfo.environment.filter {
        !["COLUMNS", "OUTERLOOP_CACHE"].contains($0.key)
      }.merging(environment) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = try FileHandle(forWritingTo: out)
      process.standardError = try FileHandle(forWritingTo: err)
      try process.run()
    }

    var errorText: String { (try? String(contentsOf: err, encoding: .utf8)) ?? "" }

    func end() throws -> Ending {
      process.waitUntilExit()
      return Ending(
        status: process.terminationStatus, isSignal: process.terminationReason == .uncaughtSignal,
        out: try String(contentsOf: out, encoding: .utf8), err: errorText)
    }

    /// Waits until something holds, up to a minute.
    func wait(until holds: () -> Bool) {
      for _ in 0..<6000 {
        guard process.isRunning, !holds() else { return }
        usleep(10_000)
      }
    }
  }

  func start(
    _ words: [String], environment: [String: String] = [:], shell: String? = nil
  ) throws -> Running {
    try Running(words, in: folder, environment: environment, shell: shell)
  }

  func run(
    _ words: [String], environment: [String: String] = [:], shell: String? = nil
  ) throws -> Ending {
    try start(words, environment: environment, shell: shell).end()
  }

  /// Runs a script in which `outerloop` is this executable.
  func run(script: String) throws -> Ending {
    let path = try #require(Tool.path)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    return try run([], shell: "PATH=\"\(folder):$PATH\"; \(script)")
  }

  // MARK: Commands that end as they should

  /// What a command prints that ends well.
  func object(_ words: [String]) throws -> [String: Any] { try success(words).object }
  func list(_ words: [String]) throws -> [[String: Any]] { try success(words).list }

  func trials(_ words: [String] = []) throws -> [[String: Any]] {
    try list(["trials", "--json"] + words)
  }

  func states(_ words: [String] = []) throws -> [String] {
    try trials(words).compactMap { $0["state"] as? String }
  }

  private func success(_ words: [String]) throws -> Ending {
    let ending = try run(words)
    #expect(ending.status == 0, "\(words): \(ending.err)")
    return ending
  }

  /// Processes whose command line names this folder: runners, workers, programs.
  func processes() throws -> [pid_t] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["pgrep", "-f", folder.lastPathComponent]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return text.split(separator: "\n").compactMap { pid_t($0) }
  }

  /// What a command says that fails, and prints nothing.
  func failure(
    _ words: [String], status: Int32 = 1, environment: [String: String] = [:]
  ) throws -> String {
    let ending = try run(words, environment: environment)
    #expect(ending.status == status, "\(words): \(ending.err)")
    #expect(ending.out.isEmpty)
    return ending.err
  }
}

/// Small pictures of three classes as an IDX data set, made of arithmetic alone.
enum SamplePictures {
  static func write(_ count: Int, to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var noise = UInt32(54_321)
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    for index in 0..<count {
      let label = index % 3
      labels.append(UInt8(label))
      for pixel in 0..<36 {
        noise = noise &* 1_664_525 &+ 1_013_904_223
        pixels.append(UInt8(noise >> 24) / 2 + (pixel / 12 == label ? 120 : 0))
      }
    }
    func sizes(_ values: [Int]) -> [UInt8] {
      values.flatMap { value in [24, 16, 8, 0].map { UInt8(value >> $0 & 255) } }
    }
    let images = URL(fileURLWithPath: folder + "/train-images-idx3-ubyte")
    let names = URL(fileURLWithPath: folder + "/train-labels-idx1-ubyte")
    try Data([0, 0, 8, 3] + sizes([count, 6, 6]) + pixels).write(to: images)
    try Data([0, 0, 8, 1] + sizes([count]) + labels).write(to: names)
  }
}
