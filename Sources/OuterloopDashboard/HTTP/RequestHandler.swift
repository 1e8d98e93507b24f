/// Answers requests.
struct RequestHandler: Sendable {
  var policy: AccessPolicy
  var router: Router

  func response(to request: Request) async -> Response {
    do {
      if let answer = try policy.answer(to: request) { return answer.withSecurityHeaders }
      let (route, arguments) = try router.route(of: request)
      try policy.checkChange(request)
      return try await route.handler(request, arguments).withSecurityHeaders
    } catch {
      let error = RequestError(error)
      var response = error.response
      if error.status == .methodNotAllowed {
        let methods = router.methods(at: request.path)
        let allowed = methods.contains("GET") ? methods + ["HEAD"] : methods
        // Required with this status (RFC 9110, 15.5.6).
        response.headers.append(("Allow", allowed.joined(separator: ", ")))
      }
      return response.withSecurityHeaders
    }
  }
}
