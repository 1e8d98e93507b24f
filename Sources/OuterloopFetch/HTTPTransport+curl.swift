#if !canImport(Darwin)
  import COuterloopCurl
  import Foundation

  /// A GET request through libcurl, on a thread of its own.
  ///
  /// URLSession does the same here, but linking it loads libcurl and its dependencies at every
  /// start: 10 ms even for a command that only prints its help.
  struct HTTPTransport: Sendable {
    private let url: URL
    private let headers: [String: String]
    private let request: HTTPRequest

    init(
      _ url: URL, _ headers: [String: String], for request: HTTPRequest, patience: Duration
    ) {
      self.url = url
      self.headers = headers
      self.request = request
    }

    func start() { Thread.detachNewThread { [self] in run() } }

    /// The thread notices by itself that the stream has no reader any more.
    func cancel() {}

    private func run() {
      var receiver = outerloop_curl_receiver(
        context: Unmanaged.passUnretained(request).toOpaque(),
        answer: { context, status, length, range in
          let range = range.map { String(cString: $0) } ?? ""
          HTTPTransport.request(context)?.take(
            .answer(HTTPResponse(status: status, length: length, range: range)))
        },
        bytes: { context, bytes, count in
          guard let bytes else { return }
          HTTPTransport.request(context)?.take(.bytes(Data(bytes: bytes, count: count)))
        },
        is_over: { HTTPTransport.request($0)?.isOver == false ? 0 : 1 })
      let lines = headers.map { strdup("\($0): \($1)") }
      defer { for line in lines { free(line) } }
      var ended = lines.map { UnsafePointer($0) } + [nil]
      var errorText = [CChar](repeating: 0, count: 256)
      let code = outerloop_curl_get(url.absoluteString, &ended, &receiver, &errorText)
      let text = errorText.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
      request.take(.end(code == 0 ? nil : String(decoding: text, as: UTF8.self)))
    }

    private static func request(_ context: UnsafeMutableRawPointer?) -> HTTPRequest? {
      context.map { Unmanaged<HTTPRequest>.fromOpaque($0).takeUnretainedValue() }
    }
  }
#endif
