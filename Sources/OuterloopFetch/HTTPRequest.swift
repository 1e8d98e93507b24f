import Foundation
import Synchronization

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// What happens while a file is requested, in order.
enum HTTPEvent: Sendable {
  /// The head of the answer.
  case answer(HTTPAnswer)
  /// More of the body.
  case bytes(Data)
  /// Nothing came for as long as is waited.
  case silence
  /// The answer is over, well or with a reason.
  case end(String?)
}

/// The head of an answer, as far as downloads need it.
struct HTTPAnswer: Sendable {
  let status: Int
  /// The size of the body, if the server tells it.
  let length: Int?
  /// The offset of the body in the file, if this is a part of it.
  let rangeStart: Int?
  /// The size of the whole file, if this is a part of it and the server tells it.
  let rangeTotal: Int?

  init(_ response: URLResponse) {
    let http = response as? HTTPURLResponse
    status = http?.statusCode ?? 0
    length = response.expectedContentLength >= 0 ? Int(response.expectedContentLength) : nil
    // "bytes 500-999/1000"; the total may be "*".
    let range = http?.value(forHTTPHeaderField: "Content-Range") ?? ""
    let words = range.split(whereSeparator: { " -/".contains($0) })
    let isRange = words.count == 4 && words[0] == "bytes"
    rangeStart = isRange ? Int(words[1]) : nil
    rangeTotal = isRange ? Int(words[3]) : nil
  }
}

/// A GET request as a stream of events; ending the iteration, or its task, ends the request.
final class HTTPRequest: NSObject, URLSessionDataDelegate, Sendable {
  private let continuation: AsyncStream<HTTPEvent>.Continuation
  private let lastSign = Mutex(ContinuousClock.now)

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
      var request = URLRequest(url: url)
      request.cachePolicy = .reloadIgnoringLocalCacheData
      // The files are packed already; unpacked on the way they would not match their checksums.
      request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
      request.setValue("outerloop", forHTTPHeaderField: "User-Agent")
      if offset > 0 { request.setValue("bytes=\(offset)-", forHTTPHeaderField: "Range") }
      let delegate = HTTPRequest(continuation)
      let configuration = URLSessionConfiguration.ephemeral
      // Silence is watched below; the session's own clocks stay out of the way.
      configuration.timeoutIntervalForRequest = 60 + 2 * patience.inSeconds
      let session = URLSession(
        configuration: configuration, delegate: delegate, delegateQueue: nil)
      let task = session.dataTask(with: request)
      let watch = Task { await delegate.watch(patience) }
      continuation.onTermination = { _ in
        watch.cancel()
        task.cancel()
        session.finishTasksAndInvalidate()
      }
      task.resume()
    }
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

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
  ) {
    lastSign.withLock { $0 = .now }
    continuation.yield(.answer(HTTPAnswer(response)))
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    lastSign.withLock { $0 = .now }
    continuation.yield(.bytes(data))
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    continuation.yield(.end(error?.localizedDescription))
    continuation.finish()
  }
}

extension Duration {
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
