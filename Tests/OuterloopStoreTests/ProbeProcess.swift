import Foundation
import OuterloopStudy

/// The program `StoreProbe` as a process; what it says goes to a file.
struct ProbeProcess {
  let process = Process()
  let output: URL

  init(_ command: String, _ path: String, _ arguments: [String] = [], in folder: Folder) throws {
    let places = CommandLine.arguments + Bundle.allBundles.map(\.bundlePath)
    let folders = places.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
    guard
      let found = folders.map({ $0 + "/StoreProbe" })
        .first(where: FileManager.default.isExecutableFile(atPath:))
    else { throw StudyError("StoreProbe is not beside the tests", "build it") }
    output = URL(fileURLWithPath: folder["\(UUID().uuidString).log"])
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    process.executableURL = URL(fileURLWithPath: found)
    process.arguments = [command, path] + arguments
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  var lines: [String] {
    get throws {
      try String(contentsOf: output, encoding: .utf8).split(separator: "\n").map(String.init)
    }
  }

  /// Ends it as a loss of power would.
  func kill() {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Waits for its end.
  func wait() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }
}

/// What processes said that the store had answered them.
struct Acknowledged {
  var added: [Int] = []
  /// trial, attempt.
  var claimed: [[Int]] = []
  /// trial, attempt, epoch.
  var reported: [[Int]] = []
  var finished: [[Int]] = []
  var errors: [String] = []

  init(_ lines: [String]) {
    for line in lines {
      let words = line.split(separator: " ")
      let numbers = words.dropFirst().compactMap { Int($0) }
      switch words.first {
      case "added": added += numbers
      case "claimed": claimed.append(numbers)
      case "reported": reported.append(numbers)
      case "finished": finished.append(numbers)
      case "error:": errors.append(line)
      default: break
      }
    }
  }
}
