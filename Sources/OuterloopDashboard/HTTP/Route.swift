internal import OuterloopText

/// One kind of request and its handler.
struct Route: Sendable {
  typealias Handler = @Sendable (Request, Arguments) async throws -> Response

  var method: String
  /// Parts between slashes; `{name}` matches any one, `{name...}` at the end all that remain.
  var pattern: [String]
  /// A phrase for people, in the description of the API.
  var summary: String
  /// The query parameters that it accepts.
  var query: [RouteParameter]
  /// The JSON Schema of its request body; nil: none.
  var body: JSON?
  var handler: Handler

  init(
    _ method: String, _ path: String, _ summary: String,
    query: [RouteParameter] = [], body: JSON? = nil, _ handler: @escaping Handler
  ) {
    self.method = method
    pattern = path.split(separator: "/").map(String.init)
    self.summary = summary
    self.query = query
    self.body = body
    self.handler = handler
  }

  /// The values of the names in the pattern.
  struct Arguments: Sendable {
    fileprivate(set) var values: [String: [String]] = [:]

    subscript(name: String) -> String { values[name]?.first ?? "" }
    func rest(_ name: String) -> [String] { values[name] ?? [] }

    /// - Throws: `RequestError` if it is not a number.
    func number(_ name: String, called what: String) throws -> Int {
      guard let value = Int(self[name]), value >= 0 else {
        throw RequestError(
          .notFound, "there is no \(what) `\(self[name])`", "name it by its number")
      }
      return value
    }
  }

  /// - Returns: nil if the path does not match.
  func arguments(of path: [String]) -> Arguments? {
    var arguments = Arguments()
    for (place, part) in pattern.enumerated() {
      if part.hasPrefix("{"), part.hasSuffix("...}") {
        guard place < path.count else { return nil }
        arguments.values[String(part.dropFirst().dropLast(4))] = Array(path[place...])
        return arguments
      }
      guard place < path.count else { return nil }
      if part.hasPrefix("{") {
        // `{name}.svg` matches parts with that suffix.
        let sides = part.dropFirst().split(separator: "}", maxSplits: 1)
        let ending = sides.count > 1 ? String(sides[1]) : ""
        guard path[place].hasSuffix(ending), path[place].count > ending.count else { return nil }
        arguments.values[String(sides[0])] = [String(path[place].dropLast(ending.count))]
      } else if part != path[place] {
        return nil
      }
    }
    return pattern.count == path.count ? arguments : nil
  }
}

/// The routes of a server.
struct Router: Sendable {
  var routes: [Route]

  /// - Throws: `RequestError` if no route has that path, or none with that method.
  func route(of request: Request) throws -> (Route, Route.Arguments) {
    let method = request.method == "HEAD" ? "GET" : request.method
    for route in routes where route.method == method {
      if let arguments = route.arguments(of: request.path) { return (route, arguments) }
    }
    let methods = methods(at: request.path)
    guard methods.isEmpty else {
      throw RequestError(
        .methodNotAllowed, "\(request.method) is not supported here",
        "use \(methods.joined(separator: " or "))")
    }
    throw RequestError(
      .notFound, "there is nothing at /\(request.path.joined(separator: "/"))",
      "the studies are at /, the API is described at /api/v1/openapi.json")
  }

  /// The methods of the routes that have this path.
  func methods(at path: [String]) -> [String] {
    routes.filter { $0.arguments(of: path) != nil }.map(\.method)
  }
}
