internal import OuterloopRunner
internal import OuterloopStudy
internal import OuterloopText

// A trial's files: its log and its checkpoint folder.
extension Dashboard {
  var fileRoutes: [Route] {
    let place = "\(Self.root)/studies/{study}/trials/{trial}"
    return [
      Route("GET", "\(place)/log", "What the program of a trial printed", query: [.count("from")]) {
        request, arguments in
        let (trial, folders) = try await files(arguments)
        guard let log = TrialFile(folders.log(ofTrial: trial)) else {
          throw RequestError(
            .notFound, "trial \(trial) has no log", "programs that `outerloop tune` starts have one"
          )
        }
        return .json(try Self.piece(of: log, from: request.query.count("from")))
      },
      Route("GET", "\(place)/files/{path...}", "A file of the checkpoint folder of a trial") {
        _, arguments in
        let (trial, folders) = try await files(arguments)
        let path = arguments.rest("path")
        guard let file = TrialFile(in: folders.checkpoint(ofTrial: trial), path) else {
          throw RequestError(
            .notFound, "trial \(trial) has no file `\(path.joined(separator: "/"))`",
            "the trial's page lists those it has")
        }
        return try Self.response(file)
      },
    ]
  }

  private func files(_ arguments: Route.Arguments) async throws -> (Int, TrialFolders) {
    let study = try await study(arguments)
    let trial = try await trial(arguments, of: study)
    return (trial.number, environment.folders(await study.specification))
  }

  /// The largest piece of a log in a response.
  private static let logPiece = 1 << 16

  /// The bytes from `start` on, or the last ones, as text that begins and ends with whole characters.
  private static func piece(of log: TrialFile, from start: Int?) throws -> JSON {
    let from = min(start ?? max(0, log.size - logPiece), log.size)
    guard let bytes = log.bytes(from: from, limit: logPiece) else {
      throw RequestError(.failed, "the log cannot be read", "check the permissions of its file")
    }
    let (skipped, whole) = UTF8Piece.bounds(of: bytes, isEnd: from + bytes.count >= log.size)
    return .object([
      "from": .int(from + skipped), "to": .int(from + whole),
      "size": .int(max(log.size, from + bytes.count)),
      "text": .text(String(decoding: bytes[skipped..<whole], as: UTF8.self)),
    ])
  }

  /// Larger ones are copied from the folder.
  private static let mostBytes = 64 << 20

  private static func response(_ file: TrialFile) throws -> Response {
    guard file.size <= mostBytes else {
      throw RequestError(
        .tooLarge, "`\(file.path)` has \(file.size >> 20) MiB",
        "copy it from the trial's folder instead")
    }
    guard let bytes = file.bytes(from: 0, limit: mostBytes) else {
      throw RequestError(.failed, "`\(file.path)` cannot be read", "check its permissions")
    }
    var response = Response(type: file.type, bytes)
    // A picture may contain markup: opened on its own, it must not run scripts or belong to this
    // site.
    response.headers.append(
      ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"))
    return file.kind == .other
      ? response.saved(as: file.path.split(separator: "/").last.map(String.init) ?? "file")
      : response
  }
}

/// The bounds of the complete characters in a piece of UTF-8.
enum UTF8Piece {
  /// - Parameter isEnd: whether nothing follows: an incomplete character is then included.
  static func bounds(of bytes: [UInt8], isEnd: Bool) -> (start: Int, end: Int) {
    let isContinuation = { (byte: UInt8) in byte & 0xC0 == 0x80 }
    let start = bytes.prefix(3).prefix(while: isContinuation).count
    guard !isEnd else { return (start, bytes.count) }
    var end = bytes.count
    // The last character is complete if its first byte is followed by as many bytes as it
    // announces.
    for back in 1...4 where back <= bytes.count - start {
      let byte = bytes[bytes.count - back]
      if isContinuation(byte) { continue }
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      if length > back { end = bytes.count - back }
      break
    }
    return (start, end)
  }
}
