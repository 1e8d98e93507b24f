import Testing

@testable import OuterloopDashboard

@Suite("Requests") struct RequestTests {
  @Test("paths and queries are decoded") func decoding() throws {
    let request = try #require(
      Request(method: "GET", target: "/api//v1/a%20b/%C3%A9?where=lr+%3C+1e-3&state=a&state=b&c"))
    #expect(request.path == ["api", "v1", "a b", "é"])
    #expect(request.query["where"] == "lr < 1e-3")
    #expect(request.query.all("state") == ["a", "b"])
    #expect(request.query["c"] == "")
  }

  @Test(
    "what is malformed is refused",
    arguments: [
      "", "api", "http://elsewhere/", "*", "/%", "/%4", "/%zz", "/%00", "/%ff", "/a?b=%",
      "/a?b=%c3",
    ])
  func malformed(_ target: String) {
    #expect(Request(method: "GET", target: target) == nil)
  }

  @Test("a slash that was encoded does not part a path") func slash() throws {
    let request = try #require(Request(method: "GET", target: "/files/..%2F..%2Fetc/passwd"))
    #expect(request.path == ["files", "../../etc", "passwd"])
  }

  @Test("routes take names, endings and rests") func routes() async throws {
    let router = Router(routes: [
      Route("GET", "/plots/{name}.svg", "") { _, found in .text(found["name"], type: "text/plain")
      },
      Route("GET", "/files/{path...}", "") { _, found in
        .text(found.rest("path").joined(separator: "|"), type: "text/plain")
      },
      Route("POST", "/files/{path...}", "") { _, _ in .text("posted", type: "text/plain") },
    ])
    func answer(_ method: String, _ target: String) async throws -> String {
      let request = try #require(Request(method: method, target: target))
      do {
        let (route, found) = try router.route(of: request)
        return try await route.handler(request, found).text
      } catch let error as RequestError {
        return "\(error.status.rawValue)"
      }
    }
    #expect(try await answer("GET", "/plots/history.svg") == "history")
    #expect(try await answer("GET", "/plots/.svg") == "404")
    #expect(try await answer("GET", "/plots/history.png") == "404")
    #expect(try await answer("GET", "/files/a/b") == "a|b")
    #expect(try await answer("GET", "/files") == "404")
    #expect(try await answer("POST", "/files/a") == "posted")
    #expect(try await answer("DELETE", "/files/a") == "405")
    #expect(try await answer("HEAD", "/files/a") == "a")
  }
}

@Suite("Who may ask") struct AccessPolicyTests {
  private func status(
    _ policy: AccessPolicy, _ method: String = "GET", _ target: String = "/api/v1",
    with headers: [String: String]
  ) throws -> Int {
    let request = try #require(Request(method: method, target: target, headers: headers))
    do {
      if let answer = try policy.answer(to: request) { return answer.status.rawValue }
      try policy.checkChange(request)
      return 200
    } catch let error as RequestError { return error.status.rawValue }
  }

  @Test("a name that was made to point here is turned away") func rebinding() throws {
    let here = AccessPolicy(
      hosts: ["127.0.0.1:8765", "localhost:8765"], token: nil, isReadOnly: false)
    #expect(try status(here, with: ["host": "127.0.0.1:8765"]) == 200)
    #expect(try status(here, with: ["host": "LOCALHOST:8765"]) == 200)
    #expect(try status(here, with: ["host": "evil.example:8765"]) == 421)
    #expect(try status(here, with: ["host": "127.0.0.1"]) == 421)
    #expect(try status(here, with: [:]) == 400)
  }

  @Test("pages of other sites change nothing") func origins() throws {
    let here = AccessPolicy(hosts: ["here"], token: nil, isReadOnly: false)
    let json = ["host": "here", "content-type": "application/json"]
    #expect(try status(here, "POST", "/", with: json) == 200)
    #expect(
      try status(here, "POST", "/", with: json.merging(["origin": "http://here"]) { $1 }) == 200)
    #expect(
      try status(here, "POST", "/", with: json.merging(["origin": "http://evil"]) { $1 }) == 403)
    #expect(try status(here, "POST", "/", with: json.merging(["origin": "null"]) { $1 }) == 403)
    // What a form can send without asking.
    for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
      #expect(try status(here, "POST", "/", with: ["host": "here", "content-type": type]) == 415)
    }
    #expect(try status(here, "DELETE", "/", with: ["host": "here"]) == 415)
    let shown = AccessPolicy(hosts: ["here"], token: nil, isReadOnly: true)
    #expect(try status(shown, "PUT", "/", with: json) == 403)
    #expect(try status(shown, "GET", "/", with: ["host": "here"]) == 200)
  }

  @Test("others need the token") func tokens() throws {
    let open = AccessPolicy(hosts: nil, token: "abc123", isReadOnly: false)
    #expect(try status(open, with: ["host": "any"]) == 401)
    #expect(try status(open, with: ["host": "any", "authorization": "Bearer abc123"]) == 200)
    #expect(try status(open, with: ["host": "any", "authorization": "Bearer abc124"]) == 401)
    #expect(
      try status(open, with: ["host": "any", "cookie": "a=b; outerloop-token=abc123"]) == 200)
    #expect(try status(open, with: ["host": "any", "cookie": "outerloop-token=abc12"]) == 401)
    // The link sets the cookie and goes on without the token in the address.
    #expect(try status(open, "GET", "/?token=abc123", with: ["host": "any"]) == 303)
    #expect(try status(open, "GET", "/?token=abc", with: ["host": "any"]) == 401)
    #expect(try status(open, "GET", "/api/v1?token=abc123", with: ["host": "any"]) == 401)
  }
}
