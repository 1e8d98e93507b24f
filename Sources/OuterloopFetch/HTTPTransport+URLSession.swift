#if canImport(Darwin)
  import Foundation

  /// A GET request through URLSession.
  final class HTTPTransport: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let request: HTTPRequest
    private var session: URLSession?
    private var task: URLSessionDataTask?

    init(
      _ url: URL, _ headers: [String: String], for request: HTTPRequest, patience: Duration
    ) {
      self.request = request
      super.init()
      var asked = URLRequest(url: url)
      asked.cachePolicy = .reloadIgnoringLocalCacheData
      for (name, value) in headers { asked.setValue(value, forHTTPHeaderField: name) }
      let configuration = URLSessionConfiguration.ephemeral
      // Inactivity is monitored elsewhere; the session's own timeouts are longer.
      configuration.timeoutIntervalForRequest = 60 + 2 * patience.inSeconds
      let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
      task = session.dataTask(with: asked)
      self.session = session
    }

    func start() { task?.resume() }

    func cancel() {
      task?.cancel()
      session?.finishTasksAndInvalidate()
    }

    func urlSession(
      _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
      completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
      let http = response as? HTTPURLResponse
      request.take(
        .answer(
          HTTPResponse(
            status: http?.statusCode ?? 0, length: response.expectedContentLength,
            range: http?.value(forHTTPHeaderField: "Content-Range") ?? "")))
      completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
      request.take(.bytes(data))
    }

    func urlSession(
      _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
      request.take(.end(error?.localizedDescription))
    }
  }
#endif
