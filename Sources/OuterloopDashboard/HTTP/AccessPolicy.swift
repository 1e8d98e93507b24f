internal import OuterloopText

/// The access checks that every request passes before anything is looked up.
///
/// - A page of another site cannot read responses, since no CORS header allows it, but it can send requests.
///   So `Host` has to name this server, which excludes DNS rebinding, and requests with side effects need this
///   server's own `Origin`, or none, and a content type that a form cannot send.
/// - Where others can reach the port, everything except the login link needs a token.
struct AccessPolicy: Sendable {
  /// What `Host` may be, such as `127.0.0.1:8080`; nil: any, since the token is what admits a request.
  var hosts: Set<String>?
  /// Nil: only this machine's users can reach the port.
  var token: String?
  var isReadOnly: Bool

  static let cookie = "outerloop-token"

  /// - Returns: the response, if the request is rejected.
  func answer(to request: Request) throws -> Response? {
    guard let host = request.headers["host"]?.lowercased() else {
      throw RequestError(.badRequest, "the request names no host", "send a Host header")
    }
    if let hosts, !hosts.contains(host) {
      throw RequestError(
        .misdirected, "this server is not `\(host)`",
        "open the address that it printed: \(hosts.sorted()[0])")
    }
    if let token {
      if let given = request.query["token"], request.path.isEmpty {
        guard Self.areEqual(given, token) else { throw Self.unauthorized }
        return Self.loginResponse(token)
      }
      guard let given = Self.token(of: request), Self.areEqual(given, token) else {
        throw Self.unauthorized
      }
    }
    return nil
  }

  /// Checks a request with side effects, which is every one whose method is neither GET nor HEAD.
  func checkChange(_ request: Request) throws {
    guard request.method != "GET", request.method != "HEAD" else { return }
    if isReadOnly {
      throw RequestError(
        .forbidden, "this dashboard is read-only", "start it without --read-only to change studies")
    }
    let host = request.headers["host"]?.lowercased() ?? ""
    if let origin = request.headers["origin"]?.lowercased(),
      origin != "http://\(host)", origin != "https://\(host)"
    {
      throw RequestError(
        .forbidden, "a page of \(origin) asks for a change", "open the dashboard itself")
    }
    let type = request.headers["content-type"]?.split(separator: ";").first?.lowercased() ?? ""
    guard type == "application/json" else {
      throw RequestError(.wrongType, "the body is not JSON", "send Content-Type: application/json")
    }
  }

  private static let unauthorized = RequestError(
    .unauthorized, "the token is missing or wrong", "open the link that the server printed")

  private static func token(of request: Request) -> String? {
    if let bearer = request.headers["authorization"], bearer.lowercased().hasPrefix("bearer ") {
      return String(bearer.dropFirst(7))
    }
    let pairs = (request.headers["cookie"] ?? "").split(separator: ";").map {
      $0.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
    }
    return pairs.first { $0.count == 2 && $0[0] == cookie }.map { String($0[1]) }
  }

  /// Redirects to an address without the token, which histories and screenshots would otherwise
  /// keep.
  private static func loginResponse(_ token: String) -> Response {
    var response = Response(.seeOther, type: "text/plain; charset=utf-8", [])
    response.headers += [
      ("Location", "/"), ("Set-Cookie", "\(cookie)=\(token); Path=/; HttpOnly; SameSite=Strict"),
    ]
    return response
  }

  /// Constant-time comparison for texts of the same length.
  private static func areEqual(_ one: String, _ other: String) -> Bool {
    let (a, b) = (Array(one.utf8), Array(other.utf8))
    guard a.count == b.count else { return false }
    return zip(a, b).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension Response {
  /// The headers of every response: nothing is loaded from elsewhere or framed, no type is sniffed, and
  /// dynamic content is not cached.
  static let securityHeaders: [(name: String, value: String)] = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        + "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
  ]

  /// The response with the default headers that it does not set itself.
  var withSecurityHeaders: Response {
    var response = self
    for (name, value) in Self.securityHeaders where response[header: name] == nil {
      response.headers.append((name, value))
    }
    if response[header: "Cache-Control"] == nil {
      response.headers.append(("Cache-Control", "no-store"))
    }
    return response
  }
}
