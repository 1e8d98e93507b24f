internal import NIOCore
internal import NIOHTTP1

/// One client, whose requests are answered one after another.
struct Connection: Sendable {
  typealias Channel = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
  private typealias Writer = NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
  private typealias Parts = NIOAsyncChannelInboundStream<HTTPServerRequestPart>

  private let channel: Channel
  private let limits: Limits

  init(_ channel: Channel, _ limits: Limits) {
    self.channel = channel
    self.limits = limits
  }

  /// Adds HTTP/1.1 handlers to a channel.
  static func wrap(_ channel: any NIOCore.Channel, _ limits: Limits) throws -> Channel {
    var headers = NIOHTTPDecoderLimitConfiguration()
    headers.maxHeaderFieldSize = limits.field
    headers.maxHeaderListSize = limits.fields
    headers.maxHeaderFieldCount = limits.fieldCount
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(HTTPResponseEncoder())
    try pipeline.addHandler(
      ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: headers)))
    try pipeline.addHandler(HTTPServerPipelineHandler())
    try pipeline.addHandler(NIOHTTPResponseHeadersValidator())
    try pipeline.addHandler(HTTPServerProtocolErrorHandler())
    return try Channel(wrappingChannelSynchronously: channel)
  }

  func run(_ handler: RequestHandler) async {
    try? await channel.executeThenClose { parts, writer in
      var iterator = parts.makeAsyncIterator()
      var isFirst = true
      while let (head, body) = try await next(&iterator, isFirst: isFirst) {
        isFirst = false
        guard let body else {
          let error = RequestError(.tooLarge, "the request is too large", "send less at a time")
          return try await write(error.response.withSecurityHeaders, to: head, isLast: true, writer)
        }
        let response: Response
        if let request = Request(head, body) {
          response = await handler.response(to: request)
        } else {
          response =
            RequestError(.badRequest, "the address is malformed", "encode it").response
            .withSecurityHeaders
        }
        try await write(response, to: head, isLast: !head.isKeepAlive, writer)
        if !head.isKeepAlive { return }
      }
    }
  }

  /// The next request; its body is nil if it is too large.
  private func next(
    _ parts: inout Parts.AsyncIterator, isFirst: Bool
  ) async throws -> (HTTPRequestHead, [UInt8]?)? {
    let opening = deadline(isFirst ? limits.requestTimeout : limits.idleTimeout)
    defer { opening.cancel() }
    guard case .head(let head)? = try await parts.next() else { return nil }
    opening.cancel()
    let arrival = deadline(limits.requestTimeout)
    defer { arrival.cancel() }
    guard head.uri.utf8.count <= limits.target else { return (head, nil) }
    var body: [UInt8] = []
    while let part = try await parts.next() {
      switch part {
      case .head: return nil
      case .body(let buffer):
        guard body.count + buffer.readableBytes <= limits.body else { return (head, nil) }
        body += buffer.readableBytesView
      case .end: return (head, body)
      }
    }
    return nil
  }

  /// Closes the connection unless it is cancelled in time.
  private func deadline(_ time: TimeAmount) -> Scheduled<Void> {
    let channel = channel.channel
    return channel.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }

  /// How much is written at a time.
  private static let piece = 256 << 10

  private func write(
    _ response: Response, to request: HTTPRequestHead, isLast: Bool, _ writer: Writer
  ) async throws {
    var fields = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
    if case .bytes(let bytes) = response.body {
      fields.add(name: "Content-Length", value: "\(bytes.count)")
    }
    if isLast { fields.replaceOrAdd(name: "Connection", value: "close") }
    let head = HTTPResponseHead(
      version: request.version,
      status: .init(statusCode: response.status.rawValue, reasonPhrase: response.status.phrase),
      headers: fields)
    try await put(.head(head), writer)
    if request.method != .HEAD {
      switch response.body {
      case .bytes(let bytes):
        for start in stride(from: 0, to: bytes.count, by: Self.piece) {
          let end = min(start + Self.piece, bytes.count)
          try await put(.body(.byteBuffer(ByteBuffer(bytes: bytes[start..<end]))), writer)
        }
      case .stream(let pieces):
        for await piece in pieces {
          guard channel.channel.isActive else { return }
          try await put(.body(.byteBuffer(ByteBuffer(string: piece))), writer)
        }
      }
    }
    try await put(.end(nil), writer)
  }

  private func put(_ part: HTTPServerResponsePart, _ writer: Writer) async throws {
    let taking = deadline(limits.writeTimeout)
    defer { taking.cancel() }
    try await writer.write(part)
  }
}

extension Request {
  /// - Returns: nil if the target is not a path.
  init?(_ head: HTTPRequestHead, _ body: [UInt8]) {
    var headers: [String: String] = [:]
    for (name, value) in head.headers { headers[name.lowercased()] = value }
    self.init(method: head.method.rawValue, target: head.uri, headers: headers, body: body)
  }
}
