import Foundation
import OuterloopLearning

/// Why a mirror failed; the text follows the mirror's address.
enum TransferFailure: Error, Sendable {
  /// The mirror does not have the file or refuses it: retrying is useless.
  case refused(String)
  /// The mirror has a different file of this name.
  case different(String)
  /// The connection or the server failed: retrying may help.
  case broken(String)

  var reason: String {
    switch self {
    case .refused(let text), .different(let text), .broken(let text): text
    }
  }

  var cause: DownloadError.Cause {
    switch self {
    case .refused: .notFound
    case .different: .checksum
    case .broken: .network
    }
  }
}

/// One request that brings a part file to its full size.
struct Transfer {
  let file: PublishedFile
  let url: URL
  let patience: Duration

  /// Appends what is missing in the part, or everything if the server does not support ranges.
  ///
  /// - Throws: `TransferFailure`, `DownloadError` from the disk, `CancellationError`.
  func run(_ part: PartFile, _ meter: inout ProgressMeter) async throws {
    let events = HTTPRequest.events(url, from: part.count, patience: patience)
    for await event in events {
      switch event {
      case .answer(let answer):
        try begin(answer, part)
      case .bytes(let data):
        guard data.count <= file.bytes - part.count else {
          try part.restart()
          throw TransferFailure.different("sends more than \(grouped(file.bytes)) bytes")
        }
        try data.withUnsafeBytes { try part.append($0) }
        meter.add(data.count, received: part.count)
      case .silence:
        throw TransferFailure.broken("sent nothing for \(patience.inSeconds) s")
      case .end(let reason):
        if part.count == file.bytes { return }
        let progress = "after \(grouped(part.count)) of \(grouped(file.bytes)) bytes"
        throw TransferFailure.broken("broke off \(progress)\(reason.map { " (\($0))" } ?? "")")
      }
    }
    // The stream ends early only with its task.
    throw CancellationError()
  }

  /// Prepares the part for the body that follows.
  private func begin(_ answer: HTTPResponse, _ part: PartFile) throws {
    switch answer.status {
    case 200:
      // The complete file, requested or not.
      if let length = answer.length, length != file.bytes {
        throw different(length)
      }
      try part.restart()
    case 206:
      if let total = answer.rangeTotal, total != file.bytes { throw different(total) }
      guard answer.rangeStart == part.count else {
        try part.restart()
        throw TransferFailure.broken("resumed at another byte")
      }
    case 416:
      try part.restart()
      throw TransferFailure.broken("refused to resume")
    case 408, 425, 429, 500...:
      throw TransferFailure.broken("answered HTTP \(answer.status)")
    default:
      throw TransferFailure.refused("answered HTTP \(answer.status)")
    }
  }

  private func different(_ count: Int) -> TransferFailure {
    .different("has \(grouped(count)) bytes instead of \(grouped(file.bytes))")
  }
}
