import NIOCore
import OuterloopPlatform
import OuterloopStudy
import Testing

@testable import OuterloopDashboard

/// A client that sends bytes as they are.
private final class RawClient {
  private let socket: Int32

  init(_ port: Int) throws {
    #if canImport(Glibc)
      let stream = Int32(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    socket = OuterloopPlatform.socket(AF_INET, stream, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw RequestError(.failed, "no connection: \(errno)", "") }
    var patience = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(socket) }

  func send(_ text: String) { _ = CLibrary.writeAll(Array(text.utf8)[...], to: socket) }

  /// All that comes until the server closes, or `ending` has come.
  func read(until ending: String? = nil) -> String {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(socket, &piece, piece.count, 0)
      guard count > 0 else { break }
      bytes += piece[..<count]
      if let ending, String(decoding: bytes, as: UTF8.self).contains(ending) { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

@Suite("The server", .serialized) struct ServerTests {
  private func serve(
    _ limits: Limits = Limits(), token: String? = nil, _ body: (Int, Fixture) async throws -> Void
  ) async throws {
    let fixture = try await Fixture()
    let server = try await DashboardServer(
      fixture.dashboard, at: DashboardServer.Address(), token: token, limits: limits)
    do { try await body(server.address.port, fixture) } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  @Test("requests on one connection are answered in turn") func keepAlive() async throws {
    try await serve { port, _ in
      let client = try RawClient(port)
      let host = "Host: 127.0.0.1:\(port)\r\n"
      client.send("GET /api/v1 HTTP/1.1\r\n\(host)\r\nGET /nothing HTTP/1.1\r\n\(host)\r\n")
      client.send("HEAD /api/v1 HTTP/1.1\r\n\(host)Connection: close\r\n\r\n")
      let text = client.read()
      let answers = text.components(of: "HTTP/1.1 ")
      #expect(answers.map { $0.prefix(3) } == ["200", "404", "200"])
      #expect(answers[2].hasSuffix("\r\n\r\n"))
      #expect(text.contains("content-length") || text.contains("Content-Length"))
    }
  }

  @Test("names and origins are checked before anything") func checks() async throws {
    try await serve { port, _ in
      let client = try RawClient(port)
      client.send("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
      #expect(client.read().hasPrefix("HTTP/1.1 421"))
    }
    try await serve(token: "secret") { port, _ in
      let client = try RawClient(port)
      client.send("GET /api/v1/studies HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
      #expect(client.read().hasPrefix("HTTP/1.1 401"))
    }
  }

  @Test(
    "what is no request is answered by 400 or closed",
    arguments: [
      "\r\n\r\n\r\n", "hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
      "GET / HTTP/1.1\r\nHost\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      "\u{16}\u{3}\u{1}\u{2}\u{0}",
    ])
  func garbage(_ text: String) async throws {
    var limits = Limits()
    limits.requestTimeout = .milliseconds(300)
    try await serve(limits) { port, _ in
      let client = try RawClient(port)
      client.send(text)
      let answer = client.read()
      #expect(
        answer.isEmpty || answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.0 4"),
        "\(answer)")
      // The server lives.
      let next = try RawClient(port)
      next.send("GET /api/v1 HTTP/1.1\r\nHost: localhost:\(port)\r\nConnection: close\r\n\r\n")
      #expect(next.read().hasPrefix("HTTP/1.1 200"))
    }
  }

  @Test("headers, targets and bodies have bounds") func bounds() async throws {
    try await serve { port, _ in
      let host = "Host: 127.0.0.1:\(port)\r\n"
      func answer(_ text: String) throws -> String {
        let client = try RawClient(port)
        client.send(text)
        return String(client.read().prefix(12))
      }
      let field = String(repeating: "x", count: 40_000)
      let long = try answer("GET / HTTP/1.1\r\n\(host)A: \(field)\r\n\r\n")
      #expect(!long.hasPrefix("HTTP/1.1 2"))
      let fields = (0..<200).map { "A\($0): b\r\n" }.joined()
      let many = try answer("GET / HTTP/1.1\r\n\(host)\(fields)\r\n")
      #expect(!many.hasPrefix("HTTP/1.1 2"))
      let target = String(repeating: "x", count: 9000)
      let far = try answer("GET /\(target) HTTP/1.1\r\n\(host)\r\n")
      #expect(far == "HTTP/1.1 413")
      let body = String(repeating: " ", count: (1 << 20) + 10)
      let large = try answer(
        "POST /api/v1/studies/1/stop HTTP/1.1\r\n\(host)Content-Type: application/json\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      #expect(large == "HTTP/1.1 413")
    }
  }

  @Test("who is slow is let go") func slowness() async throws {
    var limits = Limits()
    limits.requestTimeout = .milliseconds(200)
    limits.idleTimeout = .milliseconds(200)
    try await serve(limits) { port, _ in
      let start = ContinuousClock.now
      let client = try RawClient(port)
      client.send("GET / HTTP/1.1\r\nHost: a\r\n")
      #expect(!client.read().hasPrefix("HTTP/1.1 2"))
      let idle = try RawClient(port)
      idle.send("GET /api/v1 HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
      #expect(idle.read().hasPrefix("HTTP/1.1 200"))
      #expect(start.duration(to: .now) < .seconds(9))
    }
  }

  @Test("connections beyond the bound are closed, and places come free") func open() async throws {
    var limits = Limits()
    limits.connections = 3
    try await serve(limits) { port, _ in
      var clients = try (0..<3).map { _ in try RawClient(port) }
      let request = "GET /api/v1 HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n"
      for client in clients {
        client.send(request)
        #expect(client.read(until: "readOnly").hasPrefix("HTTP/1.1 200"))
      }
      let fourth = try RawClient(port)
      fourth.send(request)
      #expect(fourth.read() == "")
      clients.removeAll()
      var answer = ""
      for _ in 0..<50 where answer.isEmpty {
        try await Task.sleep(for: .milliseconds(20))
        let next = try RawClient(port)
        next.send(request)
        answer = next.read(until: "readOnly")
      }
      #expect(answer.hasPrefix("HTTP/1.1 200"))
    }
  }

  @Test("events come as they happen, and a reader that goes is no trouble") func events()
    async throws
  {
    try await serve { port, fixture in
      let client = try RawClient(port)
      client.send("GET /api/v1/studies/1/events HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
      #expect(client.read(until: "event: change").contains("text/event-stream"))
      let start = ContinuousClock.now
      try fixture.append(.reported(attempt: 1, Report(epoch: 1, ["loss": 9])), 11)
      #expect(client.read(until: "\"changed\":[11]").contains("event: change"))
      #expect(start.duration(to: .now) < .seconds(1))
    }
  }

  @Test("others cannot reach it without a token, and a taken port is said") func refusals()
    async throws
  {
    let fixture = try await Fixture()
    await #expect(throws: ServerError.self) {
      _ = try await DashboardServer(
        fixture.dashboard, at: DashboardServer.Address(host: "0.0.0.0"), token: nil)
    }
    try await serve { port, fixture in
      await #expect {
        _ = try await DashboardServer(
          fixture.dashboard, at: DashboardServer.Address(port: port), token: nil)
      } throws: { ($0 as? ServerError)?.isPortTaken == true }
    }
  }
}

extension String {
  /// What stands after each `separator`.
  fileprivate func components(of separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let found = rest.firstRange(of: separator) {
      rest = rest[found.upperBound...]
      let end = rest.firstRange(of: separator)?.lowerBound ?? rest.endIndex
      parts.append(String(rest[..<end]))
    }
    return parts
  }
}
