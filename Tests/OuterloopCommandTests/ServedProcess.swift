import Foundation
import Testing

/// `outerloop serve --stdio` at the other ends of two pipes.
final class ServedProcess {
  let process = Process()
  private let requests = Pipe()
  private let replies = Pipe()
  private var pending = Data()
  private var lastID = 0

  init(in tool: Tool) throws {
    process.executableURL = URL(fileURLWithPath: try #require(Tool.path))
    process.arguments = ["serve", "--stdio"]
    process.currentDirectoryURL = tool.folder
    process.standardInput = requests
    process.standardOutput = replies
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  /// A process that has been greeted and serves a study.
  static func open(
    in tool: Tool, _ fields: [String: Any], store: String? = "outerloop.db"
  ) throws -> ServedProcess {
    let served = try ServedProcess(in: tool)
    _ = try served.answer("hello", ["protocol": 1])
    var all = fields
    if let store { all["store"] = store }
    _ = try served.answer("open", all)
    return served
  }

  func send(_ text: String) throws {
    try requests.fileHandleForWriting.write(contentsOf: Data((text + "\n").utf8))
  }

  /// The next reply.
  func line() throws -> [String: Any] {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = pending[..<end]
        pending = pending[pending.index(after: end)...]
        return try #require(
          try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
      }
      let more = replies.fileHandleForReading.availableData
      try #require(!more.isEmpty, "the process has ended")
      pending += more
    }
  }

  private func reply(_ op: String, _ fields: [String: Any]) throws -> [String: Any] {
    lastID += 1
    var request = fields
    (request["op"], request["id"]) = (op, lastID)
    try send(String(decoding: try JSONSerialization.data(withJSONObject: request), as: UTF8.self))
    let reply = try line()
    #expect(reply["id"] as? Int == lastID)
    return reply
  }

  /// What a request is answered with.
  @discardableResult
  func answer(_ op: String, _ fields: [String: Any] = [:]) throws -> [String: Any] {
    let reply = try reply(op, fields)
    return try #require(reply["ok"] as? [String: Any], "\(op): \(reply)")
  }

  /// The kind, statement and remedy of an error.
  func error(_ op: String, _ fields: [String: Any] = [:]) throws -> (
    kind: String, what: String, remedy: String
  ) {
    let reply = try reply(op, fields)
    let error = try #require(reply["error"] as? [String: String], "\(op): \(reply)")
    return (error["kind"] ?? "", error["what"] ?? "", error["remedy"] ?? "")
  }

  /// The trial that is asked for.
  func ask() throws -> [String: Any] {
    try #require(try answer("ask")["trial"] as? [String: Any])
  }

  func closeInput() throws { try requests.fileHandleForWriting.close() }

  func waitForEnd() -> Int32 {
    process.waitUntilExit()
    return process.terminationStatus
  }
}
