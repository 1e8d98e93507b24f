internal import OuterloopPlatform
internal import OuterloopText

/// One connection: says hello, opens its study, and answers requests about it. `Documentation/protocol.md`
/// is the protocol.
actor ServeSession {
  /// The version of the protocol.
  static let version = 1

  private var study: ServedStudy?
  private var isGreeted = false
  /// Whether the client has said that it is done.
  private(set) var isOver = false

  /// The reply to a line, on one line.
  func reply(to line: ArraySlice<UInt8>) async -> String {
    let request: ServeRequest
    do { request = try ServeRequest(line) } catch let error as ServeRequest.Malformed {
      return Self.failure(
        error.id, "protocol", error.what, "send {\"id\": 1, \"op\": \"hello\", \"protocol\": 1}")
    } catch { return Self.failure(.null, "protocol", "\(error)", "") }
    do {
      let answer = try await answer(request)
      return JSON.object(["id": request.id, "ok": answer]).description
    } catch {
      let failure = CommandError(error)
      let what = [failure.what, failure.details].compactMap(\.self).joined(separator: "\n")
      return Self.failure(
        request.id, failure.status == 64 ? "usage" : "failure", what, failure.hint ?? "")
    }
  }

  private static func failure(_ id: JSON, _ kind: String, _ what: String, _ remedy: String)
    -> String
  {
    JSON.object([
      "id": id,
      "error": .object(["kind": .text(kind), "what": .text(what), "remedy": .text(remedy)]),
    ]).description
  }

  private func answer(_ request: ServeRequest) async throws -> JSON {
    switch request.operation {
    case "hello": return try handshake(request)
    case "end":
      try request.check([])
      try await study?.release()
      (study, isOver) = (nil, true)
      return .object([JSON.Member]())
    case "open":
      guard isGreeted else {
        throw CommandError(
          "the first request has to be hello",
          hint: "begin with {\"id\": 1, \"op\": \"hello\", \"protocol\": 1}",
          status: 64)
      }
      guard study == nil else {
        throw CommandError(
          "a study is open already", hint: "start another process for another study", status: 64)
      }
      let opened = try await ServedStudy(OpenRequest(request))
      study = opened
      await opened.keepLeases()
      return try await opened.description(with: [])
    default:
      guard let operation = ServedStudy.operations[request.operation] else {
        let known = ["hello", "open", "end"] + ServedStudy.operations.keys
        throw CommandError(
          "there is no operation `\(request.operation)`",
          hint: Spelling.remedy(
            for: request.operation, among: known.sorted(), called: "operations"),
          status: 64)
      }
      guard let study else {
        throw CommandError("no study is open", hint: "open one first", status: 64)
      }
      try request.check(operation.fields)
      return try await operation.answer(study, request)
    }
  }

  private func handshake(_ request: ServeRequest) throws -> JSON {
    try request.check(["protocol", "client"])
    let wanted = try request.neededInt("protocol")
    guard wanted == Self.version else {
      throw CommandError(
        "this is outerloop \(Version.number), which speaks version \(Self.version) of the protocol, not "
          + "\(wanted)", hint: "install the command and its client of the same version", status: 64)
    }
    isGreeted = true
    return .object([
      "protocol": .int(Self.version), "version": .text(Version.number),
      "process": .int(Int(getpid())),
    ])
  }

  /// The client is gone: its trials will be run again by others.
  func leave() async {
    guard let study else { return }
    await study.abandon()
    self.study = nil
  }
}
