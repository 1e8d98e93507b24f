import Foundation
import Synchronization

/// What happens while a file is requested, in order.
enum HTTPEvent: Sendable {
  /// The head of the response.
  case answer(HTTPResponse)
  /// More of the body.
  case bytes(Data)
  /// The server sent nothing within the timeout.
  case silence
  /// The response is over, successfully or with a reason.
  case end(String?)
}

/// The head of a response, as far as downloads need it.
struct HTTPResponse: Sendable {
  let status: Int
  /// The size of the body, if the server gives it.
  let length: Int?
  /// The offset of the body in the file, if this is a part of it.
  let rangeStart: Int?
  /// The size of the complete file, if this is a part of it and the server gives it.
  let rangeTotal: Int?

  /// - Parameters:
  ///   - length: negative if the server does not give it.
  ///   - range: the value of `Content-Range`, or empty.
  init(status: Int, length: Int64, range: String) {
    self.status = status
    self.length = length >= 0 ? Int(length) : nil
    // "bytes 500-999/1000"; the total may be "*".
    let words = range.split(whereSeparator: { " -/".contains($0) })
    let isRange = words.count == 4 && words[0] == "bytes"
    rangeStart = isRange ? Int(words[1]) : nil
    rangeTotal = isRange ? Int(words[3]) : nil
  }
}

/// A GET request as a stream of events; ending the iteration, or its task, ends the request.
///
/// The HTTP client is `HTTPTransport`: URLSession on Apple's systems, libcurl elsewhere.
final class HTTPRequest: Sendable {
  private let continuation: AsyncStream<HTTPEvent>.Continuation
  private let lastSign = Mutex(ContinuousClock.now)
  private let over = Mutex(false)

  private init(_ continuation: AsyncStream<HTTPEvent>.Continuation) {
    self.continuation = continuation
  }

  /// Requests `url` from the byte `offset` on.
  ///
  /// - Parameter patience: how long the server may send nothing at all.
  static func events(
    _ url: URL, from offset: Int, patience: Duration
  ) -> AsyncStream<HTTPEvent> {
    AsyncStream { continuation in
      // The files are compressed already; decoded in transit they would not match their checksums.
      var headers = ["Accept-Encoding": "identity", "User-Agent": "outerloop"]
      if offset > 0 { headers["Range"] = "bytes=\(offset)-" }
      let request = HTTPRequest(continuation)
      let transport = HTTPTransport(url, headers, for: request, patience: patience)
      let watch = Task { await request.watch(patience) }
      continuation.onTermination = { _ in
        request.over.withLock { $0 = true }
        watch.cancel()
        transport.cancel()
      }
      transport.start()
    }
  }

  /// Whether the stream has no reader any more.
  var isOver: Bool { over.withLock { $0 } }

  func take(_ event: HTTPEvent) {
    lastSign.withLock { $0 = .now }
    continuation.yield(event)
    if case .end = event { continuation.finish() }
  }

  private func watch(_ patience: Duration) async {
    while !Task.isCancelled {
      let waited = lastSign.withLock { $0.duration(to: .now) }
      if waited >= patience {
        continuation.yield(.silence)
        continuation.finish()
        return
      }
      try? await Task.sleep(for: patience - waited)
    }
  }
}

extension Duration {
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
