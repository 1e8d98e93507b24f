import Foundation

/// Runs the table of a room in child processes. A case that ends its process is noted, and a new
/// process goes on behind it.
struct AbuseRun {
  /// Cases that were run.
  private(set) var count = 0
  /// What went wrong, a line each: the function, its values, what happened.
  private(set) var faults: [String] = []

  /// - Parameters:
  ///   - patience: seconds that a case may take.
  ///   - store: a store on a server, for those who need one.
  init(_ room: String, patience: Double = 60, store: String? = nil) throws {
    var next = 0
    while true {
      let lines = try Child(["run", room, "\(next)"], patience: patience, store: store)
      var last: [String] = []
      for line in lines.lines {
        let parts = line.components(separatedBy: "\t")
        switch parts.first {
        case "case":
          last = parts
          count += 1
        case "accepted":
          faults.append("\(parts.dropFirst(2).joined(separator: " ")): accepted")
        default: break
        }
      }
      if lines.lines.last == "done", lines.end == "exit 0" { return }
      guard last.count >= 3, let number = Int(last[1]) else {
        faults.append("\(room): the process gave \(lines.end) before its first case")
        return
      }
      faults.append("\(last.dropFirst(2).joined(separator: " ")): \(lines.end)")
      next = number + 1
    }
  }

  /// The lines that a command of the probe prints.
  static func lines(_ command: String, _ room: String) throws -> [String] {
    try Child([command, room], patience: 60).lines
  }
}

/// A process of `AbuseProbe`, run to its end.
private struct Child {
  let lines: [String]
  /// `exit 0`, `signal 4`, `no answer`.
  let end: String

  init(_ arguments: [String], patience: Double, store: String? = nil) throws {
    let places = CommandLine.arguments + Bundle.allBundles.map(\.bundlePath)
    let folders = places.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
    guard
      let program = folders.map({ $0 + "/AbuseProbe" })
        .first(where: FileManager.default.isExecutableFile(atPath:))
    else { throw Missing() }
    let log = FileManager.default.temporaryDirectory
      .appendingPathComponent("abuse-\(UUID().uuidString).log")
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: log) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    // The report of a trap, with its backtrace, would take a second each.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no", "OUTERLOOP_ABUSE_STORE": store ?? ""]) { $1 }
    process.standardOutput = try FileHandle(forWritingTo: log)
    process.standardError = FileHandle.nullDevice
    try process.run()
    // It is given up where nothing new was said for too long.
    var size = -1
    var changed = Date()
    var isStuck = false
    while process.isRunning {
      usleep(5000)
      let now = try FileManager.default.attributesOfItem(atPath: log.path)[.size] as? Int ?? 0
      if now != size {
        size = now
        changed = Date()
      } else if Date().timeIntervalSince(changed) > patience {
        isStuck = true
        kill(process.processIdentifier, SIGKILL)
        break
      }
    }
    process.waitUntilExit()
    lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map(String.init)
    if isStuck {
      end = "no answer"
    } else {
      let kind = process.terminationReason == .exit ? "exit" : "signal"
      end = "\(kind) \(process.terminationStatus)"
    }
  }

  struct Missing: Error, CustomStringConvertible {
    var description: String { "AbuseProbe is not beside the tests: build it" }
  }
}
