/// What is made of a request.
struct RequestHandler: Sendable {
  var policy: AccessPolicy
  var router: Router

  func response(to request: Request) async -> Response {
    do {
      if let answer = try policy.answer(to: request) { return answer.withSecurityHeaders }
      return try await router.answer(to: request).withSecurityHeaders
    } catch { return RequestError(error).response.withSecurityHeaders }
  }
}
